import { needlesOf } from "../filter.ts";
import { NEWLINE } from "../tail/line-bytes.ts";

/** Finds the texts of a search, whatever their case, in the bytes of lines. */
export class Needles {
  /** ASCII stands for itself in every place of UTF-8: such texts are looked for in bytes read as Latin-1. */
  readonly #ascii: readonly string[];
  readonly #others: readonly string[];
  /** Bytes that one of them may take. */
  readonly maxBytes: number;

  constructor(q: string) {
    // No line holds a line end.
    const needles = needlesOf(q).filter((needle) => !needle.includes("\n"));
    this.#ascii = needles.filter((needle) => isAscii(needle));
    this.#others = needles.filter((needle) => !isAscii(needle));
    // A letter of the other case may be longer.
    this.maxBytes = Math.max(0, ...needles.map((needle) => needle.length * 4));
  }

  /** Whether one of them lies in the text of a line. */
  areIn(text: string): boolean {
    const line = text.toLowerCase();
    return this.#ascii.some((needle) => line.includes(needle)) || this.#others.some((needle) => line.includes(needle));
  }

  /** Whether one of them lies in the bytes. */
  isIn(bytes: Buffer, from: number, to: number): boolean {
    if (this.#ascii.length > 0) {
      const text = bytes.toString("latin1", from, to).toLowerCase();
      if (this.#ascii.some((needle) => text.includes(needle))) return true;
    }
    return this.#isDecodedIn(bytes, from, to);
  }

  /** Offsets in `bytes` at which lines with one of them begin, in order; the bytes are whole lines. */
  linesIn(bytes: Buffer, from: number, to: number): readonly number[] {
    const starts = new Set<number>();
    const text = this.#ascii.length > 0 ? bytes.toString("latin1", from, to).toLowerCase() : "";
    for (const needle of this.#ascii) {
      for (let at = text.indexOf(needle); at !== -1;) {
        starts.add(from + text.lastIndexOf("\n", at) + 1);
        const end = text.indexOf("\n", at);
        at = end === -1 ? -1 : text.indexOf(needle, end);
      }
    }
    if (this.#isDecodedIn(bytes, from, to)) {
      for (let start = from; start < to;) {
        const newline = bytes.indexOf(NEWLINE, start);
        const end = newline === -1 || newline >= to ? to : newline + 1;
        if (this.#isDecodedIn(bytes, start, end)) starts.add(start);
        start = end;
      }
    }
    return [...starts].sort((a, b) => a - b);
  }

  #isDecodedIn(bytes: Buffer, from: number, to: number): boolean {
    if (this.#others.length === 0) return false;
    const text = bytes.toString("utf8", from, to).toLowerCase();
    return this.#others.some((needle) => text.includes(needle));
  }
}

function isAscii(text: string): boolean {
  for (let n = 0; n < text.length; n += 1) if (text.charCodeAt(n) > 0x7f) return false;
  return true;
}
