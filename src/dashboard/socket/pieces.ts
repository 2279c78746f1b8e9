import { FRAME } from "../live-rows.ts";
import { rowJson } from "../row-json.ts";
import type { Shape } from "../row-json.ts";
import type { Cursor, Gap, Row, Slice } from "../tail/stream.ts";

/** What becomes one frame, but for the id of the subscription: it is the same for all who are sent it. */
export type Piece = RowsPiece | { readonly kind: "gap"; readonly last: Cursor; readonly gap: Gap };

/**
 * The frames for a slice, made as they are asked for. `last`: the place reached, told with the last rows where it is
 * further on.
 */
export function* piecesOf(items: Slice["items"], last: Cursor | undefined, shape: Shape): Generator<Piece, void> {
  let run = new Run();
  for (const item of items) {
    if ("gap" in item) {
      yield* run.end();
      run = new Run();
      yield { kind: "gap", last: item.gap.to, gap: item.gap };
      continue;
    }
    if (run.isFull) {
      yield* run.end();
      run = new Run();
    }
    run.add(item, rowJson(item, shape));
  }
  yield* run.end(last);
}

/** A frame of rows. Pages number their subscriptions alike, so that most often all are sent the very same bytes. */
class RowsPiece {
  readonly kind = "rows";
  readonly last: Cursor;
  readonly bytes: number;
  #prefix = "";
  /** Bytes, not text: these lie outside the heap, and to put something before them costs little. */
  #frame: Buffer;

  constructor(last: Cursor, body: string) {
    this.last = last;
    this.#frame = Buffer.from(body);
    this.bytes = this.#frame.length;
  }

  /** `prefix`: what stands before `"first"`. */
  frame(prefix: string): Uint8Array {
    if (this.#prefix !== prefix) {
      this.#frame = Buffer.concat([Buffer.from(prefix), this.#frame.subarray(-this.bytes)]);
      this.#prefix = prefix;
    }
    return this.#frame;
  }
}

/** Rows without a gap between them. */
class Run {
  readonly #texts: string[] = [];
  #length = 0;
  #first: Row | undefined;
  #last: Row | undefined;

  get isFull(): boolean {
    return this.#texts.length >= FRAME.rows || this.#length >= FRAME.text;
  }

  add(row: Row, json: string): void {
    this.#texts.push(json);
    this.#length += json.length;
    this.#first ??= row;
    this.#last = row;
  }

  *end(reached = this.#last?.cursor): Generator<Piece, void> {
    if (reached === undefined || this.#first === undefined) return;
    // In one go: each `+` after it would copy all of the text once more.
    const texts = this.#texts;
    texts[0] = `"first":"${this.#first.cursor}","last":"${reached}","rows":[${texts[0] ?? ""}`;
    texts.push(`${texts.pop() ?? ""}]}`);
    yield new RowsPiece(reached, texts.join(","));
  }
}
