import type { Clock } from "../../core/clock.ts";
import { CountRing } from "./count-ring.ts";

const SECOND_MS = 1_000;
const MINUTE_MS = 60_000;
/** The stretch that has just begun counts beside an hour, or a day, of whole ones. */
const HOUR_SECONDS = 3_600 + 1;
const DAY_MINUTES = 24 * 60 + 1;
/** A clock that runs ahead by more is wrong, and would push out what is true, ms. */
const MAX_AHEAD_MS = MINUTE_MS;

/** A row of `message-history.jsonl`, of which nothing is taken for granted; an older one has `ts`. */
export interface CountedRow {
  readonly timestamp?: unknown;
  readonly ts?: unknown;
  readonly direction?: unknown;
}

/** Messages that came in: of the last hour to a second, of the last day to a minute. */
export class MessageCounts {
  readonly #clock: Clock;
  readonly #hour = new CountRing(SECOND_MS, HOUR_SECONDS);
  readonly #day = new CountRing(MINUTE_MS, DAY_MINUTES);

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Each row once, in any order. Rows of another direction, without a time or older than a day do not count. */
  add(row: CountedRow): void {
    const timestamp = row.timestamp ?? row.ts;
    if (row.direction !== "in" || typeof timestamp !== "number" || !Number.isFinite(timestamp)) return;
    if (timestamp < 0 || timestamp > this.#clock.now() + MAX_AHEAD_MS) return;
    this.#hour.add(timestamp);
    this.#day.add(timestamp);
  }

  totals(): { readonly lastHour: number; readonly lastDay: number } {
    const now = this.#clock.now();
    return { lastHour: this.#hour.total(now), lastDay: this.#day.total(now) };
  }
}
