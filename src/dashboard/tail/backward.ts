import { BlockReader } from "./block-reader.ts";
import { breathe } from "../breathe.ts";
import { Collector, cursorOf } from "./collector.ts";
import type { Limit, Match, Slice } from "./collector.ts";
import { formatCursor, startOf } from "./cursor.ts";
import type { Cursor, Place } from "./cursor.ts";
import type { Follower } from "./follower.ts";
import type { Gap } from "./lineage.ts";
import type { FileRow } from "./row.ts";
import type { Source, Sources } from "./sources.ts";
import { CHUNK_BYTES } from "./line-bytes.ts";

/** How often a call may find its data gone while it reads. */
const LOSSES = 16;

/** Where reading back has got to. */
interface Position extends Place {
  /** Whether the row that ends here is still to be read. */
  readonly inclusive: boolean;
  /** Reading has come to files: `start` of the ring, or the end of an older file, which is an offset without a check. */
  readonly in?: "file" | "olderFile" | undefined;
}

/** Reads back from a place: through the ring as far as it reaches, then through files. */
export class Backward {
  readonly #follower: Follower;
  readonly #sources: Sources;
  readonly #out: Collector;
  #position: Position | undefined;
  /** A gap that was crossed: it is told with the row before it. */
  #gap: Omit<Gap, "from"> | undefined;
  #losses = 0;

  constructor(follower: Follower, sources: Sources, limit: Limit, match?: Match) {
    this.#follower = follower;
    this.#sources = sources;
    this.#out = new Collector(limit, match);
  }

  /** `from` undefined: from the end as read so far. `gone`: the text of a cursor that names no place. */
  async read(from: Place | undefined, gone?: Cursor): Promise<Slice> {
    const { end, head } = this.#follower.ring;
    if (gone === undefined) this.#position = from === undefined ? end && at(end, true) : at(from, false);
    else this.#gap = { to: gone, bytes: 0, reason: "deleted" };
    const last = cursorOf(from) ?? gone ?? head;
    while (this.#position !== undefined && this.#out.ended === undefined) {
      this.#out.throwIfAborted();
      this.#position = await this.#step(this.#position);
    }
    return this.#slice(last);
  }

  #slice(last: Cursor | undefined): Slice {
    const { items, reached, ended } = this.#out;
    if (ended === undefined && this.#gap !== undefined) this.#out.gap({ ...this.#gap, from: undefined });
    const more = ended === "full" && (reached === undefined || this.#hasOlder(reached));
    return { items: items.toReversed(), first: reached?.cursor, last, more };
  }

  async #step(position: Position): Promise<Position | undefined> {
    const slot = position.in === undefined ? this.#follower.ring.after(position) : undefined;
    return slot === undefined ? this.#fromFile(position) : this.#fromRing(position, slot);
  }

  async #fromRing(position: Position, slot: number): Promise<Position | undefined> {
    const { ring } = this.#follower;
    let work = 0;
    for (let n = slot - 1; ; n -= 1) {
      const item = ring.at(n);
      if (item === undefined) {
        if (ring.isStartGone) return this.#older(ring.start?.gen);
        const inclusive = n < slot - 1 || position.inclusive;
        return ring.start && { ...at(ring.start, inclusive), in: "file" };
      }
      if ("gap" in item) {
        this.#gap = item.gap;
        continue;
      }
      if (n === slot - 1 && !position.inclusive) continue;
      if (!this.#offer(item)) return undefined;
      work += item.bytes + 64;
      if (work < CHUNK_BYTES) continue;
      await breathe();
      return at(item, false);
    }
  }

  async #fromFile(position: Position): Promise<Position | undefined> {
    const source = await this.#open(position);
    if (source === undefined) return this.#lose(position);
    try {
      const reader = new BlockReader(source.file, position);
      for (
        let rows = await this.#next(reader, position);
        rows !== undefined;
        rows = await this.#next(reader, position)
      ) {
        this.#out.throwIfAborted();
        if (rows === "lost") return await this.#lose(position);
        for (const row of rows.toReversed()) {
          if (row.offset === position.offset && !position.inclusive) continue;
          if (!this.#offer(row)) return undefined;
        }
      }
    } finally {
      await source.file.release();
    }
    return this.#older(source.known);
  }

  async #next(reader: BlockReader, { gen }: Position): ReturnType<BlockReader["next"]> {
    const { skip } = this.#out;
    const place = skip?.to(gen, reader.end, "backward");
    if (place !== undefined && !(await reader.skipTo(place))) skip?.forget(gen);
    return reader.next();
  }

  #open(position: Position): Promise<Source | undefined> {
    return this.#sources.open(position.in === "olderFile" ? startOf(position.gen) : position);
  }

  /** The end of the file before; what is missing in between is told. */
  async #older(gen: string | undefined): Promise<Position | undefined> {
    const { lineage } = this.#follower;
    const reason = gen === undefined ? undefined : lineage.gapBefore(gen);
    if (gen !== undefined && reason !== undefined) {
      this.#gap ??= { to: formatCursor(startOf(gen)), bytes: 0, reason };
    }
    for (const before of gen === undefined ? lineage.all().toReversed() : lineage.before(gen)) {
      const source = await this.#sources.open(startOf(before));
      if (source !== undefined) {
        const offset = await source.file.size();
        await source.file.release();
        return { gen: before, offset, check: 0, inclusive: true, in: "olderFile" };
      }
    }
    return undefined;
  }

  /** The data before the place is gone. Perhaps the follower has not seen it yet; else there is a gap. */
  async #lose(position: Position): Promise<Position | undefined> {
    this.#losses += 1;
    if (this.#losses > LOSSES) return undefined;
    await this.#follower.look();
    await this.#sources.refresh();
    const { reached } = this.#out;
    const place = reached?.gen === position.gen ? { ...at(reached, false), in: position.in } : position;
    if (place.in === undefined && this.#follower.ring.after(place) !== undefined) return place;
    const source = await this.#open(place);
    await source?.file.release();
    if (source !== undefined) return place;
    this.#gap ??= { to: formatCursor(place), bytes: 0, reason: "deleted" };
    if (this.#follower.lineage.indexOf(place.gen) !== undefined) return this.#older(place.gen);
    return this.#older((await this.#sources.successorOf(place))?.place.gen);
  }

  /** False: the slice is full, and the row is not in it. */
  #offer(row: FileRow): boolean {
    const { items } = this.#out;
    const length = items.length;
    if (this.#gap !== undefined) this.#out.gap({ ...this.#gap, from: row.cursor });
    if (this.#out.offer(row)) {
      this.#gap = undefined;
      return true;
    }
    items.length = length;
    return false;
  }

  #hasOlder(row: FileRow): boolean {
    return row.start > 0 || this.#follower.lineage.before(row.gen).length > 0;
  }
}

function at(place: Place, inclusive: boolean): Position {
  return { gen: place.gen, offset: place.offset, check: place.check, inclusive };
}
