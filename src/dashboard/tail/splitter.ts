import { isUtf8 } from "node:buffer";
import { checkOf } from "./cursor.ts";
import { FileRow } from "./row.ts";
import type { LineBytes } from "./json-line.ts";
import { NEWLINE } from "./line-bytes.ts";

/** No more of a line is kept, bytes. */
export const MAX_LINE_BYTES = 1024 * 1024;

const RETURN = 0x0d;
const EMPTY_LINE = "\n\n";

/** What rows keep of their lines. */
export type LinesAs = "bytes" | "text";

/**
 * Makes rows of the bytes of one file as they come. Whole lines are decoded, never parts, so that no character is torn.
 * A line that has not ended is carried, up to 1 MiB of it. NUL bytes before a line are passed over: a power failure or
 * a file cut under its writer leaves runs of them. An empty line makes no row.
 *
 * As `bytes` the rows keep their lines in one block of all that came together, where that can be; as `text` each has its
 * own: of few rows out of many each would hold its whole block.
 */
export class Splitter {
  readonly #gen: string;
  /** The place just after the last line that ended. */
  #offset: number;
  #pieces: Buffer[] = [];
  #kept = 0;
  #dropped = 0;
  readonly #lines: LinesAs;

  constructor(gen: string, offset: number, lines: LinesAs = "text") {
    this.#gen = gen;
    this.#offset = offset;
    this.#lines = lines;
  }

  /**
   * Takes `bytes` from index `from` on, which follow what came before; `base` is the offset of `bytes[0]` in the file.
   * The bytes before `from` are those of the file, as many as a check covers.
   */
  push(bytes: Buffer, from: number, base: number): FileRow[] {
    const rows: FileRow[] = [];
    const block = this.#lines === "bytes" ? blockOf(bytes, from) : undefined;
    let start = from;
    for (let newline = bytes.indexOf(NEWLINE, start); newline !== -1; newline = bytes.indexOf(NEWLINE, start)) {
      const line =
        block !== undefined && this.#kept === 0 && newline - start <= MAX_LINE_BYTES
          ? { block, from: start - from, to: newline - from }
          : this.#end(bytes, start, newline);
      const end = newline + 1;
      if (line !== "") rows.push(this.#row(base + end, checkOf(bytes, end), line));
      this.#forget(base + end);
      start = end;
    }
    this.#carry(bytes, start, bytes.length);
    return rows;
  }

  /** The line without an end at the end of a file that nobody writes any more. */
  flush(end: number, check: number): FileRow | undefined {
    const text = this.#carriedText();
    const row = text === "" ? undefined : this.#row(end, check, text);
    this.#forget(end);
    return row;
  }

  #row(end: number, check: number, line: string | LineBytes): FileRow {
    return new FileRow({ gen: this.#gen, offset: end, check }, this.#offset, line, this.#dropped);
  }

  #end(bytes: Buffer, start: number, end: number): string {
    if (this.#kept === 0 && end - start <= MAX_LINE_BYTES) return decode(bytes, start, end);
    this.#carry(bytes, start, end);
    return this.#carriedText();
  }

  #carry(bytes: Buffer, from: number, end: number): void {
    const start = this.#kept === 0 ? skipNul(bytes, from, end) : from;
    const taken = Math.min(end - start, MAX_LINE_BYTES - this.#kept);
    // The buffer is used again for the next read.
    if (taken > 0) this.#pieces.push(Buffer.from(bytes.subarray(start, start + taken)));
    this.#kept += taken;
    this.#dropped += end - start - taken;
  }

  #carriedText(): string {
    const line = this.#pieces.length === 1 ? this.#pieces[0] : Buffer.concat(this.#pieces);
    if (line === undefined || this.#dropped === 0) return decode(line ?? Buffer.alloc(0), 0, this.#kept);
    const end = characterStart(line, this.#kept);
    this.#dropped += this.#kept - end;
    return line.toString("utf8", 0, end);
  }

  #forget(offset: number): void {
    this.#offset = offset;
    if (this.#kept === 0) return;
    this.#pieces = [];
    this.#kept = 0;
    this.#dropped = 0;
  }
}

/**
 * A copy of the whole lines from there on, for rows to keep. Undefined: there is none; they hold what is no UTF-8 or a
 * carriage return, and cannot be passed on as they are; or what is no row's, so that a few rows would hold much.
 */
function blockOf(bytes: Buffer, from: number): Buffer | undefined {
  const lines = bytes.subarray(from, bytes.lastIndexOf(NEWLINE) + 1);
  if (lines.length === 0 || lines.includes(RETURN) || !isUtf8(lines)) return undefined;
  if (lines[0] === NEWLINE || lines.includes(EMPTY_LINE) || lines.includes(0)) return undefined;
  // Not of the pool that small buffers share: a row would hold what others have put beside it.
  const block = Buffer.allocUnsafeSlow(lines.length);
  block.set(lines);
  return block;
}

function decode(bytes: Buffer, from: number, to: number): string {
  const end = to > from && bytes[to - 1] === RETURN ? to - 1 : to;
  return bytes.toString("utf8", skipNul(bytes, from, end), end);
}

function skipNul(bytes: Buffer, from: number, end: number): number {
  let start = from;
  while (start < end && bytes[start] === 0) start += 1;
  return start;
}

/** `end`, or where the character begins that is torn there: a line is cut between characters. */
function characterStart(line: Buffer, end: number): number {
  let start = end - 1;
  while (start > 0 && end - start < 4 && isContinuation(line[start])) start -= 1;
  const lead = line[start] ?? 0;
  const length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc0 ? 2 : 1;
  return end - start < length ? start : end;
}

function isContinuation(byte = 0): boolean {
  return (byte & 0xc0) === 0x80;
}
