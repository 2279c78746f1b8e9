import { formatCursor, startOf } from "./cursor.ts";
import type { Cursor, Place } from "./cursor.ts";
import type { Gap, Lineage } from "./lineage.ts";
import type { FileRow } from "./row.ts";

export type Item = FileRow | { readonly gap: Gap; readonly place: Place };

/** What a row costs beside its text, about. */
const ROW_BYTES = 128;
/** Records kept parsed: whoever keeps up asks for these, and again only for older ones. */
const PARSED = 256;
/** Slots at first; there are twice as many each time these do not do. */
const SLOTS = 256;

/** The newest rows of a stream, shared by all who read it: contiguous, and always up to the end as read so far. */
export class Ring {
  readonly maxBytes: number;
  readonly #lineage: Lineage;
  /** Slot n lies at n modulo their number, so that nothing is ever moved. */
  #items = slots(SLOTS);
  /** Of the items' generations, beside them: an object for each of many thousands is what the collector is slow at. */
  #serials = new Int32Array(SLOTS);
  /** Number of the oldest item's slot, and of the one after the newest. */
  #first = 0;
  #next = 0;
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
    const behind = this.at(this.#next - PARSED);
    if (behind !== undefined && !("gap" in behind)) behind.forget();
    this.#bytes += ROW_BYTES + row.bytes;
    while (this.#bytes > this.maxBytes && this.#next - this.#first > 1) this.#evict();
  }

  /**
   * A file that was cut and begins as before has places that are called like those before the cut: of rows that nobody
   * could tell apart the older go.
   */
  pushGap(gap: Gap, gen: string): void {
    const place = startOf(gen);
    if (this.#end?.gen === gen) while (this.#next > this.#first) this.#evict();
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
    const found = this.at(low);
    if (found !== undefined && samePlace(placeOf(found), place)) return low + 1;
    return isStart ? this.#first : undefined;
  }

  /** Number of the first item that ends at the offset or behind it. */
  #firstFrom(serial: number, offset: number): number {
    let low = this.#first;
    let high = this.#next;
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      const item = this.at(middle);
      const later = (this.#serials[this.#place(middle)] ?? 0) - serial;
      if (item !== undefined && (later || placeOf(item).offset - offset) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  at(n: number): Item | undefined {
    return n < this.#first || n >= this.#next ? undefined : this.#items[this.#place(n)];
  }

  #place(n: number): number {
    return n % this.#items.length;
  }

  #push(item: Item, place: Place): void {
    if (this.#next - this.#first === this.#items.length) this.#grow();
    this.#items[this.#place(this.#next)] = item;
    this.#serials[this.#place(this.#next)] = this.#lineage.indexOf(place.gen) ?? -1;
    this.#next += 1;
    this.#end = place;
  }

  #grow(): void {
    const [items, serials] = [this.#items, this.#serials];
    this.#items = slots(items.length * 2);
    this.#serials = new Int32Array(items.length * 2);
    for (let n = this.#first; n < this.#next; n += 1) {
      this.#items[this.#place(n)] = items[n % items.length];
      this.#serials[this.#place(n)] = serials[n % items.length] ?? -1;
    }
  }

  #evict(): void {
    const item = this.at(this.#first);
    if (item === undefined) return;
    // Of one row more that stays: a copy for each would be one object more to collect.
    this.#start = placeOf(item);
    this.#startSerial = this.#serials[this.#place(this.#first)];
    this.#items[this.#place(this.#first)] = undefined;
    this.#first += 1;
    if (!("gap" in item)) this.#bytes -= ROW_BYTES + item.bytes;
  }
}

function slots(count: number): (Item | undefined)[] {
  return Array.from({ length: count }, () => undefined);
}

/** The place after an item. */
function placeOf(item: Item): Place {
  return "gap" in item ? item.place : item;
}

export function samePlace(a: Place, b: Place): boolean {
  return a.offset === b.offset && a.gen === b.gen && a.check === b.check;
}
