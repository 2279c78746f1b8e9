import type { Filter } from "./filter.ts";
import { matchOf } from "./filter.ts";
import { StreamIndex } from "./scan/index-build.ts";
import type { ScanPool } from "./scan/pool.ts";
import type { Cursor, Slice } from "./tail/stream.ts";
import type { Streams, Topic } from "./topics.ts";

export interface Page {
  /** `backward`: the newest rows before the cursor, or before the end; `forward`: the oldest after it, or of all. */
  readonly direction: "backward" | "forward";
  readonly cursor?: Cursor;
  /** At most so many. */
  readonly rows: number;
  readonly filter?: Filter;
  readonly signal?: AbortSignal;
}

/** Bytes of text in one page at most. */
const PAGE_BYTES = 4 * 1024 * 1024;

/** Pages of what lies in the files. With a pool, an index of each file asked about leads to the rows of a filter. */
export class History {
  readonly #streams: Streams;
  readonly #pool: ScanPool | undefined;
  readonly #indexes = new Map<Topic, StreamIndex>();

  constructor(streams: Streams, pool?: ScanPool) {
    this.#streams = streams;
    this.#pool = pool;
  }

  /** Rejects with `bad_cursor`, `file_unreadable`, `stream_closed`, or the signal's reason. */
  page(topic: Topic, page: Page): Promise<Slice> {
    const { direction, cursor, rows, filter = {}, signal } = page;
    const skip = this.index(topic)?.skipFor(filter);
    const limit = {
      rows,
      bytes: PAGE_BYTES,
      ...(signal === undefined ? {} : { signal }),
      ...(skip === undefined ? {} : { skip }),
    };
    const stream = this.#streams[topic];
    return direction === "backward"
      ? stream.before(cursor, limit, matchOf(filter, "backward"))
      : stream.after(cursor, limit, matchOf(filter, "forward"));
  }

  /** Undefined without a pool. */
  index(topic: Topic): StreamIndex | undefined {
    const known = this.#indexes.get(topic);
    if (known !== undefined || this.#pool === undefined) return known;
    const index = new StreamIndex(this.#streams[topic], this.#pool);
    this.#indexes.set(topic, index);
    return index;
  }

  /** No index grows any further. */
  close(): void {
    for (const index of this.#indexes.values()) index.close();
  }
}
