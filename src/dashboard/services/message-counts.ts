import type { Clock } from "../../core/clock.ts";
import { CountRing } from "./count-ring.ts";

const SECOND_MS = 1_000;
const MINUTE_MS = 60_000;
/** The stretch that has just begun counts beside an hour, or a day, of whole ones. */
const HOUR_SECONDS = 3_600 + 1;
const DAY_MINUTES = 24 * 60 + 1;
/** A clock that runs ahead by more is wrong, and would push out what is true, ms. */
const MAX_AHEAD_MS = MINUTE_MS;

/** Messages that came in: of the last hour to a second, of the last day to a minute. */
export class MessageCounts {
  readonly #clock: Clock;
  /** The clock as it was read for what came latest, ms: most of what comes is not later, and need not read it again. */
  #now = Number.NEGATIVE_INFINITY;
  readonly #hour = new CountRing(SECOND_MS, HOUR_SECONDS);
  readonly #day = new CountRing(MINUTE_MS, DAY_MINUTES);

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Each message once, in any order, with the time it came at, epoch ms. One older than a day does not count. */
  add(timestamp: number): void {
    if (!(timestamp >= 0) || this.#isAhead(timestamp)) return;
    this.#hour.add(timestamp);
    this.#day.add(timestamp);
  }

  #isAhead(timestamp: number): boolean {
    if (timestamp <= this.#now) return false;
    this.#now = this.#clock.now();
    return timestamp > this.#now + MAX_AHEAD_MS;
  }

  totals(): { readonly lastHour: number; readonly lastDay: number } {
    const now = this.#clock.now();
    // The clock may have been set back.
    this.#now = now;
    return { lastHour: this.#hour.total(now), lastDay: this.#day.total(now) };
  }
}
