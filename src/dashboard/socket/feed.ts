import type { Clock } from "../../core/clock.ts";
import type { Filter } from "../filter.ts";
import { matchOf } from "../filter.ts";
import { AT_ONCE, FRAME, GATHER_MS, SCAN_BYTES } from "../live-rows.ts";
import { Pace } from "../pace.ts";
import type { Shape } from "../row-json.ts";
import type { Cursor, Match, Stream } from "../tail/stream.ts";
import { piecesOf } from "./pieces.ts";
import type { Piece } from "./pieces.ts";

/** With so many bytes of new rows they go out at once, and a later read waits until they have. */
const BURST_BYTES = 64 * 1024;
/** Batches kept for those who are behind, some 4 MiB: made anew they would be read from the file, and looked through again. */
const KEPT = 64;
/** A line may be many times as long; of those none is kept. */
const KEPT_BYTES = 2 * FRAME.bytes;
/** Of text in a batch: with the cursors that are put in front of each row it is mostly one frame. */
const BATCH_BYTES = 0.75 * FRAME.bytes;
const LIMIT = { rows: FRAME.rows, bytes: BATCH_BYTES, scan: SCAN_BYTES };

/** Which rows are wanted. Equal filters have equal keys. */
export interface Query {
  readonly key: string;
  readonly match: Match | undefined;
}

export interface Batch {
  readonly pieces: readonly Piece[];
  /** The place reached; undefined as long as the stream had no line. */
  readonly last: Cursor | undefined;
  readonly more: boolean;
  /** `Feed.version` when it was asked for: if that is another now, there may be more. */
  readonly version: number;
}

/** What it returns resolves when it has what there is; undefined: it is still at something else. */
export type Follower = () => Promise<void> | undefined;

export function queryOf(filter: Filter): Query {
  return { key: JSON.stringify(filter), match: matchOf(filter) };
}

/**
 * What a stream's subscribers share. They are called together, so that those who are up to date ask for the same
 * rows, and the frames of these are made once for all.
 */
export class Feed {
  readonly shape: Shape;
  readonly #stream: Stream;
  readonly #clock: Clock;
  readonly #followers = new Set<Follower>();
  readonly #batches = new Map<string, Promise<Batch>>();
  #version = 0;
  /** Bytes of rows that nobody was called for yet. */
  #grown = 0;
  readonly #pace = new Pace(GATHER_MS, AT_ONCE);
  #cancelCall: (() => void) | undefined;

  constructor(stream: Stream, shape: Shape, clock: Clock) {
    this.shape = shape;
    this.#stream = stream;
    this.#clock = clock;
    // Also without followers: what is kept would pass for all there is.
    stream.onGrown((bytes) => this.#onGrown(bytes));
  }

  get head(): Cursor | undefined {
    return this.#stream.head();
  }

  /** Another one when the stream has grown. */
  get version(): number {
    return this.#version;
  }

  /** Calls when there are new rows, at once after a silence, else every 16 ms; the returned function ends that. */
  follow(follower: Follower): () => void {
    this.#followers.add(follower);
    return () => {
      this.#followers.delete(follower);
    };
  }

  /** The next rows after the place. Rejects as `Stream.after` does. */
  next(place: Cursor | undefined, query: Query): Promise<Batch> {
    const key = `${place ?? ""} ${query.key}`;
    const known = this.#batches.get(key);
    if (known !== undefined) return known;
    const batch = this.#read(place, query).then(
      (read) => {
        if (read.last === place || isLarge(read)) this.#batches.delete(key);
        return read;
      },
      (error: unknown) => {
        this.#batches.delete(key);
        throw error;
      },
    );
    this.#batches.set(key, batch);
    for (const oldest of this.#batches.keys()) {
      if (this.#batches.size <= KEPT) break;
      this.#batches.delete(oldest);
    }
    return batch;
  }

  async #read(place: Cursor | undefined, query: Query): Promise<Batch> {
    const version = this.#version;
    const { items, last, more } = await this.#stream.after(place, LIMIT, query.match);
    return { pieces: [...piecesOf(items, last, this.shape)], last, more, version };
  }

  #onGrown(bytes: number): Promise<unknown> | undefined {
    this.#version += 1;
    if (this.#followers.size === 0) return undefined;
    this.#grown += bytes;
    if (this.#grown >= BURST_BYTES) return this.#call();
    const wait = this.#pace.wait(this.#clock.monotonic());
    if (wait === 0) void this.#call();
    else this.#cancelCall ??= this.#clock.after(wait, () => void this.#call());
    return undefined;
  }

  #call(): Promise<unknown> {
    this.#cancelCall?.();
    this.#cancelCall = undefined;
    this.#pace.take(this.#clock.monotonic());
    this.#grown = 0;
    return Promise.all([...this.#followers].flatMap((follower) => follower() ?? []));
  }
}

function isLarge({ pieces }: Batch): boolean {
  return pieces.reduce((sum, piece) => sum + (piece.kind === "rows" ? piece.bytes : 0), 0) > KEPT_BYTES;
}
