import { backoffMs } from "../../core/backoff.ts";
import type { TurnResult } from "./agent-port.ts";

/** Pauses after the first, second … failure of a message's own; the fifth buries it. */
export const RETRY_PAUSES_MS: readonly number[] = [1_000, 5_000, 25_000, 120_000];
/** A message during whose turn the program died this often is not tried again: it may be what kills it. */
const MAX_CRASHES = 2;
/** Between tries while Claude cannot be had. */
const OUTAGE = { firstMs: 1_000, maxMs: 60_000, jitter: 0.2 };
/** A stated end of a usage limit is asked about again at least this often: limits are lifted early. */
const LIMIT_PROBE_MS = 15 * 60_000;

export interface Retry {
  readonly action: "retry";
  readonly delayMs: number;
  /** A failure of the message's own. */
  readonly counts: boolean;
  readonly reason: string;
  /** For its topic, once an outage. */
  readonly tell?: string;
}

export interface Burial {
  readonly action: "bury";
  readonly reason: string;
  /** For its topic. */
  readonly tell: string;
}

export interface Commit {
  readonly action: "commit";
  readonly result: Extract<TurnResult, { status: "answered" }>;
}

export type Disposition = Commit | Retry | Burial;

export interface TurnHistory {
  /** Failures of this message's own before this try. */
  readonly failures: number;
  /** Tries in a row, of any message, that found Claude unavailable, before this one. */
  readonly outages: number;
}

/** What becomes of a message after a try. `now` is epoch ms, `random` 0 ≤ r < 1. Pure. */
export function judgeTurn(
  result: TurnResult,
  history: TurnHistory,
  now: number,
  random: number,
  pauses: readonly number[] = RETRY_PAUSES_MS,
): Disposition {
  switch (result.status) {
    case "answered":
      return { action: "commit", result };
    case "aborted":
      return { action: "retry", delayMs: 0, counts: false, reason: "stopped" };
    case "unavailable": {
      const pause = backoffMs(OUTAGE, history.outages, random);
      const stated = result.retryAt === undefined ? 0 : Math.min(result.retryAt - now, LIMIT_PROBE_MS);
      const tell = `⏳ ${result.reason} Your message is kept and tried again until it works.`;
      return { action: "retry", delayMs: Math.max(pause, stated), counts: false, reason: result.reason, tell };
    }
    case "failed":
    case "session_lost": {
      const pause = pauses[history.failures];
      if (pause !== undefined) {
        return { action: "retry", delayMs: pause, counts: true, reason: result.reason };
      }
      return bury(`I tried this message ${history.failures + 1} times and failed each time: ${result.reason}`);
    }
  }
}

/** Before a try: a message that was in work at too many deaths of the program is not tried again. Pure. */
export function judgeClaim(claim: { readonly crashes: number }): Burial | undefined {
  if (claim.crashes < MAX_CRASHES) return undefined;
  return bury(`TinyClaw was killed ${claim.crashes} times while it worked on this message, so it is not tried again.`);
}

function bury(reason: string): Burial {
  return { action: "bury", reason, tell: `⚠️ ${reason}\nIt lies in the dead letters; nothing of it is lost.` };
}
