import type { Clock } from "./clock.ts";
import type { DiskView } from "./disk-watch.ts";
import { describeError, errorCode, isSyncFailure } from "./errors.ts";
import type { Logger } from "./log.ts";

export interface Insistence {
  readonly clock: Clock;
  readonly disk: Pick<DiskView, "suspect">;
  readonly log: Logger;
  /** For the log: what failed, and of what. */
  readonly what: string;
  readonly mark: object;
  /** Ends it. */
  readonly signal: AbortSignal;
  /** Before the next try, after so many failures and one more, ms. */
  readonly pauseMs: (failures: number) => number;
  /** Codes of errors that no further try would change. */
  readonly final: readonly string[];
}

/**
 * Does `act`, once at least, until it works: then true; false when `signal` ends it before. Rejects at once with a failed
 * sync, since what was written may be gone, and with an error that is `final`. A fault that stays is logged once.
 */
export async function insist(act: () => Promise<void>, terms: Insistence): Promise<boolean> {
  const { clock, disk, log, what, mark, signal, pauseMs, final } = terms;
  let said: string | undefined;
  for (let failures = 0; ; failures += 1) {
    try {
      await act();
      return true;
    } catch (error) {
      if (isSyncFailure(error) || final.includes(errorCode(error) ?? "")) throw error;
      disk.suspect(error);
      const text = describeError(error);
      if (text !== said) log.error({ ...mark, error: text }, `${what}: tried again until it works`);
      said = text;
    }
    if (!signal.aborted) await clock.sleep(pauseMs(failures), signal).catch(() => undefined);
    if (signal.aborted) return false;
  }
}
