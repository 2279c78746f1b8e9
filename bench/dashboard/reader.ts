import { openClient } from "./client.ts";
import { NumberScan, Tally } from "./lines.ts";
import type { Server } from "./stage.ts";

export interface Reader {
  /** Resolves when the last of the lines is there; rejects when it does not come, and when one is missing or came twice. */
  all(): Promise<void>;
  close(): void;
}

/** After the last was written, ms. */
const PATIENCE_MS = 60_000;

/** A client that waits for the lines 0 to `count`. */
export async function openReader(
  server: Server,
  count: number,
  onNumber: (number: number) => void = () => undefined,
): Promise<Reader> {
  const tally = new Tally();
  let onLast: (() => void) | undefined;
  const last = new Promise<void>((resolve) => {
    onLast = resolve;
  });
  const scan = new NumberScan((number) => {
    onNumber(number);
    tally.see(number);
    if (tally.next === count) onLast?.();
  });
  const client = await openClient(server, (bytes) => {
    scan.take(bytes);
  });
  return {
    async all() {
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<never>((_, reject) => {
        timer = setTimeout(() => {
          reject(new Error(`after ${PATIENCE_MS} ms ${tally.received} of ${count} lines are there`));
        }, PATIENCE_MS);
      });
      await Promise.race([last, late]);
      clearTimeout(timer);
      const { lost, twice } = tally;
      if (lost + twice > 0) throw new Error(`of ${count} lines ${lost} were lost, and ${twice} came twice`);
    },
    close() {
      client.close();
    },
  };
}
