import type { Catalog, Entry } from "./catalog.ts";
import { inodeHashOf, lineHashOf, startOf, timeOf } from "./cursor.ts";
import type { Place } from "./cursor.ts";
import type { Follower } from "./follower.ts";
import type { GapReason } from "./lineage.ts";
import { SourceFile, sameFile } from "./source-file.ts";

/** A generation that can be read. Whoever opened it releases the file. */
export interface Source {
  readonly file: SourceFile;
  /** Offset up to which the follower has handed it on, for the one being read; else it is read to its end. */
  readonly bound: number | undefined;
  /** The generation by which the lineage knows the file: another one when the file is a copy. */
  readonly known: string;
  /** Why rows may be missing after the file: what was written to the copied one later is not in the copy. */
  readonly gapAfter: GapReason | undefined;
}

/** Where to go on when a place cannot be read any more. */
export interface Successor {
  readonly place: Place;
  readonly reason: GapReason;
  readonly bytes: number;
}

/** Finds the files of generations: under whatever name, open without one, or as a copy. */
export class Sources {
  readonly #catalog: Catalog;
  readonly #follower: Follower;

  constructor(catalog: Catalog, follower: Follower) {
    this.#catalog = catalog;
    this.#follower = follower;
  }

  /** Undefined when the generation's data is gone, or is not what the place was made of. */
  async open(place: Place): Promise<Source | undefined> {
    return (await this.#openItself(place)) ?? this.#openCopy(place);
  }

  /** Looks for the files anew. */
  async refresh(): Promise<void> {
    await this.#catalog.list({ fresh: true });
  }

  /** What follows a place whose data is gone; undefined when nothing is there at all. */
  async successorOf(place: Place | undefined): Promise<Successor | undefined> {
    const { ring, lineage } = this.#follower;
    if (place !== undefined && lineage.indexOf(place.gen) !== undefined) {
      // The place is not one of the file that now bears its name: that one was cut, and begins the same.
      if (await this.#isItself(place.gen)) return { place: startOf(place.gen), reason: "truncated", bytes: 0 };
      // The ring may hold the rest of a file that is gone.
      if (ring.start?.gen === place.gen && ring.start.offset > place.offset) {
        return { place: ring.start, reason: "deleted", bytes: ring.start.offset - place.offset };
      }
      const later = lineage.after(place.gen);
      const reason = (later[0] === undefined ? undefined : lineage.gapBefore(later[0])) ?? "deleted";
      return this.#oldestOf(later, reason);
    }
    return place === undefined ? this.#oldestOf(lineage.all(), "deleted") : this.#afterUnknown(place.gen);
  }

  /** What came after a generation of which only the name is left. Without a time in it, it may have been the oldest. */
  async #afterUnknown(gen: string): Promise<Successor | undefined> {
    const known = this.#follower.lineage.all();
    const time = timeOf(gen);
    const same = known.find((other) => inodeHashOf(other) === inodeHashOf(gen));
    if (time === undefined) return same ? this.#oldestOf([same], "truncated") : this.#oldestOf(known, "deleted");
    const later = known.filter((other) => (timeOf(other) ?? Number.POSITIVE_INFINITY) > time);
    return this.#oldestOf(later, later[0] !== undefined && later[0] === same ? "truncated" : "deleted");
  }

  async #oldestOf(gens: readonly string[], reason: GapReason): Promise<Successor | undefined> {
    const { start } = this.#follower.ring;
    for (const gen of gens) {
      if (start?.gen === gen && !(await this.#isThere(gen))) return { place: start, reason, bytes: 0 };
      if (await this.#isThere(gen)) return { place: startOf(gen), reason, bytes: 0 };
    }
    return undefined;
  }

  async #isThere(gen: string): Promise<boolean> {
    const source = await this.open(startOf(gen));
    await source?.file.release();
    return source !== undefined;
  }

  async #isItself(gen: string): Promise<boolean> {
    const source = await this.#openItself(startOf(gen));
    await source?.file.release();
    return source !== undefined;
  }

  async #openItself(place: Place): Promise<Source | undefined> {
    const { gen } = place;
    const file = this.#follower.fileOf(gen)?.retain();
    if (file === undefined) {
      const found = await this.#openEntry((entry) => entry.gen === gen);
      return found && this.#checked({ ...found, gapAfter: undefined }, place);
    }
    const end = this.#follower.ring.end;
    const bound = end?.gen === gen ? end.offset : 0;
    return this.#checked({ file, bound, known: gen, gapAfter: undefined }, place);
  }

  async #openCopy(place: Place): Promise<Source | undefined> {
    const { lineage } = this.#follower;
    const entries = await this.#catalog.list();
    for (const entry of entries.toReversed()) {
      if (entry.gen === undefined || lineHashOf(entry.gen) !== lineHashOf(place.gen)) continue;
      const copy = await this.#openEntry((other) => other.gen === entry.gen);
      if (copy === undefined) continue;
      const isKnown = lineage.indexOf(place.gen) !== undefined;
      // The original goes on under its inode: what it was given after the copy was made is in neither.
      const wasCut = entries.some(
        (other) => other.gen !== undefined && inodeHashOf(other.gen) === inodeHashOf(place.gen),
      );
      const gapAfter = wasCut && !isKnown ? "truncated" : undefined;
      const source = await this.#checked({ ...copy, known: isKnown ? place.gen : entry.gen, gapAfter }, place);
      if (source !== undefined) return source;
    }
    return undefined;
  }

  async #checked(source: Source, place: Place): Promise<Source | undefined> {
    try {
      if (await source.file.holds(place)) return source;
    } catch (error) {
      await source.file.release();
      throw error;
    }
    await source.file.release();
    return undefined;
  }

  /** A name may lead to another file by the time it is opened: then the files are looked for again. */
  async #openEntry(wanted: (entry: Entry) => boolean): Promise<Omit<Source, "gapAfter"> | undefined> {
    for (const fresh of [false, true]) {
      const entry = (await this.#catalog.list({ fresh })).find(wanted);
      if (entry?.gen === undefined) continue;
      const file = await SourceFile.open(entry.path);
      if (file !== undefined && sameFile(file, entry)) return { file, bound: undefined, known: entry.gen };
      await file?.release();
    }
    return undefined;
  }
}
