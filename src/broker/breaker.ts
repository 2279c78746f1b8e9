/** Spares callers the wait for a GitHub that is down, and GitHub the calls it asked us not to make. */

/** Failures in a row after which GitHub is left alone, and for how long. */
const FAILURES = 5;
const OPEN_MS = 15_000;

export class Breaker {
  #failures = 0;
  #until = 0;
  #why: "down" | "limited" = "down";

  /** Why no call is made now, and for how many ms more. `now` is monotonic. */
  check(now: number): { readonly why: "down" | "limited"; readonly forMs: number } | undefined {
    return now < this.#until ? { why: this.#why, forMs: this.#until - now } : undefined;
  }

  /** A call came through, whatever it was told. */
  reached(): void {
    this.#failures = 0;
  }

  failed(now: number): void {
    this.#failures += 1;
    if (this.#failures >= FAILURES) this.#open("down", now + OPEN_MS);
  }

  /** GitHub asked for a pause. */
  pause(now: number, ms: number): void {
    this.#open("limited", now + ms);
  }

  /** A later, shorter reason does not cut a pause that is longer. */
  #open(why: "down" | "limited", until: number): void {
    if (until <= this.#until) return;
    this.#why = why;
    this.#until = until;
  }
}
