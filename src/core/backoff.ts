/** Growing pauses. Pure. */

export interface BackoffRule {
  /** First pause, ms. */
  readonly firstMs: number;
  /** No pause is longer, ms. */
  readonly maxMs: number;
  /** Share of the pause that chance may add or take, 0–1. */
  readonly jitter: number;
}

/**
 * Pause before attempt `n + 2`, after `n + 1` failures: `firstMs · 2^n`, capped, ± jitter.
 * `random` is 0 ≤ r < 1; 0.5 gives the plain value.
 */
export function backoffMs(rule: BackoffRule, n: number, random: number): number {
  const plain = Math.min(rule.maxMs, rule.firstMs * 2 ** Math.min(n, 52));
  return Math.round(Math.min(rule.maxMs, plain * (1 + rule.jitter * (2 * random - 1))));
}
