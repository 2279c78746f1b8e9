import { formatCursor, startOf } from "./cursor.ts";
import type { Cursor, Place } from "./cursor.ts";
import type { Gap, Lineage } from "./lineage.ts";
import type { FileRow } from "./row.ts";

export type Item = FileRow | { readonly gap: Gap; readonly place: Place };

/** What a row costs beside its text, about. */
const ROW_BYTES = 128;
/** Records kept parsed: whoever keeps up asks for these, and again only for older ones. */
const PARSED = 256;
/** Slots that were given up are let go of in bundles. */
const SLACK = 1024;

/** The newest rows of a stream, shared by all who read it: contiguous, and always up to the end as read so far. */
export class Ring {
  readonly maxBytes: number;
  readonly #lineage: Lineage;
  #items: (Item | undefined)[] = [];
  /** Of the items' generations, beside them: an object for each of many thousands is what the collector is slow at. */
  #serials: number[] = [];
  #first = 0;
  #bytes = 0;
  #start: Place | undefined;
  #startSerial: number | undefined;
  #end: Place | undefined;

  constructor(lineage: Lineage, maxBytes: number) {
    this.#lineage = lineage;
    this.maxBytes = maxBytes;
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
    const behind = this.#items[this.#items.length - PARSED];
    if (behind !== undefined && !("gap" in behind)) behind.forget();
    this.#bytes += ROW_BYTES + row.bytes;
    while (this.#bytes > this.maxBytes && this.#items.length - this.#first > 1) this.#evict();
  }

  /**
   * A file that was cut and begins as before has places that are called like those before the cut: of rows that nobody
   * could tell apart the older go.
   */
  pushGap(gap: Gap, gen: string): void {
    const place = startOf(gen);
    if (this.#end?.gen === gen) while (this.#items.length > this.#first) this.#evict();
    this.#push({ gap, place }, place);
  }

  /** Number of the slot just after the place; undefined when the ring does not reach back to it. */
  after(place: Place): number | undefined {
    const serial = this.#lineage.indexOf(place.gen);
    if (serial === undefined || this.#start === undefined) return undefined;
    const isStart = samePlace(place, this.#start);
    // A file that was cut and written anew may have a place that is called like one before: the newest is meant.
    if (isStart && !this.isStartGone) return this.#first;
    const low = this.#firstFrom(serial, place.offset);
    const found = this.#items[low];
    if (found !== undefined && samePlace(placeOf(found), place)) return low + 1;
    return isStart ? this.#first : undefined;
  }

  /** Number of the first item that ends at the offset or behind it. */
  #firstFrom(serial: number, offset: number): number {
    let low = this.#first;
    let high = this.#items.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const item = this.#items[middle];
      const later = (this.#serials[middle] ?? 0) - serial;
      if (item !== undefined && (later || placeOf(item).offset - offset) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  at(n: number): Item | undefined {
    return n < this.#first ? undefined : this.#items[n];
  }

  #push(item: Item, { gen, offset, check }: Place): void {
    this.#items.push(item);
    this.#serials.push(this.#lineage.indexOf(gen) ?? -1);
    this.#end = { gen, offset, check };
  }

  #evict(): void {
    const item = this.#items[this.#first];
    const serial = this.#serials[this.#first];
    this.#items[this.#first] = undefined;
    this.#first += 1;
    if (item === undefined) return;
    const { gen, offset, check } = placeOf(item);
    this.#start = { gen, offset, check };
    this.#startSerial = serial;
    if (!("gap" in item)) this.#bytes -= ROW_BYTES + item.bytes;
    if (this.#first < SLACK || this.#first < this.#items.length / 2) return;
    this.#items = this.#items.slice(this.#first);
    this.#serials = this.#serials.slice(this.#first);
    this.#first = 0;
  }
}

/** The place after an item. */
function placeOf(item: Item): Place {
  return "gap" in item ? item.place : item;
}

export function samePlace(a: Place, b: Place): boolean {
  return a.offset === b.offset && a.gen === b.gen && a.check === b.check;
}
