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

export interface Commit {
  readonly action: "commit";
  readonly result: Extract<TurnResult, { status: "answered" }>;
}

interface Retry {
  readonly action: "retry";
  readonly delayMs: number;
  /** A failure of the message's own. */
  readonly counts: boolean;
  readonly reason: string;
}

/** Claude cannot be had: not this message alone waits for it. */
export interface Hold {
  readonly action: "hold";
  readonly reason: string;
  /** Epoch ms, where Claude said when it can be had again. */
  readonly retryAt: number | undefined;
  /** What cannot be had: Claude at all, the account's limit being spent, or that of the turn's model. */
  readonly what: "claude" | "account" | "model";
}

export interface Burial {
  readonly reason: string;
  /** For its topic. */
  readonly tell: string;
}

/** What becomes of a message after a try. `failures`: of its own, before this one. Pure. */
export function judgeTurn(
  result: TurnResult,
  failures: number,
  pauses: readonly number[] = RETRY_PAUSES_MS,
): Commit | Retry | Hold {
  switch (result.status) {
    case "answered":
      return { action: "commit", result };
    case "aborted":
      return { action: "retry", delayMs: 0, counts: false, reason: "stopped" };
    case "unavailable":
      return { action: "hold", reason: result.reason, retryAt: result.retryAt, what: whatIsAway(result) };
    case "failed":
    case "session_lost":
      // The last failure needs no pause: the message is buried when it is taken up next.
      return { action: "retry", delayMs: pauses[failures] ?? 0, counts: true, reason: result.reason };
  }
}

/**
 * Before a try: whether it has failed too often, or was in work at too many deaths of the program. Judged by what the
 * ledger says, so that a death in the middle of a burial is followed by the same burial and not by a try. `lastReason`
 * is that of its last failure, unknown after a restart. Pure.
 */
export function judgeClaim(
  { failures, crashes }: { readonly failures: number; readonly crashes: number },
  lastReason: string | undefined,
  pauses: readonly number[] = RETRY_PAUSES_MS,
): Burial | undefined {
  if (crashes >= MAX_CRASHES) {
    return bury(`TinyClaw was killed ${crashes} times while it worked on this message, so it is not tried again.`);
  }
  if (failures <= pauses.length) return undefined;
  const why = lastReason ?? "the log tells why.";
  return bury(`I tried this message ${failures} times and failed each time: ${why}`);
}

/** How long no turn begins when turns have found Claude away `count` times in a row, this one included, ms. Pure. */
export function holdMs(count: number, retryAt: number | undefined, now: number, random: number): number {
  return Math.max(backoffMs(OUTAGE, count - 1, random), statedMs(retryAt, now));
}

/** How long a lane waits for a limit of its own, ms. Never short: nobody else finds out for it that the limit is lifted. Pure. */
export function laneHoldMs(retryAt: number | undefined, now: number): number {
  return Math.max(OUTAGE.maxMs, statedMs(retryAt, now));
}

function statedMs(retryAt: number | undefined, now: number): number {
  return retryAt === undefined ? 0 : Math.min(retryAt - now, LIMIT_PROBE_MS);
}

function whatIsAway({ cause, ofModel }: Extract<TurnResult, { status: "unavailable" }>): Hold["what"] {
  if (cause !== "limit") return "claude";
  return ofModel === true ? "model" : "account";
}

function bury(reason: string): Burial {
  return { reason, tell: `⚠️ ${reason}\nIt lies in the dead letters; nothing of it is lost.` };
}
