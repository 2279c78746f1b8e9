import { WINDOW_BYTES, checkOf } from "../tail/cursor.ts";
import type { FileRow } from "../tail/row.ts";
import { Splitter } from "../tail/splitter.ts";
import { isStill, lineFrom, readAt } from "./bytes.ts";
import type { Extent } from "./bytes.ts";
import { Needles } from "./needles.ts";
import { CHUNK_BYTES, NEWLINE } from "../tail/line-bytes.ts";

/** A row as it crosses threads. */
export interface FoundRow {
  readonly start: number;
  readonly offset: number;
  readonly check: number;
  readonly text: string;
  readonly cut: number;
}

export interface SearchResult {
  /** The newest first. */
  readonly rows: readonly FoundRow[];
  /** Everything from here on was searched; more than `from` when there was no room for more rows. */
  readonly next: number;
}

/** A line longer than this is searched in pieces. */
const LONG_BYTES = 4 * 1024 * 1024;
const MAX_ROWS = 256;
const MAX_TEXT = 1024 * 1024;

/** The lines that begin in the extent and hold the text; "lost" when the file is another now. */
export function searchStep(input: Extent & { q: string }): SearchResult | "lost" {
  return isStill(input.fd, input.gen) ? new Searcher(input).run() : "lost";
}

class Searcher {
  readonly #extent: Extent;
  readonly #needles: Needles;
  readonly #rows: FoundRow[] = [];
  #room = MAX_TEXT;
  #buffer = Buffer.allocUnsafe(CHUNK_BYTES + WINDOW_BYTES);

  constructor(input: Extent & { q: string }) {
    this.#extent = input;
    this.#needles = new Needles(input.q);
  }

  run(): SearchResult | "lost" {
    const { fd, from, to, end } = this.#extent;
    const begin = lineFrom(fd, from, end);
    let next = lineFrom(fd, to, end);
    while (next > begin && !this.#isFull()) {
      const searched = this.#before(next, begin);
      if (searched === "lost") return "lost";
      next = searched;
    }
    return { rows: this.#rows, next: next <= begin ? from : next };
  }

  /** Searches the lines before `end`, the last ones first; answers where the first one begins that was searched. */
  #before(end: number, begin: number): number | "lost" {
    for (let size = CHUNK_BYTES; size <= LONG_BYTES; size *= 4) {
      const at = Math.max(begin, end - size);
      const base = Math.max(0, at - WINDOW_BYTES);
      const bytes = this.#read(base, end);
      if (bytes.length < end - base) return "lost";
      const first = at === begin ? at - base : firstLine(bytes, at - base);
      if (first !== undefined) return this.#lines(bytes, base, first);
    }
    return this.#longLine(end);
  }

  #lines(bytes: Buffer, base: number, first: number): number {
    for (const start of this.#needles.linesIn(bytes, first, bytes.length).toReversed()) {
      const newline = bytes.indexOf(NEWLINE, start);
      const line = newline === -1 ? bytes : bytes.subarray(0, newline + 1);
      const splitter = new Splitter(this.#extent.gen, base + start);
      const [row = splitter.flush(base + line.length, checkOf(line, line.length))] = splitter.push(line, start, base);
      if (row !== undefined && (row.cut !== undefined || this.#needles.areIn(row.text))) this.#keep(row);
      if (this.#isFull()) return base + start;
    }
    return base + first;
  }

  /** A line that does not fit into memory many times over is searched in pieces that overlap. */
  #longLine(end: number): number | "lost" {
    const start = this.#lineBefore(end);
    const splitter = new Splitter(this.#extent.gen, start);
    const overlap = Math.max(WINDOW_BYTES, this.#needles.maxBytes);
    let hit = false;
    for (let from = start; from < end; from += CHUNK_BYTES) {
      const base = Math.max(0, from - overlap);
      const to = Math.min(end, from + CHUNK_BYTES);
      const bytes = this.#read(base, to);
      if (bytes.length < to - base) return "lost";
      hit ||= this.#needles.isIn(bytes, Math.max(start, base) - base, bytes.length);
      const [row = to === end ? splitter.flush(end, checkOf(bytes, bytes.length)) : undefined] = splitter.push(
        bytes,
        from - base,
        base,
      );
      if (hit && row !== undefined) this.#keep(row);
    }
    return start;
  }

  #lineBefore(end: number): number {
    for (let to = end - 1; to > 0; to -= CHUNK_BYTES) {
      const from = Math.max(0, to - CHUNK_BYTES);
      const newline = this.#read(from, to).lastIndexOf(NEWLINE);
      if (newline !== -1) return from + newline + 1;
    }
    return 0;
  }

  #read(from: number, to: number): Buffer {
    if (this.#buffer.length < to - from) this.#buffer = Buffer.allocUnsafe(to - from);
    return readAt(this.#extent.fd, this.#buffer, to - from, from);
  }

  #keep({ start, offset, check, text, cut = 0 }: FileRow): void {
    this.#rows.push({ start, offset, check, text, cut });
    this.#room -= text.length;
  }

  #isFull(): boolean {
    return this.#room <= 0 || this.#rows.length >= MAX_ROWS;
  }
}

/** Where the first line begins at or after the index; undefined: none is whole. */
function firstLine(bytes: Buffer, from: number): number | undefined {
  const newline = bytes.indexOf(NEWLINE, from - 1);
  return newline === -1 || newline === bytes.length - 1 ? undefined : newline + 1;
}
