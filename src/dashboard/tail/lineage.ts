import type { Cursor } from "./cursor.ts";

/** Why rows are missing: `rotated`, `truncated` and `deleted` by whoever keeps the files, `slow` for a slow client. */
export type GapReason = "rotated" | "truncated" | "deleted" | "slow";

/** A place where rows are, or may be, missing. */
export interface Gap {
  /** The last place before it; undefined: none is known. */
  readonly from: Cursor | undefined;
  readonly to: Cursor;
  /** Bytes known to be missing: 0 when nobody can tell how many, and perhaps none. */
  readonly bytes: number;
  readonly reason: GapReason;
}

interface Link {
  /** Undefined: the file was taken up again, and stands further down. */
  gen: string | undefined;
  readonly gap: GapReason | undefined;
}

/**
 * The generations of a stream in the order in which they were written, as far as this process knows it: those it found
 * at its start, and each that it followed into. Short: one a rotation.
 */
export class Lineage {
  readonly #links: Link[] = [];
  readonly #index = new Map<string, number>();

  /** Puts a generation at the end; `gap`: rows may be missing before it. Answers its number. */
  add(gen: string, gap: GapReason | undefined): number {
    const before = this.#links[this.#index.get(gen) ?? -1];
    if (before !== undefined) before.gen = undefined;
    this.#index.set(gen, this.#links.length);
    return this.#links.push({ gen, gap }) - 1;
  }

  indexOf(gen: string): number | undefined {
    return this.#index.get(gen);
  }

  /** Why rows may be missing just before the generation. */
  gapBefore(gen: string): GapReason | undefined {
    return this.#links[this.#index.get(gen) ?? -1]?.gap;
  }

  /** Those that follow, in order. */
  after(gen: string): string[] {
    const index = this.#index.get(gen);
    return index === undefined ? [] : this.#gens(index + 1, this.#links.length);
  }

  /** Those before it, newest first. */
  before(gen: string): string[] {
    return this.#gens(0, this.#index.get(gen) ?? 0).toReversed();
  }

  all(): string[] {
    return this.#gens(0, this.#links.length);
  }

  #gens(from: number, to: number): string[] {
    return this.#links.slice(from, to).flatMap(({ gen }) => gen ?? []);
  }
}
