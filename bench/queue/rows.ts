import type { BenchRow } from "../bench.ts";
import { quantile } from "../bench.ts";

const area = "queue";

/** One figure of everybody that has it, by name: a value a repeat. `ours` is first. */
export type Measured = { readonly ours: readonly number[] } & Readonly<Record<string, readonly number[]>>;

export interface Figure {
  readonly what: string;
  readonly unit: string;
  readonly better: "less" | "more";
  /** What ours should reach. */
  readonly aim?: number;
  /** How many times another's ours should be at most, by name. */
  readonly times?: Readonly<Record<string, number>>;
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** A row of its own, with what it should be at most. */
export function row(what: string, value: number, unit: string, most?: number): BenchRow {
  return { area, what, value, unit, ...(most === undefined ? {} : { target: `≤ ${most}`, ok: value <= most }) };
}

/**
 * A row of ours, then of each of the others a row and how ours stands to it: the median over the repeats of the ratio
 * within each, so that a noisy second counts for both.
 */
export function rowsOf({ ours, ...others }: Measured, figure: Figure): BenchRow[] {
  const { what, unit, better, aim, times = {} } = figure;
  const value = median(ours);
  const isMet = aim !== undefined && (better === "less" ? value <= aim : value >= aim);
  const judged = aim === undefined ? {} : { target: `${better === "less" ? "≤" : "≥"} ${aim}`, ok: isMet };
  return [
    { area, what, value, unit, ...judged },
    ...Object.entries(others).flatMap(([name, values]) => {
      const ratio = median(ours.map((one, n) => one / (values[n] ?? Number.NaN)));
      return [
        { area, what: `${what}: ${name}`, value: median(values), unit },
        row(`${what}: ours, times that of ${name}`, ratio, "×", times[name]),
      ];
    }),
  ];
}
