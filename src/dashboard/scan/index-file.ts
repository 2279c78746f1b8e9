import type { Filter } from "../filter.ts";
import type { Place } from "../tail/cursor.ts";
import type { Blocks } from "./index-step.ts";
import { WORDS, bitsOf, mayHoldThread } from "./thread-bits.ts";

/** What of a filter the index can tell. */
export interface Wanted {
  readonly from: number;
  readonly to: number;
  readonly isTimed: boolean;
  /** Bits of each thread; undefined: any. */
  readonly threads: readonly (readonly number[])[] | undefined;
}

/** Undefined: the index says nothing about the filter. */
export function wantedOf({ from, to, threadId }: Filter): Wanted | undefined {
  const isTimed = from !== undefined || to !== undefined;
  if (!isTimed && threadId === undefined) return undefined;
  const ids = threadId === undefined || Array.isArray(threadId) ? threadId : [threadId];
  return {
    from: from ?? Number.NEGATIVE_INFINITY,
    to: to ?? Number.POSITIVE_INFINITY,
    isTimed,
    threads: ids?.map((id) => bitsOf(id)),
  };
}

/** The blocks of one file as far as it is indexed, from its start: 92 bytes a block. */
export class FileIndex {
  #blocks: Blocks = {
    ends: new Float64Array(0),
    checks: new Uint32Array(0),
    minTimes: new Float64Array(0),
    maxTimes: new Float64Array(0),
    threads: new Uint32Array(0),
  };
  #count = 0;

  /** Where the last block ends. */
  get end(): number {
    return this.#blocks.ends[this.#count - 1] ?? 0;
  }

  get count(): number {
    return this.#count;
  }

  append(more: Blocks): void {
    const count = this.#count + more.ends.length;
    if (count > this.#blocks.ends.length) this.#grow(Math.max(count, this.#count * 2));
    this.#blocks.ends.set(more.ends, this.#count);
    this.#blocks.checks.set(more.checks, this.#count);
    this.#blocks.minTimes.set(more.minTimes, this.#count);
    this.#blocks.maxTimes.set(more.maxTimes, this.#count);
    this.#blocks.threads.set(more.threads, this.#count * WORDS);
    this.#count = count;
  }

  /** The place up to which no wanted row lies, read in the direction from the offset; undefined: the next row may be. */
  skip(gen: string, offset: number, direction: "forward" | "backward", wanted: Wanted): Place | undefined {
    return direction === "forward" ? this.#forward(gen, offset, wanted) : this.#backward(gen, offset, wanted);
  }

  #forward(gen: string, offset: number, wanted: Wanted): Place | undefined {
    const first = this.#after(offset);
    let n = first;
    while (n < this.#count && !this.#mayHold(n, wanted)) n += 1;
    return n === first ? undefined : this.#endOf(gen, n - 1);
  }

  #backward(gen: string, offset: number, wanted: Wanted): Place | undefined {
    if (offset > this.end) return undefined;
    // The block in which the row before the offset lies.
    const first = this.#after(offset - 1);
    let n = first;
    while (n >= 0 && !this.#mayHold(n, wanted)) n -= 1;
    if (n === first) return undefined;
    return n === -1 ? { gen, offset: 0, check: 0 } : this.#endOf(gen, n);
  }

  /** The first block that ends after the offset. */
  #after(offset: number): number {
    let low = 0;
    let high = this.#count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#blocks.ends[middle] ?? 0) <= offset) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #mayHold(n: number, { isTimed, from, to, threads }: Wanted): boolean {
    if (isTimed && !((this.#blocks.maxTimes[n] ?? 0) >= from && (this.#blocks.minTimes[n] ?? 0) <= to)) return false;
    return threads === undefined || threads.some((bits) => mayHoldThread(this.#blocks.threads, n * WORDS, bits));
  }

  #endOf(gen: string, n: number): Place {
    return { gen, offset: this.#blocks.ends[n] ?? 0, check: this.#blocks.checks[n] ?? 0 };
  }

  #grow(capacity: number): void {
    const { ends, checks, minTimes, maxTimes, threads } = this.#blocks;
    this.#blocks = {
      ends: grown(ends, new Float64Array(capacity)),
      checks: grown(checks, new Uint32Array(capacity)),
      minTimes: grown(minTimes, new Float64Array(capacity)),
      maxTimes: grown(maxTimes, new Float64Array(capacity)),
      threads: grown(threads, new Uint32Array(capacity * WORDS)),
    };
  }
}

function grown<T extends Float64Array | Uint32Array>(from: T, into: T): T {
  into.set(from);
  return into;
}
