import type { Clock } from "./clock.ts";

/**
 * Runs a task with a signal that aborts after `ms`, or when `signal` does. Not by AbortSignal.any over
 * AbortSignal.timeout: on Node 20 the timer is collected as garbage while it is waited for, and never comes.
 */
export async function withDeadline<T>(
  clock: Clock,
  ms: number,
  signal: AbortSignal,
  task: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  const onAbort = (): void => {
    controller.abort(signal.reason);
  };
  if (signal.aborted) onAbort();
  else signal.addEventListener("abort", onAbort, { once: true });
  const cancel = clock.after(ms, () => {
    controller.abort(new Error(`no end within ${ms} ms`));
  });
  try {
    return await task(controller.signal);
  } finally {
    cancel();
    signal.removeEventListener("abort", onAbort);
  }
}
