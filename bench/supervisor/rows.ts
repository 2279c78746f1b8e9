import type { BenchRow } from "../bench.ts";

const area = "supervisor";
export const OLDER = "shell entrypoint with two processes";

export interface Figure {
  readonly what: string;
  readonly unit: string;
  /** What ours should be at most. */
  readonly most?: number;
}

/** A row of ours. */
export function row({ what, unit, most }: Figure, value: number): BenchRow {
  return { area, what, value, unit, ...(most === undefined ? {} : { target: `≤ ${most}`, ok: value <= most }) };
}

/** A row of ours, one of the older design, and how many times less ours is; `gate`: how many times it should be. */
export function compared(figure: Figure, ours: number, older: number, gate?: number): BenchRow[] {
  const { what, unit } = figure;
  const rows = [row(figure, ours), { area, what: `${what}: ${OLDER}`, value: older, unit }];
  const ratio = older / ours;
  // It says nothing of zero.
  if (!Number.isFinite(ratio) || ratio <= 0) return rows;
  const judged = gate === undefined ? {} : { target: `≥ ${gate}`, ok: ratio >= gate };
  return [...rows, { area, what: `${what}: less than the ${OLDER}`, value: ratio, unit: "×", ...judged }];
}
