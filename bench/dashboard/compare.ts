import { quantile } from "../bench.ts";
import type { BenchRow } from "../bench.ts";
import { Stage } from "./stage.ts";
import type { Kind } from "./stage.ts";

const area = "dashboard";
/** What `unboundedWs` is called. */
export const UNBOUNDED = "ws without cursors or bounds";

/**
 * The bare `ws` is no competitor but a floor: it reads, parses and sends, and has no filters, no credit, no history, and
 * nothing to find a line again by when the file is rotated. So many times its cost may be paid for those.
 */
const TIMES_FLOOR = 1.3;
const FLOOR = "ws";

/** What was measured of the dashboard and, by name, of those it is compared with. */
export type Measured<T> = { readonly ours: T } & Readonly<Record<string, T>>;

export interface Figure {
  readonly what: string;
  readonly unit: string;
  readonly better: "less" | "more";
  /** What ours should reach. */
  readonly aim?: number;
  /** Whether ours should be better than each of the others, and near the floor; if not, the ratios are only told. */
  readonly isJudged?: boolean;
  /** Not competitors, and told only. */
  readonly reference?: Readonly<Record<string, number>>;
}

type Task<T> = (stage: Stage, kind: Kind) => Promise<T>;

/** The same of ours, of Express + SSE and of `ws`, one after another, each on a stage of its own. */
export async function ofEach<T>(task: Task<T>): Promise<Measured<T>> {
  const of = (kind: Kind): Promise<T> => Stage.use((stage) => task(stage, kind));
  return { ours: await of("ours"), "Express + SSE": await of("express"), ws: await of("ws") };
}

/** One after another. */
export async function rounds<T>(count: number, task: () => Promise<T>): Promise<T[]> {
  const results: T[] = [];
  for (let n = 0; n < count; n += 1) results.push(await task());
  return results;
}

/** As `ofEach`, some times: all meet the same minutes of the machine. */
export async function inRounds<T>(count: number, task: Task<T>): Promise<Measured<readonly T[]>> {
  const [first, ...others] = await rounds(Math.max(1, count), () => ofEach(task));
  if (first === undefined) throw new Error("there was no round");
  const names = Object.keys(first);
  const of = (name: string): T[] => [first, ...others].map((one) => one[name] ?? one.ours);
  return { ...Object.fromEntries(names.map((name) => [name, of(name)])), ours: of("ours") };
}

export function medianOf<T>(of: readonly T[], value: (one: T) => number): number {
  return quantile(of.map(value), 0.5);
}

/** As `ofEach`, all at the same time: for those that do next to nothing. */
export async function ofAll<T>(task: Task<T>): Promise<Measured<T>> {
  const of = (kind: Kind): Promise<T> => Stage.use((stage) => task(stage, kind));
  const [ours, express, ws] = await Promise.all([of("ours"), of("express"), of("ws")]);
  return { ours, "Express + SSE": express, ws };
}

export function pick<T, U>(measured: Measured<T>, of: (value: T) => U): Measured<U> {
  const others = Object.entries(measured).map(([name, value]) => [name, of(value)]);
  return { ...(Object.fromEntries(others) as Record<string, U>), ours: of(measured.ours) };
}

/** A row of ours, then of each of the others a row and how many times better ours is. */
export function rowsOf({ ours, ...others }: Measured<number>, figure: Figure): BenchRow[] {
  const { what, unit, better, aim, isJudged = false, reference = {} } = figure;
  const isMet = (value: number, wanted: number): boolean => (better === "less" ? value <= wanted : value >= wanted);
  const sign = better === "less" ? "≤" : "≥";
  const judged = aim === undefined ? {} : { target: `${sign} ${aim}`, ok: isMet(ours, aim) };
  const compared = (name: string, value: number, least?: number): BenchRow[] => [
    { area, what: `${what}: ${name}`, value, unit },
    // To or of zero a ratio says nothing.
    ...(ours > 0 && value > 0
      ? ratioRow(`${what}: better than ${name}`, better === "less" ? value / ours : ours / value, least)
      : []),
  ];
  return [
    { area, what, value: ours, unit, ...judged },
    ...Object.entries(others).flatMap(([name, value]) => compared(name, value, isJudged ? leastOf(name) : undefined)),
    ...Object.entries(reference).flatMap(([name, value]) => compared(name, value)),
  ];
}

/** How many times better ours should be. */
function leastOf(name: string): number {
  return name === FLOOR ? 1 / TIMES_FLOOR : 1;
}

function ratioRow(what: string, value: number, least: number | undefined): BenchRow[] {
  const judged = least === undefined ? {} : { target: `≥ ${least.toPrecision(2)}`, ok: value >= least };
  return [{ area, what, value, unit: "×", ...judged }];
}
