import { FRAME } from "../live-rows.ts";
import { rowJson } from "../row-json.ts";
import type { Shape } from "../row-json.ts";
import type { Cursor, Gap, Slice } from "../tail/stream.ts";

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
    run.add(item.cursor, rowJson(item, shape));
  }
  yield* run.end(last);
}

/** A frame of rows. Pages number their subscriptions alike, so that most often all are sent the very same bytes. */
class RowsPiece {
  readonly kind = "rows";
  readonly last: Cursor;
  readonly bytes: number;
  readonly #body: string;
  #made: { readonly prefix: string; readonly frame: Buffer } | undefined;

  constructor(last: Cursor, body: string) {
    this.last = last;
    this.bytes = Buffer.byteLength(body);
    this.#body = body;
  }

  /** `prefix`: what stands before `"first"`. */
  frame(prefix: string): Uint8Array {
    if (this.#made?.prefix !== prefix) this.#made = { prefix, frame: Buffer.from(prefix + this.#body) };
    return this.#made.frame;
  }
}

/** Rows without a gap between them. */
class Run {
  readonly #texts: string[] = [];
  #length = 0;
  #first: Cursor | undefined;
  #last: Cursor | undefined;

  get isFull(): boolean {
    return this.#texts.length >= FRAME.rows || this.#length >= FRAME.text;
  }

  add(cursor: Cursor, json: string): void {
    this.#texts.push(json);
    this.#length += json.length;
    this.#first ??= cursor;
    this.#last = cursor;
  }

  *end(reached = this.#last): Generator<Piece, void> {
    if (reached === undefined || this.#first === undefined) return;
    const body = `"first":"${this.#first}","last":"${reached}","rows":[${this.#texts.join(",")}]}`;
    yield new RowsPiece(reached, body);
  }
}
