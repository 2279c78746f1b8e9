import { formatCursor, startOf } from "./cursor.ts";
import type { Cursor, Place } from "./cursor.ts";
import type { Gap, Lineage } from "./lineage.ts";
import type { FileRow } from "./row.ts";

export type Item = FileRow | { readonly gap: Gap; readonly place: Place };

interface Slot {
  readonly item: Item;
  /** The place after it. */
  readonly place: Place;
  readonly serial: number;
}

/** What a row costs beside its text, about. */
const ROW_BYTES = 128;
/** Records kept parsed: whoever keeps up asks for these, and again only for older ones. */
const PARSED = 1024;
/** Slots that were given up are let go of in bundles. */
const SLACK = 1024;

/** The newest rows of a stream, shared by all who read it: contiguous, and always up to the end as read so far. */
export class Ring {
  readonly #lineage: Lineage;
  readonly #maxBytes: number;
  #slots: (Slot | undefined)[] = [];
  #first = 0;
  #bytes = 0;
  #start: Place | undefined;
  #startSerial: number | undefined;
  #end: Place | undefined;

  constructor(lineage: Lineage, maxBytes: number) {
    this.#lineage = lineage;
    this.#maxBytes = maxBytes;
  }

  /** The place before the oldest row; undefined as long as nothing is known of the stream. */
  get start(): Place | undefined {
    return this.#start;
  }

  /** Whether the file that the ring begins in was cut since: it bears the same name, and holds other rows. */
  get isStartGone(): boolean {
    return this.#start !== undefined && this.#lineage.indexOf(this.#start.gen) !== this.#startSerial;
  }

  /** The place after the newest. */
  get end(): Place | undefined {
    return this.#end;
  }

  get head(): Cursor | undefined {
    return this.#end === undefined ? undefined : formatCursor(this.#end);
  }

  /** Where the stream begins for this process. */
  begin(place: Place): void {
    this.#start = place;
    this.#startSerial = this.#lineage.indexOf(place.gen);
    this.#end = place;
  }

  push(row: FileRow): void {
    this.#push(row, row);
    const behind = this.#slots[this.#slots.length - PARSED]?.item;
    if (behind !== undefined && !("gap" in behind)) behind.forget();
    this.#bytes += ROW_BYTES + row.bytes;
    while (this.#bytes > this.#maxBytes && this.#slots.length - this.#first > 1) this.#evict();
  }

  pushGap(gap: Gap, gen: string): void {
    const place = startOf(gen);
    this.#push({ gap, place }, place);
  }

  /** Number of the slot just after the place; undefined when the ring does not reach back to it. */
  after(place: Place): number | undefined {
    const serial = this.#lineage.indexOf(place.gen);
    if (serial === undefined || this.#start === undefined) return undefined;
    const isStart = samePlace(place, this.#start);
    // A file that was cut and written anew may have a place that is called like one before: the newest is meant.
    if (isStart && !this.isStartGone) return this.#first;
    let low = this.#first;
    let high = this.#slots.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const slot = this.#slots[middle];
      if (slot !== undefined && (slot.serial - serial || slot.place.offset - place.offset) < 0) low = middle + 1;
      else high = middle;
    }
    const found = this.#slots[low];
    if (found !== undefined && samePlace(found.place, place)) return low + 1;
    return isStart ? this.#first : undefined;
  }

  at(n: number): Item | undefined {
    return n < this.#first ? undefined : this.#slots[n]?.item;
  }

  #push(item: Item, place: Place): void {
    const { gen, offset, check } = place;
    const kept = item === place ? place : { gen, offset, check };
    this.#slots.push({ item, place: kept, serial: this.#lineage.indexOf(gen) ?? -1 });
    this.#end = kept;
  }

  #evict(): void {
    const slot = this.#slots[this.#first];
    this.#slots[this.#first] = undefined;
    this.#first += 1;
    if (slot === undefined) return;
    const { gen, offset, check } = slot.place;
    this.#start = { gen, offset, check };
    this.#startSerial = slot.serial;
    if (!("gap" in slot.item)) this.#bytes -= ROW_BYTES + slot.item.bytes;
    if (this.#first < SLACK || this.#first < this.#slots.length / 2) return;
    this.#slots = this.#slots.slice(this.#first);
    this.#first = 0;
  }
}

export function samePlace(a: Place, b: Place): boolean {
  return a.offset === b.offset && a.gen === b.gen && a.check === b.check;
}
