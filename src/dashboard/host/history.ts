import { Bucket } from "./bucket.ts";
import { ColumnRing, shareOf, type Rows } from "./column-ring.ts";
import type { HostMetrics } from "./metrics.ts";
import { round2 } from "./percent.ts";
import { SERIES, valuesOf, type SeriesName } from "./series.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const BUCKET_MS = 15_000;

/** Seconds between two rows. */
export type Step = 1 | 15;
export type Columns = Record<SeriesName, (number | null)[]>;

/** An answer for charts: the n-th number of each column belongs to the n-th timestamp. Times without a row are holes. */
export interface MetricsColumns {
  readonly step: Step;
  /** Epoch ms, rising; at a step of 15 s the beginning of the stretch. */
  readonly timestamp: number[];
  /** At a step of 15 s averages. */
  readonly series: Columns;
  /** Smallest and largest sample of each stretch; at a step of 15 s alone. */
  readonly min?: Columns;
  readonly max?: Columns;
  /** Busy percent of each core, to half a percent, at the core's number; only when they are asked for. */
  readonly cores?: readonly (number | null)[][];
}

export interface Wanted {
  /** Epoch ms; without it all there is of the step. */
  readonly from?: number | undefined;
  /** Without it the finer one that reaches back to `from`; without that too, 1. */
  readonly step?: Step | undefined;
  readonly cores?: boolean | undefined;
}

/**
 * An hour of samples and a day of stretches of 15 s, in 1.3 MB. Kept as 32-bit floats: seven digits, which is 128 KiB
 * in a TiB. The cores are kept in a byte each: 9 KiB a core.
 */
export class MetricsHistory {
  readonly #seconds = new ColumnRing(SERIES.length, HOUR_MS / 1_000);
  readonly #stretches = new ColumnRing(3 * SERIES.length, DAY_MS / BUCKET_MS);
  #open: { readonly series: Bucket; readonly cores: Bucket } | undefined;

  add(metrics: HostMetrics): void {
    const { timestamp } = metrics;
    const values = valuesOf(metrics);
    const { cores } = metrics.cpu;
    this.#seconds.push(timestamp, values, cores);
    const start = timestamp - (timestamp % BUCKET_MS);
    if (this.#open?.series.start !== start) {
      this.#open = { series: new Bucket(start, SERIES.length), cores: new Bucket(start, cores.length) };
    }
    this.#open.series.add(values);
    this.#open.cores.add(cores.map((share) => share ?? Number.NaN));
    // The stretch that is not over yet is shown as far as it has come: pushing it again replaces it.
    this.#stretches.push(start, this.#open.series.row(), this.#open.cores.averages());
  }

  /** Oldest first. A whole day takes some 10 ms: see `json`. */
  columns(wanted: Wanted = {}): MetricsColumns {
    const { chosen, rows } = this.#select(wanted);
    const block = (nth: number): Columns =>
      Object.fromEntries(SERIES.map((name, index) => [name, columnOf(rows, nth, index)])) as Columns;
    const base = { step: chosen, timestamp: [...rows.timestamps], series: block(0) };
    const ends = chosen === 1 ? {} : { min: block(1), max: block(2) };
    return { ...base, ...ends, ...(wanted.cores === true && { cores: rows.shares.map(sharesOf) }) };
  }

  /** `columns` as JSON text, a piece a column and all of the same moment: other work may go between them. */
  *json(wanted: Wanted = {}): Generator<string, void, undefined> {
    const { chosen, rows } = this.#select(wanted);
    yield `{"step":${chosen},"timestamp":${JSON.stringify([...rows.timestamps])}`;
    for (const [nth, block] of (chosen === 1 ? ["series"] : ["series", "min", "max"]).entries()) {
      yield `,"${block}":{`;
      for (const [index, name] of SERIES.entries()) {
        yield `${index === 0 ? "" : ","}"${name}":${JSON.stringify(columnOf(rows, nth, index))}`;
      }
      yield "}";
    }
    if (wanted.cores === true) {
      yield ',"cores":[';
      for (const [index, core] of rows.shares.entries())
        yield `${index === 0 ? "" : ","}${JSON.stringify(sharesOf(core))}`;
      yield "]";
    }
    yield "}";
  }

  #select({ from, step }: Wanted): { readonly chosen: Step; readonly rows: Rows } {
    const newest = this.#seconds.newest ?? 0;
    const chosen = step ?? (from === undefined || from >= newest - HOUR_MS ? 1 : 15);
    const reach = newest - (chosen === 1 ? HOUR_MS : DAY_MS);
    const ring = chosen === 1 ? this.#seconds : this.#stretches;
    return { chosen, rows: ring.rows(Math.max(reach, from ?? reach)) };
  }
}

/** Column `index` of the n-th block: averages, smallest, largest. */
function columnOf(rows: Rows, nth: number, index: number): (number | null)[] {
  const values = rows.columns[nth * SERIES.length + index] ?? new Float32Array(0);
  const column: (number | null)[] = [];
  for (const value of values) column.push(Number.isNaN(value) ? null : round2(value));
  return column;
}

function sharesOf(bytes: Uint8Array): (number | null)[] {
  return Array.from(bytes, shareOf);
}
