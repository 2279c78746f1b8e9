import { TelegramSandboxError } from "./errors.ts";

interface Watch<T> {
  /** What is awaited, for the error. */
  readonly what: string;
  readonly timeoutMs: number;
  /** What is there already, oldest first. */
  readonly present: readonly T[];
  readonly wanted: (item: T) => boolean;
  /** Calls back with every later item until the returned function is called. */
  readonly listen: (listener: (item: T) => void) => () => unknown;
  /** What was seen instead, for the error. */
  readonly seen: () => string;
}

/** The first item that is wanted, present or to come. Rejects with `telegram_wait_timeout`. */
export function waitUntil<T>(watch: Watch<T>): Promise<T> {
  for (const item of watch.present) if (watch.wanted(item)) return Promise.resolve(item);
  return new Promise((resolve, reject) => {
    const stop = watch.listen((item) => {
      if (!watch.wanted(item)) return;
      clearTimeout(timer);
      stop();
      resolve(item);
    });
    const timer = setTimeout(() => {
      stop();
      reject(
        new TelegramSandboxError(
          "telegram_wait_timeout",
          `waiting ${watch.timeoutMs} ms for ${watch.what}: it did not come; seen last: ${watch.seen()}`,
        ),
      );
    }, watch.timeoutMs);
  });
}
