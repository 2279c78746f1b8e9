import { formatCursor } from "./cursor.ts";
import type { Cursor, Place } from "./cursor.ts";
import type { Gap } from "./lineage.ts";
import type { FileRow, Row } from "./row.ts";

export interface Limit {
  /** Rows in the slice at most. */
  readonly rows: number;
  /** Bytes of text in the slice at most; a first row may be longer. */
  readonly bytes: number;
  /** Bytes looked at on the way at most; the slice then ends where it got to. No limit by default. */
  readonly scan?: number;
  /** Leaves out what no row that is wanted lies in. */
  readonly skip?: Skip;
  /** Ends the reading: the call rejects with its reason. */
  readonly signal?: AbortSignal;
}

/** What is known of where in a file rows that are wanted may lie. */
export interface Skip {
  /** The place between which and the offset, in the direction of reading, no wanted row lies; undefined: none known. */
  to(gen: string, offset: number, direction: "forward" | "backward"): Place | undefined;
  /** The file does not hold a place that `to` gave: what is known of it is wrong. */
  forget(gen: string): void;
}

/** Whether a row is wanted; "stop": neither this one nor any further on. */
export type Match = (row: Row) => boolean | "stop";

export interface Slice {
  /** Oldest first. */
  readonly items: readonly (Row | { readonly gap: Gap })[];
  /** The place after the oldest row looked at, wanted or not: `before` it there is more. */
  readonly first: Cursor | undefined;
  /** The place reached, also when nothing matched: `after` it there is more. */
  readonly last: Cursor | undefined;
  /** Whether there is more in the direction asked. */
  readonly more: boolean;
}

/** Gathers a slice in the direction in which it is read. */
export class Collector {
  readonly items: (FileRow | { gap: Gap })[] = [];
  /** The row looked at first, wanted or not. */
  began: FileRow | undefined;
  /** The row looked at last. */
  reached: FileRow | undefined;
  /** Why no more rows are taken: the slice is full, or `match` has said so. */
  ended: "full" | "stopped" | undefined;
  readonly #limit: Limit;
  readonly #match: Match;
  #rows = 0;
  #bytes = 0;
  #scanned = 0;

  constructor(limit: Limit, match: Match = () => true) {
    this.#limit = limit;
    this.#match = match;
    if (limit.rows <= 0) this.ended = "full";
  }

  /** False: the row was not taken, and none will be. */
  offer(row: FileRow): boolean {
    if (this.ended !== undefined) return false;
    const verdict = this.#match(row);
    if (verdict === "stop") this.ended = "stopped";
    else if (verdict && this.#rows > 0 && this.#bytes + row.bytes > this.#limit.bytes) this.ended = "full";
    if (this.ended !== undefined) return false;
    if (verdict === true) this.#keep(row);
    this.began ??= row;
    this.reached = row;
    this.#scanned += row.offset - row.start;
    if (this.#scanned >= (this.#limit.scan ?? Number.POSITIVE_INFINITY)) this.ended ??= "full";
    return true;
  }

  gap(gap: Gap): void {
    this.items.push({ gap });
  }

  get skip(): Skip | undefined {
    return this.#limit.skip;
  }

  throwIfAborted(): void {
    this.#limit.signal?.throwIfAborted();
  }

  #keep(row: FileRow): void {
    this.items.push(row);
    this.#rows += 1;
    this.#bytes += row.bytes;
    if (this.#rows >= this.#limit.rows) this.ended = "full";
  }
}

export function cursorOf(place: Place | Cursor | undefined): Cursor | undefined {
  return typeof place === "object" ? formatCursor(place) : place;
}
