import { systemClock } from "./clock.ts";

/**
 * Runs a task with a signal that aborts after `ms`, or when `signal` does. Not by AbortSignal.any over
 * AbortSignal.timeout: on Node 20 the timer is collected as garbage while it is waited for, and never comes. By the
 * real clock, since it is the world that is late.
 */
export async function withDeadline<T>(
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
  const cancel = systemClock.after(ms, () => {
    controller.abort(new Error(`no end within ${ms} ms`));
  });
  try {
    return await task(controller.signal);
  } finally {
    cancel();
    signal.removeEventListener("abort", onAbort);
  }
}
