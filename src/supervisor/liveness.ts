/** How a worker that hangs is found: by what it shows of itself in shared memory, looked at once a second. */
import type { BeatBlock, BeatField } from "../core/beat.ts";

export const LOOK_MS = 1000;

/** A number that a live worker changes, how long it may stand still, and what it means if it does not. */
export interface Sign {
  readonly field: BeatField;
  readonly stillMs: number;
  readonly means: string;
}

/** A worker beats four times a second. */
export const BEATING: Sign = { field: "beat", stillMs: 10_000, means: "no beat for 10 s" };
/** A poll ends after 50 s at the latest, in an outage with an error: one that does not has hung. */
export const POLLING: Sign = { field: "lastPollEnd", stillMs: 90_000, means: "no poll ended for 90 s" };

/**
 * Looks at one life of a worker. What is counted are looks and not the time between them: while the whole process stands
 * still, stopped or asleep with its machine, nobody looks, and nobody is found to have been still.
 */
export class Liveness {
  readonly #beat: BeatBlock;
  readonly #signs: readonly { readonly sign: Sign; seen: number; still: number }[];

  constructor(beat: BeatBlock, signs: readonly Sign[]) {
    this.#beat = beat;
    this.#signs = signs.map((sign) => ({ sign, seen: beat.get(sign.field), still: 0 }));
  }

  /** To be called each `LOOK_MS`. The first sign that has stood still for too long, if one has. */
  look(): Sign | undefined {
    for (const one of this.#signs) {
      const now = this.#beat.get(one.sign.field);
      one.still = now === one.seen ? one.still + 1 : 0;
      one.seen = now;
    }
    return this.#signs.find(({ sign, still }) => still * LOOK_MS >= sign.stillMs)?.sign;
  }
}
