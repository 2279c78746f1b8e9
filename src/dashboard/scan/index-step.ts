import { timeOfRow } from "../filter.ts";
import type { FileRow } from "../tail/row.ts";
import { isStill, rowsOf } from "./bytes.ts";
import type { Extent } from "./bytes.ts";
import { WORDS, addThread } from "./thread-bits.ts";

/** Blocks that follow each other, in columns. Each ends just after a line, and is about 256 KiB long. */
export interface Blocks {
  readonly ends: Float64Array;
  /** `checkOf` the bytes before each end. */
  readonly checks: Uint32Array;
  /** Epoch ms; +Infinity and -Infinity where no row has a time. */
  readonly minTimes: Float64Array;
  readonly maxTimes: Float64Array;
  /** `WORDS` of bits a block. */
  readonly threads: Uint32Array;
}

const BLOCK_BYTES = 256 * 1024;

/**
 * The whole blocks of the extent, which begins just after a line; where it reaches `end`, what is left makes a smaller
 * block only when `isFull`. "lost" when the file is another now.
 */
export function indexStep(input: Extent & { isFull: boolean }): Blocks | "lost" {
  const { fd, gen, from, to, isFull } = input;
  if (!isStill(fd, gen)) return "lost";
  const builder = new Builder(from);
  for (const rows of rowsOf(input, false)) {
    if (rows === "lost") return "lost";
    for (const row of rows) builder.add(row);
    if (builder.end >= to) return builder.blocks();
  }
  if (isFull) builder.finish();
  return builder.blocks();
}

class Builder {
  readonly #ends: number[] = [];
  readonly #checks: number[] = [];
  readonly #minTimes: number[] = [];
  readonly #maxTimes: number[] = [];
  readonly #threads: Uint32Array[] = [];
  #start: number;
  #last: FileRow | undefined;
  #min = Number.POSITIVE_INFINITY;
  #max = Number.NEGATIVE_INFINITY;
  #words = new Uint32Array(WORDS);

  constructor(start: number) {
    this.#start = start;
  }

  /** Where the last block ends. */
  get end(): number {
    return this.#start;
  }

  add(row: FileRow): void {
    const time = timeOfRow(row);
    if (time !== undefined) {
      this.#min = Math.min(this.#min, time);
      this.#max = Math.max(this.#max, time);
    }
    const { record } = row;
    if (record !== undefined && Object.hasOwn(record, "threadId")) {
      addThread(this.#words, 0, (record as { threadId: unknown }).threadId);
    }
    this.#last = row;
    if (row.offset - this.#start >= BLOCK_BYTES) this.finish();
  }

  /** Ends the block after the row that came last. */
  finish(): void {
    if (this.#last === undefined) return;
    this.#ends.push(this.#last.offset);
    this.#checks.push(this.#last.check);
    this.#minTimes.push(this.#min);
    this.#maxTimes.push(this.#max);
    this.#threads.push(this.#words);
    this.#start = this.#last.offset;
    this.#last = undefined;
    this.#min = Number.POSITIVE_INFINITY;
    this.#max = Number.NEGATIVE_INFINITY;
    this.#words = new Uint32Array(WORDS);
  }

  blocks(): Blocks {
    const threads = new Uint32Array(this.#threads.length * WORDS);
    for (const [n, words] of this.#threads.entries()) threads.set(words, n * WORDS);
    return {
      ends: Float64Array.from(this.#ends),
      checks: Uint32Array.from(this.#checks),
      minTimes: Float64Array.from(this.#minTimes),
      maxTimes: Float64Array.from(this.#maxTimes),
      threads,
    };
  }
}
