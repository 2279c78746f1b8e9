import { HEAD_BYTES, WINDOW_BYTES, checkOf, generationOf, lineHash, lineHashOf } from "./cursor.ts";
import type { FileRow } from "./row.ts";
import type { SourceFile } from "./source-file.ts";
import { Splitter } from "./splitter.ts";
import type { LinesAs } from "./splitter.ts";
import { CHUNK_BYTES } from "./line-bytes.ts";

/** Of a file that is followed: a writer in a hurry leaves more than that behind, and reads may be held back for clients. */
const FOLLOWED_BYTES = 4 * CHUNK_BYTES;

export type Step =
  | { readonly status: "rows"; readonly rows: readonly FileRow[] }
  /** No byte more for now. */
  | { readonly status: "end" }
  /** What was read before is not there any more: the file was cut, and may have grown again. */
  | { readonly status: "lost" };

const END: Step = { status: "end" };
const LOST: Step = { status: "lost" };

/**
 * Reads the lines of one file forward from a place, as far as they are written. Size alone does not tell a file that
 * was cut and has grown past the place again. So each read begins 64 bytes before what is new and compares them; and
 * who follows a file compares its head too, each time: lines of one length may all end alike.
 */
export class LineReader {
  readonly file: SourceFile;
  #gen: string | undefined;
  #splitter: Splitter | undefined;
  #readTo: number;
  /** Check of the bytes before the place where reading began; undefined: not to be checked. */
  #check: number | undefined;
  /** The bytes before `#readTo`. */
  #window: Buffer = Buffer.alloc(0);
  /** The first bytes of the file, as far as they were seen; more than nothing before the file has a name. */
  #head: Buffer | undefined;
  readonly #follows: boolean;
  readonly #lines: LinesAs;
  readonly #buffer: Buffer;

  /**
   * Without a place: from the start of a file of which nothing is known yet. `isFollowed`: the file may be cut between
   * two reads.
   */
  constructor(
    file: SourceFile,
    place: { gen: string; offset: number; check?: number } | undefined,
    { lines, isFollowed = false }: { lines: LinesAs; isFollowed?: boolean },
  ) {
    this.file = file;
    this.#follows = isFollowed;
    this.#lines = lines;
    this.#gen = place?.gen;
    this.#readTo = place?.offset ?? 0;
    this.#check = place?.check;
    this.#buffer = Buffer.allocUnsafe((this.#follows ? FOLLOWED_BYTES : CHUNK_BYTES) + WINDOW_BYTES);
    if (place !== undefined) this.#splitter = new Splitter(place.gen, place.offset, lines);
  }

  /** The file's generation, once there is enough of the file. */
  get gen(): string | undefined {
    return this.#gen;
  }

  /** Bytes of the file that were read. */
  get readTo(): number {
    return this.#gen === undefined ? (this.#head?.length ?? 0) : this.#readTo;
  }

  /** Whether another file holds all that was read of this one, and so is a copy of it. */
  async isCopiedIn(file: SourceFile): Promise<boolean> {
    const head = this.#head ?? Buffer.alloc(0);
    const bytes = Buffer.alloc(head.length);
    if ((await file.read(bytes, head.length, 0)) < head.length || !bytes.equals(head)) return false;
    if (this.#gen === undefined || this.#readTo === 0) return head.length > 0;
    const check = this.#window.length > 0 ? checkOf(this.#window, this.#window.length) : (this.#check ?? 0);
    return file.holds({ gen: this.#gen, offset: this.#readTo, check });
  }

  /** The next lines, none from `bound` on. After `lost` the reader is of no more use. */
  async next(bound = Number.POSITIVE_INFINITY): Promise<Step> {
    const overlap = Math.min(WINDOW_BYTES, this.#readTo);
    const wanted = Math.min(this.#buffer.length - WINDOW_BYTES, bound - this.#readTo);
    if (wanted <= 0) return END;
    const base = this.#readTo - overlap;
    // What comes short of that is the end of the file, mostly: the next read will tell.
    const enough = base === 0 ? overlap + wanted : overlap + 1;
    const read = await this.#read(this.#buffer, overlap + wanted, base, enough);
    const bytes = this.#buffer.subarray(0, read);
    if (read < overlap || !this.#fits(bytes.subarray(0, overlap))) return LOST;
    if (!(base === 0 ? this.#isSame(bytes) : await this.#isSameStill())) return LOST;
    if (read === overlap || this.#splitter === undefined) return END;
    const rows = this.#splitter.push(bytes, overlap, base);
    this.#readTo = base + read;
    this.#window = Buffer.from(bytes.subarray(-WINDOW_BYTES));
    return { status: "rows", rows };
  }

  /** The last line of a file that nobody writes any more, if it has no end. */
  flush(): FileRow | undefined {
    if (this.#gen !== undefined) return this.#splitter?.flush(this.#readTo, checkOf(this.#window, this.#window.length));
    const head = this.#head;
    if (head === undefined || head.length === 0) return undefined;
    const splitter = this.#name(generationOf(head, true, this.file.inodeHash) ?? "");
    splitter.push(head, 0, 0);
    this.#readTo = head.length;
    this.#window = head;
    return splitter.flush(head.length, checkOf(head, head.length));
  }

  #fits(before: Buffer): boolean {
    if (this.#window.length > 0) return before.equals(this.#window.subarray(-before.length));
    if (this.#check === undefined || before.length === 0) return true;
    return checkOf(before, before.length) === this.#check;
  }

  async #isSameStill(): Promise<boolean> {
    if (this.#head !== undefined && !this.#follows) return true;
    const head = Buffer.allocUnsafe(HEAD_BYTES);
    return this.#isSame(head.subarray(0, await this.#read(head, HEAD_BYTES, 0)));
  }

  #read(buffer: Buffer, length: number, position: number, enough = length): number | Promise<number> {
    if (this.#follows) return this.file.readNow(buffer, length, position, enough);
    return this.file.read(buffer, length, position);
  }

  /** Whether a file that begins with `bytes` is the one that is read; names it when they tell. */
  #isSame(bytes: Buffer): boolean {
    const head = this.#head;
    if (head !== undefined && !bytes.subarray(0, head.length).equals(head)) return false;
    if (head === undefined && this.#gen !== undefined && lineHash(bytes, true) !== lineHashOf(this.#gen)) return false;
    if (head === undefined || head.length < HEAD_BYTES) this.#head = Buffer.from(bytes.subarray(0, HEAD_BYTES));
    const gen = this.#gen ?? generationOf(bytes, false, this.file.inodeHash);
    if (gen !== this.#gen && gen !== undefined) this.#name(gen);
    return true;
  }

  #name(gen: string): Splitter {
    this.#gen = gen;
    return (this.#splitter = new Splitter(gen, 0, this.#lines));
  }
}
