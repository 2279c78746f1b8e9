/** Counts what happened in the last `buckets · bucketMs` of time, in any order, in memory taken once. */
export class CountRing {
  readonly #bucketMs: number;
  /** Which stretch of time each place counts; stretches are numbered from the epoch. */
  readonly #stretch: Float64Array;
  readonly #counts: Uint32Array;
  /** The stretch that was counted last, and its place: the next one most often happens in the same. */
  #last = Number.NaN;
  #lastPlace = 0;

  constructor(bucketMs: number, buckets: number) {
    this.#bucketMs = bucketMs;
    this.#stretch = new Float64Array(buckets).fill(-1);
    this.#counts = new Uint32Array(buckets);
  }

  /** `timestamp`: epoch ms. One that is older than what its place counts is out of reach. */
  add(timestamp: number): void {
    const stretch = Math.floor(timestamp / this.#bucketMs);
    if (stretch === this.#last) {
      this.#counts[this.#lastPlace] = (this.#counts[this.#lastPlace] ?? 0) + 1;
      return;
    }
    const place = stretch % this.#counts.length;
    const held = this.#stretch[place] ?? stretch;
    if (held > stretch) return;
    this.#counts[place] = held === stretch ? (this.#counts[place] ?? 0) + 1 : 1;
    this.#stretch[place] = stretch;
    this.#last = stretch;
    this.#lastPlace = place;
  }

  /** All of the stretch that `now` lies in, and of those before it that are kept. */
  total(now: number): number {
    const newest = Math.floor(now / this.#bucketMs);
    const oldest = newest - this.#counts.length;
    let sum = 0;
    for (const [place, stretch] of this.#stretch.entries()) {
      if (stretch > oldest && stretch <= newest) sum += this.#counts[place] ?? 0;
    }
    return sum;
  }
}
