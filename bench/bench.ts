/** What a benchmark tells, a line each in the table of `bench/RESULTS.md`. */
export interface BenchRow {
  /** The part of the program: `router`, `queue`. */
  readonly area: string;
  readonly what: string;
  readonly value: number;
  readonly unit: string;
  /** The aim, as a reader should see it: `≤ 50`. */
  readonly target?: string;
  /** Whether the value meets the target; absent without one. */
  readonly ok?: boolean;
}

/** Nearest-rank quantile of a sample, sorted or not: the smallest value that `q` (0–1) of the sample does not exceed. */
export function quantile(sample: readonly number[], q: number): number {
  const sorted = sample.toSorted((a, b) => a - b);
  const rank = Math.max(1, Math.ceil(Math.min(1, q) * sorted.length));
  return sorted[rank - 1] ?? Number.NaN;
}

/** Arithmetic mean; NaN of nothing. */
export function mean(sample: readonly number[]): number {
  return sample.reduce((sum, value) => sum + value, 0) / sample.length;
}
