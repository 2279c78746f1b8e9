import type { Clock } from "../clock.ts";

/** Pauses of lanes, one each; a new one replaces the last. */
export class Pauses {
  readonly #clock: Clock;
  readonly #onEnd: (lane: number) => void;
  readonly #cancels = new Map<number, () => void>();

  constructor(clock: Clock, onEnd: (lane: number) => void) {
    this.#clock = clock;
    this.#onEnd = onEnd;
  }

  start(lane: number, ms: number): void {
    this.#cancels.get(lane)?.();
    const cancel = this.#clock.after(ms, () => {
      this.#cancels.delete(lane);
      this.#onEnd(lane);
    });
    this.#cancels.set(lane, cancel);
  }

  clear(): void {
    for (const cancel of this.#cancels.values()) cancel();
    this.#cancels.clear();
  }
}
