import type { Clock } from "../../../src/core/clock.ts";

/** A clock that a test moves by hand; its timers go off while it is moved. */
export class ManualClock implements Clock {
  wall: number;
  #monotonic = 0;
  #timers: { readonly at: number; readonly task: () => void }[] = [];

  constructor(wall: number) {
    this.wall = wall;
  }

  now(): number {
    return this.wall;
  }

  monotonic(): number {
    return this.#monotonic;
  }

  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.after(ms, resolve);
    });
  }

  after(ms: number, task: () => void): () => void {
    const timer = { at: this.#monotonic + ms, task };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  }

  get timers(): number {
    return this.#timers.length;
  }

  advance(ms: number): void {
    const until = this.#monotonic + ms;
    for (;;) {
      const next = this.#timers.toSorted((a, b) => a.at - b.at)[0];
      if (next === undefined || next.at > until) break;
      // A timer that is late goes off now.
      this.#moveTo(Math.max(this.#monotonic, next.at));
      this.#timers = this.#timers.filter((timer) => timer !== next);
      next.task();
    }
    this.#moveTo(until);
  }

  /** Time passes, and the timers are late: the process did not run. */
  stall(ms: number): void {
    this.#moveTo(this.#monotonic + ms);
  }

  #moveTo(monotonic: number): void {
    this.wall += monotonic - this.#monotonic;
    this.#monotonic = monotonic;
  }
}
