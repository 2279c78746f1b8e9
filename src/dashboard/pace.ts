/**
 * How often something is done that others ask for: some times at once, and then once each interval. Who asks seldom
 * never waits, also when a few come late and close together.
 */
export class Pace {
  readonly #everyMs: number;
  readonly #atOnce: number;
  /** When it may be done `atOnce` times again, ms. */
  #restedAt = Number.NEGATIVE_INFINITY;

  constructor(everyMs: number, atOnce: number) {
    this.#everyMs = everyMs;
    this.#atOnce = atOnce;
  }

  /** How long from `now` until it may be done, ms; 0: at once. */
  wait(now: number): number {
    return Math.max(0, this.#restedAt - now - (this.#atOnce - 1) * this.#everyMs);
  }

  /** It is done at `now`. */
  take(now: number): void {
    const next = Math.max(this.#restedAt, now) + this.#everyMs;
    // What is done without a wait does not make the next one wait the longer.
    this.#restedAt = Math.min(next, now + this.#atOnce * this.#everyMs);
  }
}
