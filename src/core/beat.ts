/** What a worker shows of itself while it runs, in memory shared with the supervisor: readable even when it hangs. */

const FIELDS = ["beat", "inFlight", "lastPollOk", "lastPollEnd"] as const;
export type BeatField = (typeof FIELDS)[number];

/** Numbers of one worker: `beat` and those of polls are epoch ms, `inFlight` a count; 0 is "not yet". */
export class BeatBlock {
  readonly buffer: SharedArrayBuffer;
  readonly #fields: BigInt64Array;

  constructor(buffer = new SharedArrayBuffer(FIELDS.length * BigInt64Array.BYTES_PER_ELEMENT)) {
    this.buffer = buffer;
    this.#fields = new BigInt64Array(buffer);
  }

  set(field: BeatField, value: number): void {
    Atomics.store(this.#fields, FIELDS.indexOf(field), BigInt(Math.trunc(value)));
  }

  get(field: BeatField): number {
    return Number(Atomics.load(this.#fields, FIELDS.indexOf(field)));
  }

  reset(): void {
    for (const field of FIELDS) this.set(field, 0);
  }
}
