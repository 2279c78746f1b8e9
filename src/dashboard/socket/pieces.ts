import { FRAME } from "../live-rows.ts";
import { MAX_ID } from "../protocol.ts";
import { OPENING, ROW_GLUE, rowJson } from "../row-json.ts";
import type { Shape } from "../row-json.ts";
import { PLACE_ROOM, parseCursor, writePlace } from "../tail/cursor.ts";
import type { Place } from "../tail/cursor.ts";
import type { LineBytes } from "../tail/json-line.ts";
import type { Cursor, Gap, Row, Slice } from "../tail/stream.ts";

/** What becomes one frame, but for the id of the subscription: it is the same for all who are sent it. */
export type Piece = RowsPiece | GapPiece;

interface Reached {
  /** The place reached with it. */
  readonly last: Cursor;
  /** The same; undefined: it is another program's. */
  readonly place: Place | undefined;
}

interface GapPiece extends Reached {
  readonly kind: "gap";
  readonly gap: Gap;
}

export function gapPiece(gap: Gap): GapPiece {
  return { kind: "gap", last: gap.to, place: parseCursor(gap.to), gap };
}

/**
 * The frames for a slice, made as they are asked for. `last`: the place reached, told with the last rows where it is
 * further on.
 */
export function* piecesOf(items: Slice["items"], last: Cursor | undefined, shape: Shape): Generator<Piece, void> {
  let run = new Run(shape);
  for (const item of items) {
    if ("gap" in item) {
      yield* run.end();
      run = new Run(shape);
      yield gapPiece(item.gap);
      continue;
    }
    if (run.isFull) {
      yield* run.end();
      run = new Run(shape);
    }
    run.add(item);
  }
  yield* run.end(last);
}

/** What stands before `"first"`, in UTF-8: the type, and an id of which each letter may take six bytes when escaped. */
const MAX_PREFIX = 6 * MAX_ID + 64;

/**
 * A frame of rows, as bytes: these lie outside the heap. What stands before the rows is written in front of them for
 * each who is sent it, if the one before was not sent the same: pages number their subscriptions alike.
 */
class RowsPiece implements Reached {
  readonly kind = "rows";
  readonly last: Cursor;
  readonly place: Place | undefined;
  /** Without what stands before the rows. */
  readonly bytes: number;
  readonly #buffer: Buffer;
  #prefix = "";
  #start = MAX_PREFIX;

  /** `buffer`: as much is free at its start as a prefix may take. */
  constructor(last: Cursor, buffer: Buffer) {
    this.last = last;
    this.place = parseCursor(last);
    this.#buffer = buffer;
    this.bytes = buffer.length - MAX_PREFIX;
  }

  /** With that before the rows; of use until it is asked for with another. */
  frame(prefix: string): Uint8Array {
    if (this.#prefix !== prefix) {
      const bytes = Buffer.from(prefix);
      this.#prefix = prefix;
      this.#start = MAX_PREFIX - bytes.length;
      this.#buffer.set(bytes, this.#start);
    }
    return this.#buffer.subarray(this.#start);
  }
}

const QUOTE = 0x22;
const COMMA = 0x2c;
const END = Buffer.from("]}");

/** Rows without a gap between them. */
class Run {
  readonly #shape: Shape;
  readonly #rows: Row[] = [];
  /** For each row its line, to be given a cursor, or all that is to be written. */
  readonly #parts: (LineBytes | Uint8Array)[] = [];
  #gen = "";
  #opening: Uint8Array = Buffer.from(OPENING);
  #length = 0;
  /** For the rows at most, with what stands between them. */
  #room = 0;

  constructor(shape: Shape) {
    this.#shape = shape;
  }

  get isFull(): boolean {
    return this.#parts.length >= FRAME.rows || this.#length >= FRAME.bytes;
  }

  add(row: Row): void {
    const line = this.#shape === "full" ? row.plain : undefined;
    const part = line ?? Buffer.from(rowJson(row, this.#shape));
    const length =
      part instanceof Uint8Array
        ? part.length
        : OPENING.length + row.gen.length + PLACE_ROOM + ROW_GLUE.length + part.to - part.from;
    this.#rows.push(row);
    this.#parts.push(part);
    this.#length += length;
    this.#room += length + 1;
  }

  *end(reached = this.#rows.at(-1)?.cursor): Generator<Piece, void> {
    const [first] = this.#rows;
    if (reached === undefined || first === undefined) return;
    const head = Buffer.from(`"first":"${first.cursor}","last":"${reached}","rows":[`);
    const buffer = Buffer.allocUnsafeSlow(MAX_PREFIX + head.length + this.#room + END.length);
    buffer.set(head, MAX_PREFIX);
    let at = MAX_PREFIX + head.length;
    for (const [n, row] of this.#rows.entries()) {
      const part = this.#parts[n];
      if (part === undefined) continue;
      if (n > 0) buffer[at++] = COMMA;
      at = part instanceof Uint8Array ? put(part, buffer, at) : this.#write(row, part, buffer, at);
    }
    buffer.set(END, at);
    yield new RowsPiece(reached, buffer.subarray(0, at + END.length));
  }

  #write(row: Row, { block, from, to }: LineBytes, target: Buffer, at: number): number {
    const end = writePlace(row, target, put(this.#openingOf(row.gen), target, at));
    target[end] = QUOTE;
    target[end + 1] = COMMA;
    return put(block.subarray(from + 1, to), target, end + ROW_GLUE.length);
  }

  #openingOf(gen: string): Uint8Array {
    if (gen !== this.#gen) this.#opening = Buffer.from(`${OPENING}${gen}`);
    this.#gen = gen;
    return this.#opening;
  }
}

/** Answers the index after it. */
function put(bytes: Uint8Array, target: Buffer, at: number): number {
  target.set(bytes, at);
  return at + bytes.length;
}
