/** Time as an argument, so that a test need not wait for it. */

export interface Clock {
  /** Wall clock, epoch milliseconds: for records. May jump. */
  now(): number;
  /** Monotonic milliseconds: for durations and deadlines. Never jumps. */
  monotonic(): number;
  /** Resolves after `ms`; rejects with the signal's reason when it aborts first. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /** Calls `task` after `ms`; the returned function cancels it. */
  after(ms: number, task: () => void): () => void;
}

/** The longest that a timer of Node's waits; a longer one would be over at once. */
const LONGEST_MS = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  sleep(ms, signal) {
    return new Promise((resolve, reject) => {
      if (signal?.aborted === true) {
        reject(signal.reason as Error);
        return;
      }
      const onAbort = (): void => {
        clearTimeout(timer);
        reject(signal?.reason as Error);
      };
      const timer = setTimeout(
        () => {
          signal?.removeEventListener("abort", onAbort);
          resolve();
        },
        Math.min(ms, LONGEST_MS),
      );
      signal?.addEventListener("abort", onAbort, { once: true });
    });
  },
  after(ms, task) {
    const timer = setTimeout(task, Math.min(ms, LONGEST_MS));
    return () => {
      clearTimeout(timer);
    };
  },
};
