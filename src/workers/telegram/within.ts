import type { Clock } from "../../core/clock.ts";

/** Waits for `task`, at most `ms`; true when it ended in that time. Rejects when `task` does. */
export async function within(task: Promise<unknown>, ms: number, clock: Clock): Promise<boolean> {
  const patience = new AbortController();
  const late = clock.sleep(ms, patience.signal).then(
    () => false,
    () => false,
  );
  try {
    return await Promise.race([task.then(() => true), late]);
  } finally {
    patience.abort();
  }
}
