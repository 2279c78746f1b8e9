import { breathe } from "../breathe.ts";
import { Collector, cursorOf } from "./collector.ts";
import type { Limit, Match, Slice } from "./collector.ts";
import { formatCursor, startOf } from "./cursor.ts";
import type { Place } from "./cursor.ts";
import type { Follower } from "./follower.ts";
import { LineReader } from "./line-reader.ts";
import { samePlace } from "./ring.ts";
import type { GapReason } from "./lineage.ts";
import type { FileRow } from "./row.ts";
import type { SourceFile } from "./source-file.ts";
import type { Source, Sources } from "./sources.ts";
import type { LinesAs } from "./splitter.ts";
import { CHUNK_BYTES } from "./line-bytes.ts";

/** How often a call may find its data gone while it reads: more is a file that somebody cuts all the time. */
const LOSSES = 16;

/** Reads on from a place: from the ring where it reaches back so far, else from files until it does. */
export class Forward {
  readonly #follower: Follower;
  readonly #sources: Sources;
  readonly #out: Collector;
  /** Where all rows are wanted, they all lie together. */
  readonly #lines: LinesAs;
  #place: Place | undefined;
  /** The last place that was handed on: where a gap begins. */
  #told: Place | string | undefined;
  #losses = 0;

  constructor(follower: Follower, sources: Sources, limit: Limit, match?: Match) {
    this.#follower = follower;
    this.#sources = sources;
    this.#out = new Collector(limit, match);
    this.#lines = match === undefined ? "bytes" : "text";
  }

  /** `from` undefined: from the oldest row. `gone`: the text of a cursor that names no place. */
  async read(from: Place | undefined, gone?: string): Promise<Slice> {
    this.#place = from;
    this.#told = from ?? gone;
    if (from === undefined) await this.#begin(gone);
    while (this.#place !== undefined && this.#out.ended === undefined) {
      this.#out.throwIfAborted();
      const goesOn = this.#isHeld(this.#place) ? await this.#fromRing(this.#place) : await this.#fromFile(this.#place);
      if (!goesOn) break;
    }
    return this.#slice();
  }

  async #begin(gone: string | undefined): Promise<void> {
    const oldest = await this.#sources.successorOf(undefined);
    this.#place = oldest?.place;
    if (gone !== undefined && oldest !== undefined) this.#gap(oldest.place, "deleted", 0);
  }

  #isHeld(place: Place): boolean {
    return this.#follower.ring.after(place) !== undefined;
  }

  async #fromRing(place: Place): Promise<boolean> {
    const { ring } = this.#follower;
    let work = 0;
    for (let n = ring.after(place) ?? 0; work < CHUNK_BYTES; n += 1) {
      const item = ring.at(n);
      if (item === undefined) return false;
      if ("gap" in item) {
        this.#out.gap(item.gap);
        this.#arrive(item.place);
        continue;
      }
      if (!this.#out.offer(item)) return false;
      this.#arrive(item);
      if (this.#out.ended !== undefined) return false;
      work += item.bytes + 64;
    }
    await breathe();
    return true;
  }

  async #fromFile(place: Place): Promise<boolean> {
    const source = await this.#sources.open(place);
    if (source === undefined) return this.#lose();
    try {
      let reader = this.#reader(source.file, place);
      for (;;) {
        this.#out.throwIfAborted();
        reader = (await this.#skip(reader, source)) ?? reader;
        const step = await reader.next(source.bound);
        if (step.status === "lost") return await this.#lose();
        if (!this.#take(step.status === "rows" ? step.rows : this.#torn(reader, source))) return false;
        if (this.#place !== undefined && this.#isHeld(this.#place)) return true;
        if (step.status === "end") return this.#leave(source, place);
      }
    } finally {
      await source.file.release();
    }
  }

  #reader(file: SourceFile, place: Place): LineReader {
    return new LineReader(file, place, { lines: this.#lines });
  }

  /** A reader further on, when no row that is wanted lies before that. */
  async #skip(reader: LineReader, { file, bound }: Source): Promise<LineReader | undefined> {
    const { skip } = this.#out;
    const place = this.#place && skip?.to(this.#place.gen, this.#place.offset, "forward");
    if (place === undefined || place.offset <= reader.readTo || place.offset > (bound ?? place.offset))
      return undefined;
    if (!(await file.holds(place))) {
      skip?.forget(place.gen);
      return undefined;
    }
    this.#arrive(place);
    return this.#reader(file, place);
  }

  /** False: the slice is full. */
  #take(rows: readonly FileRow[]): boolean {
    for (const row of rows) {
      if (!this.#out.offer(row)) return false;
      this.#arrive(row);
    }
    return this.#out.ended === undefined;
  }

  #torn(reader: LineReader, source: Source): readonly FileRow[] {
    const torn = source.bound === undefined ? reader.flush() : undefined;
    return torn === undefined ? [] : [torn];
  }

  /** From the end of one file to the start of the next. */
  #leave(source: Source, place: Place): boolean {
    if (source.bound !== undefined) return this.#stay(source, place);
    const [next] = this.#follower.lineage.after(source.known);
    if (next === undefined) return false;
    const reason = source.gapAfter ?? this.#follower.lineage.gapBefore(next);
    if (reason === undefined) this.#place = startOf(next);
    else this.#gap(startOf(next), reason, 0);
    return true;
  }

  /** At the end of the file that grows; true: it has grown meanwhile, or is not that file any more. */
  #stay(source: Source, place: Place): boolean {
    const { end } = this.#follower.ring;
    const reached = end?.gen === source.known ? end : startOf(source.known);
    if (this.#follower.fileOf(source.known) === undefined || reached.offset !== source.bound) return true;
    if (reached === end && end.offset >= place.offset) this.#arrive(end);
    return false;
  }

  /** The data after the place is gone. Perhaps the follower has not seen it yet; else there is a gap. */
  async #lose(): Promise<boolean> {
    this.#losses += 1;
    if (this.#losses > LOSSES) return false;
    await this.#follower.look();
    await this.#sources.refresh();
    const place = this.#place;
    if (place === undefined || this.#isHeld(place)) return place !== undefined;
    const source = await this.#sources.open(place);
    await source?.file.release();
    if (source !== undefined) return true;
    const next = await this.#sources.successorOf(place);
    if (next === undefined || samePlace(next.place, place)) return false;
    this.#gap(next.place, next.reason, next.bytes);
    return true;
  }

  #gap(to: Place, reason: GapReason, bytes: number): void {
    this.#out.gap({ from: cursorOf(this.#told), to: formatCursor(to), bytes, reason });
    this.#arrive(to);
  }

  #arrive(place: Place): void {
    this.#place = place;
    this.#told = place;
  }

  #slice(): Slice {
    const { items, began, ended } = this.#out;
    const last = cursorOf(this.#told);
    return { items, first: began?.cursor, last, more: ended === "full" && last !== this.#follower.ring.head };
  }
}
