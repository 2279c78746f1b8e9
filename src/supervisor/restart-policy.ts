import { backoffMs } from "../core/backoff.ts";

/** A worker that ran this long after it was ready counts as healthy, and its earlier failures are forgotten. */
const HEALTHY_MS = 30_000;
/** Starts in a row that never got healthy before the supervisor gives up and leaves the rest to Docker. */
const MAX_FAILURES = 8;
const PAUSE = { firstMs: 100, maxMs: 15_000, jitter: 0.2 };

export interface Death {
  /** Starts in a row that never got healthy, before this one. */
  readonly failures: number;
  /** Time between ready and the end, ms; 0 when it never got ready. */
  readonly healthyMs: number;
  /** The worker found a fault that a new start would find again. */
  readonly permanent: boolean;
}

export type Verdict =
  | { readonly action: "restart"; readonly delayMs: number; readonly failures: number }
  /** This worker stays down, the others go on: a loop would help nobody. */
  | { readonly action: "fail" }
  /** The whole program ends, so that the level above may try a new one. */
  | { readonly action: "give-up"; readonly failures: number };

/**
 * What becomes of a worker that ended unasked. Counts starts that never got healthy, not deaths in a time window: with
 * growing pauses a window never fills. `random` is 0 ≤ r < 1. Pure.
 */
export function judgeDeath(death: Death, random: number): Verdict {
  if (death.permanent) return { action: "fail" };
  const failures = death.healthyMs >= HEALTHY_MS ? 1 : death.failures + 1;
  if (failures >= MAX_FAILURES) return { action: "give-up", failures };
  return { action: "restart", delayMs: backoffMs(PAUSE, failures - 1, random), failures };
}
