import { WINDOW_BYTES, checkOf } from "./cursor.ts";
import type { Place } from "./cursor.ts";
import { lineStart } from "./end-of-lines.ts";
import { LineReader } from "./line-reader.ts";
import type { FileRow } from "./row.ts";
import type { SourceFile } from "./source-file.ts";
import { Splitter } from "./splitter.ts";
import { CHUNK_BYTES, NEWLINE } from "./line-bytes.ts";

/** Reads the lines of one file backward from an offset, a block at a time; within a block they are in order. */
export class BlockReader {
  readonly #file: SourceFile;
  readonly #gen: string;
  #end: number;
  readonly #buffer = Buffer.allocUnsafe(CHUNK_BYTES);

  /** `end` is the place after a line, or the end of a file that nobody writes any more. */
  constructor(file: SourceFile, end: Pick<Place, "gen" | "offset">) {
    this.#file = file;
    this.#gen = end.gen;
    this.#end = end.offset;
  }

  /** Where the row begins that was given last. */
  get end(): number {
    return this.#end;
  }

  /** Leaves out the rows after a place of the file; false: the file does not hold the place. */
  async skipTo(place: Place): Promise<boolean> {
    if (!(await this.#file.holds(place))) return false;
    this.#end = place.offset;
    return true;
  }

  /** The rows before those given last; undefined at the start of the file, "lost" when the file was cut. */
  async next(): Promise<readonly FileRow[] | undefined | "lost"> {
    if (this.#end === 0) return undefined;
    const from = Math.max(0, this.#end - CHUNK_BYTES);
    const bytes = this.#buffer.subarray(0, await this.#file.read(this.#buffer, this.#end - from, from));
    if (bytes.length < this.#end - from) return "lost";
    const start = from === 0 ? 0 : firstLine(bytes);
    if (start === undefined) return this.#longLine();
    const splitter = new Splitter(this.#gen, from + start);
    const rows = splitter.push(bytes, start, from);
    const torn = splitter.flush(this.#end, checkOf(bytes, bytes.length));
    this.#end = from + start;
    return torn === undefined ? rows : [...rows, torn];
  }

  /** A line that does not fit into a block is read forward, from where it begins. */
  async #longLine(): Promise<readonly FileRow[] | "lost"> {
    const start = await lineStart(this.#file, this.#end - 1);
    const reader = new LineReader(this.#file, { gen: this.#gen, offset: start }, { lines: "text" });
    const rows: FileRow[] = [];
    let step = await reader.next(this.#end);
    for (; step.status === "rows"; step = await reader.next(this.#end)) rows.push(...step.rows);
    if (step.status === "lost") return "lost";
    const torn = reader.flush();
    this.#end = start;
    return torn === undefined ? rows : [...rows, torn];
  }
}

/** Where the first line begins that is whole in the block, with the bytes before it that a check needs. */
function firstLine(bytes: Buffer): number | undefined {
  const newline = bytes.indexOf(NEWLINE, WINDOW_BYTES);
  return newline === -1 || newline === bytes.length - 1 ? undefined : newline + 1;
}
