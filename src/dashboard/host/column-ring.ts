/** A copy of some rows: the n-th number of each column belongs to the n-th timestamp. */
export interface Rows {
  /** Epoch ms, rising. */
  readonly timestamps: Float64Array;
  /** NaN is unknown. */
  readonly columns: readonly Float32Array[];
  /** Percent, in half percents; see `shareOf`. */
  readonly shares: readonly Uint8Array[];
}

/** The steps of 0–100 % end at 200. */
const UNKNOWN_SHARE = 255;
/** Of one percent. */
const STEPS = 2;
/** Of a machine with more cores these are kept. */
const MOST_SHARES = 256;

/**
 * A table of numbers whose oldest rows make room for new ones, a typed array a column. Memory is taken once; beside the
 * numbers a row may have any number of shares, of a byte each, whose columns come as they are needed.
 */
export class ColumnRing {
  readonly #capacity: number;
  readonly #timestamps: Float64Array;
  readonly #columns: readonly Float32Array[];
  readonly #shares: Uint8Array[] = [];
  /** Rows ever pushed; the next one goes to this place, modulo the capacity. */
  #end = 0;
  #count = 0;

  constructor(width: number, capacity: number) {
    this.#capacity = capacity;
    this.#timestamps = new Float64Array(capacity);
    this.#columns = Array.from({ length: width }, () => new Float32Array(capacity));
  }

  /**
   * `values` has a number a column, `shares` 0–100 each; NaN, or null, is unknown. Rows that are not older are dropped:
   * the clock was set back.
   */
  push(timestamp: number, values: ArrayLike<number>, shares: readonly (number | null)[] = []): void {
    while (this.#count > 0 && this.#timestampAt(this.#count - 1) >= timestamp) {
      this.#count -= 1;
      this.#end -= 1;
    }
    const place = this.#end % this.#capacity;
    this.#timestamps[place] = timestamp;
    for (const [index, column] of this.#columns.entries()) column[place] = values[index] ?? Number.NaN;
    while (this.#shares.length < Math.min(shares.length, MOST_SHARES)) {
      this.#shares.push(new Uint8Array(this.#capacity).fill(UNKNOWN_SHARE));
    }
    for (const [index, column] of this.#shares.entries()) column[place] = byteOf(shares[index]);
    this.#end += 1;
    this.#count = Math.min(this.#capacity, this.#count + 1);
  }

  /** Timestamp of the youngest row, if there is one. */
  get newest(): number | undefined {
    return this.#count === 0 ? undefined : this.#timestampAt(this.#count - 1);
  }

  /** The rows from `from` on, epoch ms, oldest first. */
  rows(from: number): Rows {
    const first = this.#firstFrom(from);
    const length = this.#count - first;
    // The rows lie in one piece, or in two with the second at the beginning of the table.
    const start = this.#place(first);
    const head = Math.min(length, this.#capacity - start);
    const copy = <T extends Float32Array | Float64Array | Uint8Array>(source: T, target: T): T => {
      target.set(source.subarray(start, start + head));
      target.set(source.subarray(0, length - head), head);
      return target;
    };
    return {
      timestamps: copy(this.#timestamps, new Float64Array(length)),
      columns: this.#columns.map((column) => copy(column, new Float32Array(length))),
      shares: this.#shares.map((column) => copy(column, new Uint8Array(length))),
    };
  }

  #place(row: number): number {
    return (this.#end - this.#count + row) % this.#capacity;
  }

  #timestampAt(row: number): number {
    return this.#timestamps[this.#place(row)] ?? 0;
  }

  /** Timestamps rise from row to row. */
  #firstFrom(from: number): number {
    let [low, high] = [0, this.#count];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#timestampAt(middle) < from) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function byteOf(share: number | null | undefined): number {
  if (share === null || share === undefined || !Number.isFinite(share)) return UNKNOWN_SHARE;
  return Math.round(Math.min(100, Math.max(0, share)) * STEPS);
}

/** Percent; null for unknown. */
export function shareOf(byte: number): number | null {
  return byte === UNKNOWN_SHARE ? null : byte / STEPS;
}
