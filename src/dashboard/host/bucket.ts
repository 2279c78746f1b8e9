/** Averages, smallest and largest values of the rows of one stretch of time; NaN is no value. */
export class Bucket {
  readonly start: number;
  readonly #sums: Float64Array;
  readonly #counts: Uint32Array;
  readonly #least: Float64Array;
  readonly #most: Float64Array;

  constructor(start: number, width: number) {
    this.start = start;
    this.#sums = new Float64Array(width);
    this.#counts = new Uint32Array(width);
    this.#least = new Float64Array(width).fill(Number.NaN);
    this.#most = new Float64Array(width).fill(Number.NaN);
  }

  add(values: readonly number[]): void {
    for (const [index, value] of values.entries()) {
      if (Number.isNaN(value)) continue;
      this.#sums[index] = (this.#sums[index] ?? 0) + value;
      this.#counts[index] = (this.#counts[index] ?? 0) + 1;
      // A comparison with NaN is false: the first value stands.
      if (!((this.#least[index] ?? Number.NaN) <= value)) this.#least[index] = value;
      if (!((this.#most[index] ?? Number.NaN) >= value)) this.#most[index] = value;
    }
  }

  /** NaN where there was no value. */
  averages(): number[] {
    // Without a value this is 0 / 0, which is NaN.
    return Array.from(this.#sums, (sum, index) => sum / (this.#counts[index] ?? 0));
  }

  /** All averages, then all smallest, then all largest values. */
  row(): number[] {
    return [...this.averages(), ...this.#least, ...this.#most];
  }
}
