import type { JsonObject } from "../../core/jsonl-files.ts";
import { formatCursor } from "./cursor.ts";
import type { Cursor, Place } from "./cursor.ts";

/** One line of a file. */
export interface Row {
  /** The place just after it. */
  readonly cursor: Cursor;
  /** The line without its end and without NUL bytes before it, at most 1 MiB of it. */
  readonly text: string;
  /** Undefined for a line that is no JSON object: it is passed on raw. */
  readonly record: JsonObject | undefined;
  /** Bytes dropped from the end of a longer line. */
  readonly cut?: number;
}

const UNREAD = Symbol("not parsed yet");

/** A row that parses its line when it is first asked, once for all who share it. */
export class FileRow implements Row, Place {
  readonly text: string;
  declare readonly cut?: number;
  readonly gen: string;
  /** Where the line ends in its file. */
  readonly offset: number;
  readonly check: number;
  /** Where the line begins in its file. */
  readonly start: number;
  #record: JsonObject | typeof UNREAD | undefined = UNREAD;

  constructor(place: Place, start: number, text: string, cut: number) {
    this.gen = place.gen;
    this.offset = place.offset;
    this.check = place.check;
    this.start = start;
    this.text = text;
    if (cut > 0) this.cut = cut;
  }

  /** Made when it is asked for: kept, it would take more room than a short line. */
  get cursor(): Cursor {
    return formatCursor(this);
  }

  get record(): JsonObject | undefined {
    if (this.#record === UNREAD) this.#record = this.cut === undefined ? parse(this.text) : undefined;
    return this.#record;
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

function parse(text: string): JsonObject | undefined {
  if (!text.trimStart().startsWith("{")) return undefined;
  try {
    return JSON.parse(text) as JsonObject;
  } catch {
    return undefined;
  }
}
