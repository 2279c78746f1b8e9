import { setTimeout as pause } from "node:timers/promises";

/** Long enough for a loaded machine; nothing waits for it to pass. */
export const PATIENCE_MS = 60_000;

/** Polls for what no event tells of, such as the content of a file. Rejects after PATIENCE_MS. */
export async function eventually<T>(what: string, look: () => Promise<T | undefined> | T | undefined): Promise<T> {
  const until = Date.now() + PATIENCE_MS;
  for (;;) {
    const found = await Promise.resolve(look()).catch(() => undefined);
    if (found !== undefined) return found;
    if (Date.now() > until) throw new Error(`${what} did not come within ${PATIENCE_MS} ms`);
    await pause(25);
  }
}
