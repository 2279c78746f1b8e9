import { parseCursor } from "../tail/cursor.ts";
import type { Cursor, Place } from "../tail/cursor.ts";

/** Bytes that may be on their way to a client that acks. */
const WINDOW_BYTES = 1024 * 1024;
/** Frames remembered; an ack of an older one is not understood, a later one is. */
const REMEMBERED = 1024;
const FORGOTTEN_AT_ONCE = 256;

interface Mark {
  readonly gen: string;
  readonly offset: number;
  /** Bytes sent up to here. */
  readonly total: number;
}

/** What a client has been sent and not acked. It counts from its first ack on, then with all that was sent before. */
export class Credit {
  readonly #marks: Mark[] = [];
  #total = 0;
  #acked = 0;
  #acks = false;

  get isSpent(): boolean {
    return this.#acks && this.#total - this.#acked >= WINDOW_BYTES;
  }

  /** A frame went out that ends at the place. */
  spend(place: Place | undefined, bytes: number): void {
    this.#total += bytes;
    if (place === undefined) return;
    this.#marks.push({ gen: place.gen, offset: place.offset, total: this.#total });
    if (this.#marks.length > REMEMBERED) this.#marks.splice(0, FORGOTTEN_AT_ONCE);
  }

  /** Of any row, within a frame too. A place that was never sent changes nothing. Throws `bad_cursor`. */
  ack(cursor: Cursor): void {
    const place = parseCursor(cursor);
    if (place === undefined) return;
    const isReached = ({ gen, offset }: Mark): boolean => gen === place.gen && offset <= place.offset;
    const index = this.#marks.findLastIndex(isReached);
    const mark = this.#marks[index];
    const next = this.#marks[index + 1];
    if (mark !== undefined && mark.offset < place.offset && next?.gen !== place.gen) return;
    if (mark === undefined && next?.gen !== place.gen) return;
    this.#acks = true;
    if (mark === undefined) return;
    this.#acked = Math.max(this.#acked, mark.total);
    this.#marks.splice(0, index + 1);
  }

  /** What was sent until now is not waited for any more. */
  forgive(): void {
    this.#acked = this.#total;
    this.#marks.length = 0;
  }
}
