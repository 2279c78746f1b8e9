import type { JsonObject } from "../../core/jsonl-files.ts";
import { formatCursor } from "./cursor.ts";
import type { Cursor, Place } from "./cursor.ts";
import { JsonLine, UNTOLD } from "./json-line.ts";
import type { LineBytes } from "./json-line.ts";

/** One line of a file, and the place just after it. */
export interface Row extends Place {
  /** The place as text. */
  readonly cursor: Cursor;
  /** The line without its end and without NUL bytes before it, at most 1 MiB of it. */
  readonly text: string;
  /** Undefined for a line that is no JSON object: it is passed on raw. */
  readonly record: JsonObject | undefined;
  /**
   * The line as bytes, where these are at hand and an object without a cursor of its own: one may be put after its first
   * byte. Of other lines one cannot tell.
   */
  readonly plain: LineBytes | undefined;
  /** One member of the record, without all the others where it lies open; `name` is ASCII. */
  member(name: string): unknown;
  /** Whether the member is that text; both are ASCII. */
  holds(name: string, text: string): boolean;
  /** Bytes dropped from the end of a longer line. */
  readonly cut?: number;
}

const json = new JsonLine();

const UNREAD = Symbol("not parsed yet");

/**
 * A row that parses its line when it is first asked, once for all who share it. Given as bytes a line stays outside the
 * heap, where many thousands a second cost the collector little: its text is made each time it is asked for.
 */
export class FileRow implements Row {
  declare readonly cut?: number;
  readonly gen: string;
  /** Where the line ends in its file. */
  readonly offset: number;
  readonly check: number;
  /** Where the line begins in its file. */
  readonly start: number;
  /** Undefined: the line lies in `block`. */
  readonly #text: string | undefined;
  readonly block: Buffer | undefined;
  readonly from: number = 0;
  readonly to: number = 0;
  #record: JsonObject | typeof UNREAD | undefined = UNREAD;
  #isPlain: boolean | undefined;

  constructor(place: Place, start: number, line: string | LineBytes, cut: number) {
    this.gen = place.gen;
    this.offset = place.offset;
    this.check = place.check;
    this.start = start;
    if (cut > 0) this.cut = cut;
    if (typeof line === "string") {
      this.#text = line;
      return;
    }
    this.block = line.block;
    this.from = line.from;
    this.to = line.to;
  }

  get text(): string {
    return this.#text ?? this.block?.toString("utf8", this.from, this.to) ?? "";
  }

  /** Itself: one object less for each of many thousands. */
  get line(): LineBytes | undefined {
    return isInBlock(this) ? this : undefined;
  }

  /** Made when it is asked for: kept, it would take more room than a short line. */
  get cursor(): Cursor {
    return formatCursor(this);
  }

  get record(): JsonObject | undefined {
    if (this.#record === UNREAD) this.#record = this.cut === undefined ? parse(this.text) : undefined;
    return this.#record;
  }

  member(name: string): unknown {
    const value = this.#record === UNREAD && this.#look() ? json.member(name) : UNTOLD;
    if (value !== UNTOLD) return value;
    const { record } = this;
    return record !== undefined && Object.hasOwn(record, name) ? record[name] : undefined;
  }

  holds(name: string, text: string): boolean {
    const told = this.#record === UNREAD && this.#look() ? json.holds(name, text) : UNTOLD;
    return told === UNTOLD ? this.member(name) === text : told;
  }

  get plain(): LineBytes | undefined {
    if (this.#isPlain === undefined) this.#look();
    return this.#isPlain === true ? this.line : undefined;
  }

  /** Whether `json` tells of this line; for who asks later it is kept what most ask. */
  #look(): boolean {
    const { line } = this;
    const isKnown = line !== undefined && json.read(line);
    this.#isPlain ??= isKnown && json.member("cursor") === undefined;
    return isKnown;
  }

  /** Lets go of the record, which takes more room than the line: it is parsed again if it is asked for. */
  forget(): void {
    this.#record = UNREAD;
  }

  /** Length of what is handed on, without what was cut. */
  get bytes(): number {
    return this.offset - this.start - (this.cut ?? 0);
  }
}

function isInBlock(row: FileRow): row is FileRow & LineBytes {
  return row.block !== undefined;
}

function parse(text: string): JsonObject | undefined {
  if (!text.trimStart().startsWith("{")) return undefined;
  try {
    return JSON.parse(text) as JsonObject;
  } catch {
    return undefined;
  }
}
