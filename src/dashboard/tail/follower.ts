import { describeError } from "../../core/errors.ts";
import type { Clock } from "../../core/clock.ts";
import type { Logger } from "../../core/log.ts";
import type { Catalog, Entry } from "./catalog.ts";
import { breathe } from "../breathe.ts";
import { formatCursor, lineHashOf, startOf } from "./cursor.ts";
import { endOfLines, placeBefore } from "./end-of-lines.ts";
import { LineReader } from "./line-reader.ts";
import { Lineage } from "./lineage.ts";
import type { GapReason } from "./lineage.ts";
import { Ring } from "./ring.ts";
import type { FileRow } from "./row.ts";
import { SourceFile, sameFile, statNow } from "./source-file.ts";

/** A file to go on with, and whether rows may be missing before it. */
interface Next {
  readonly file: SourceFile;
  readonly gap: { readonly reason: GapReason; readonly bytes: number } | undefined;
  /** Where to begin in a file that was read before and is written again; undefined: at its start. */
  readonly from?: { readonly gen: string; readonly offset: number; readonly check?: number } | undefined;
}

interface Current {
  readonly reader: LineReader;
  /** Whether the ring holds rows of it, or begins in it. */
  entered: boolean;
  /** Told with the first row of the file, when its name is known. */
  readonly gap: Next["gap"];
  /** Where to go after this one, when that is settled: this is the copy of a file that was cut. */
  readonly next?: Next;
}

/** Is given rows that are in the ring, and their bytes; what it returns is waited for. */
export type OnRows = (rows: readonly FileRow[], bytes: number) => Promise<unknown> | undefined;

/** What the file looked like when there was nothing more to read. */
interface Quiet {
  readonly size: bigint;
  readonly mtimeNs: bigint;
}

/** A file that changed less than this ago, ms, may change again without a change of its time. */
const GRAIN_MS = 100;

/**
 * The one reader of a stream. It keeps the file that grows open and reads it to its end at each look; to the next file
 * it goes only when the writer has, and after another look at the old one, so that nothing written there is left.
 *
 *   none ──file appears──▶ reading ──writer has moved on──▶ reading the next
 *                          reading ──file was cut──▶ (rest of a copy of it, if one lies there ──▶) reading it anew
 */
export class Follower {
  readonly lineage = new Lineage();
  readonly ring: Ring;
  readonly #catalog: Catalog;
  readonly #clock: Clock;
  readonly #log: Logger | undefined;
  readonly #onRows: OnRows;
  #current: Current | undefined;
  #quiet: Quiet | undefined;
  #looking: Promise<void> | undefined;
  /** Where the files were left. */
  readonly #ends = new Map<string, number>();
  #trouble = "";
  #closed = false;

  constructor(options: { catalog: Catalog; clock: Clock; log: Logger | undefined; ringBytes: number; onRows: OnRows }) {
    this.#catalog = options.catalog;
    this.#clock = options.clock;
    this.#log = options.log;
    this.#onRows = options.onRows;
    this.ring = new Ring(this.lineage, options.ringBytes);
  }

  /** The file being read when it is the generation asked for, though no name may lead to it any more. */
  fileOf(gen: string): SourceFile | undefined {
    return this.#current?.reader.gen === gen ? this.#current.reader.file : undefined;
  }

  /** Takes up the stream at its end: what lies there already is history. */
  async start(): Promise<void> {
    try {
      await this.#takeUp();
    } catch (error) {
      this.#tell(error);
    }
    await this.look();
  }

  async #takeUp(): Promise<void> {
    const entries = await this.#catalog.list({ fresh: true });
    const found = statNow(this.#catalog.path);
    const active = found === undefined ? -1 : entries.findIndex((entry) => sameFile(entry, found));
    const written = entries.slice(0, active === -1 ? undefined : active + 1);
    const last = written.findLast(({ gen }) => gen !== undefined);
    const file = last === undefined ? undefined : await openSame(last);
    if (last?.gen === undefined || file === undefined) return;
    for (const { gen, size } of written) {
      if (gen === undefined) continue;
      this.lineage.add(gen, undefined);
      this.#ends.set(gen, size);
    }
    const end = await endOfLines(file, last.gen);
    const from = await placeBefore(file, end, this.ring.maxBytes / 2);
    const current = { ...reading(file, from), entered: true };
    this.ring.begin(from);
    this.#current = current;
    await this.#remember(current, end.offset);
  }

  /** The newest of what lies there: it is asked for more often than all the rest. Nobody is told of it. */
  async #remember({ reader }: Current, end: number): Promise<void> {
    for (;;) {
      const step = await reader.next(end);
      if (step.status !== "rows") return;
      for (const row of step.rows) this.ring.push(row);
      await breathe();
    }
  }

  /** Reads what there is now. Calls that come meanwhile are answered by a look that begins after them. */
  async look(): Promise<void> {
    const running = this.#looking;
    if (running !== undefined) {
      await running;
      if (this.#looking !== undefined && this.#looking !== running) return this.#looking;
    }
    this.#looking = this.#safely().finally(() => {
      this.#looking = undefined;
    });
    return this.#looking;
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#looking;
    await this.#current?.reader.file.release();
    await this.#current?.next?.file.release();
    this.#current = undefined;
  }

  /** A file that cannot be read now is tried again at each look; the log hears of it once. */
  async #safely(): Promise<void> {
    try {
      await this.#read();
      this.#trouble = "";
    } catch (error) {
      this.#tell(error);
    }
  }

  #tell(error: unknown): void {
    const trouble = describeError(error);
    if (trouble !== this.#trouble) this.#log?.warn({ path: this.#catalog.path, error: trouble }, "tail failed");
    this.#trouble = trouble;
  }

  async #read(): Promise<void> {
    if (this.#closed || this.#isQuiet()) return;
    this.#quiet = undefined;
    this.#current ??= await this.#first();
    while (this.#current !== undefined && !this.#isClosed()) {
      if (!(await this.#readOn(this.#current))) return;
    }
  }

  /** Reads a file to its end and goes to the next; false: there is none yet. */
  async #readOn(current: Current): Promise<boolean> {
    // What is there is handed on first: those who wait for it need not wait for what follows as well.
    if ((await this.#drain(current)) === "lost") {
      await this.#cut(current);
      return true;
    }
    const found = statNow(this.#catalog.path);
    const still = found !== undefined && sameFile(found, current.reader.file) ? found : undefined;
    const isBusy = still !== undefined && this.#clock.now() - Number(still.mtimeMs) <= GRAIN_MS;
    return isBusy && current.next === undefined ? false : this.#leave(current, still);
  }

  /** Goes to the next file; false: there is none yet. `still`: what is known of the one being read if it is the last. */
  async #leave(current: Current, still: Quiet | undefined): Promise<boolean> {
    // Asked before the last read of this file: once the writer is in the next one, it leaves this one alone.
    const next = current.next ?? (await this.#next(current.reader));
    if ((await this.#drain(current)) === "lost") {
      if (next !== undefined && next !== current.next) await next.file.release();
      await this.#cut(current);
      return true;
    }
    if (next !== undefined) {
      await this.#moveTo(next);
      return true;
    }
    this.#quiet = still;
    return false;
  }

  #isClosed(): boolean {
    return this.#closed;
  }

  #isQuiet(): boolean {
    const file = this.#current?.reader.file;
    const found = this.#quiet === undefined || file === undefined ? undefined : statNow(this.#catalog.path);
    if (found === undefined || file === undefined || !sameFile(found, file)) return false;
    return found.size === this.#quiet?.size && found.mtimeNs === this.#quiet.mtimeNs;
  }

  /** Nothing was there until now: the oldest of what has appeared. */
  async #first(): Promise<Current | undefined> {
    if (statNow(this.#catalog.path) === undefined) return undefined;
    const entries = await this.#catalog.list({ fresh: true });
    const entry = entries.find(({ size }) => size > 0);
    const file = entry === undefined ? undefined : await openSame(entry);
    return file && reading(file);
  }

  async #drain(current: Current): Promise<"end" | "lost"> {
    for (;;) {
      const step = await current.reader.next();
      if (step.status !== "rows") return step.status;
      // Those who keep up read along: to be further ahead than the ring reaches, they would read from the file again.
      await this.#take(current, step.rows);
      await breathe();
      if (this.#closed) return "end";
    }
  }

  #take(current: Current, rows: readonly FileRow[]): Promise<unknown> | undefined {
    const { gen } = current.reader;
    if (rows.length === 0 || gen === undefined) return undefined;
    if (!current.entered) this.#enter(gen, current.gap);
    current.entered = true;
    let bytes = 0;
    // Nothing may wait between the ring and those who are told: some take up both in one moment.
    for (const row of rows) {
      this.ring.push(row);
      bytes += row.bytes;
    }
    return this.#onRows(rows, bytes);
  }

  /** The first row of a file: now that it has a name, it follows the one before. */
  #enter(gen: string, gap: Next["gap"]): void {
    const from = this.ring.head;
    this.lineage.add(gen, gap?.reason);
    if (this.ring.end === undefined) this.ring.begin(startOf(gen));
    if (gap !== undefined) this.ring.pushGap({ from, to: formatCursor(startOf(gen)), ...gap }, gen);
  }

  /** The file after the one being read, if the writer has got there. */
  async #next(reader: LineReader): Promise<Next | undefined> {
    const active = statNow(this.#catalog.path);
    if (active !== undefined && sameFile(active, reader.file)) return undefined;
    const entries = await this.#catalog.list({ fresh: active !== undefined });
    const index = entries.findIndex((entry) => sameFile(entry, reader.file));
    const isActive = (entry: Entry): boolean => active !== undefined && sameFile(entry, active);
    const isNew = (entry: Entry): boolean => isActive(entry) || !this.#isKnown(entry);
    const later = index === -1 ? entries.filter(isNew) : entries.slice(index + 1);
    const entry = later.find(({ size }) => size > 0);
    const file = entry === undefined ? undefined : await openSame(entry);
    if (entry === undefined || file === undefined) return undefined;
    if (index !== -1) return { file, gap: undefined, from: this.#leftAt(entry) };
    // Nothing says what came between a file that no known name leads to and the next.
    const reason = (await reader.file.isLinked()) ? "rotated" : "deleted";
    return { file, gap: { reason, bytes: 0 } };
  }

  /** Also as a copy: what begins like a file that was read is none that came after it. */
  #isKnown(entry: Entry): boolean {
    const { gen } = entry;
    return gen !== undefined && this.lineage.all().some((known) => lineHashOf(known) === lineHashOf(gen));
  }

  /** pino-roll may begin again at number 1, where a file lies already, and go on in that. */
  #leftAt(entry: Entry): Next["from"] {
    const offset = entry.gen === undefined ? undefined : this.#ends.get(entry.gen);
    return entry.gen === undefined || offset === undefined ? undefined : { gen: entry.gen, offset };
  }

  async #moveTo(next: Next): Promise<void> {
    const left = this.#current;
    const torn = left?.reader.flush();
    if (left !== undefined && torn !== undefined) await this.#take(left, [torn]);
    if (left?.reader.gen !== undefined) this.#ends.set(left.reader.gen, left.reader.readTo);
    // A file without a row passes on what is missing before it.
    const gap = next.gap ?? (left?.entered === true ? undefined : left?.gap);
    this.#current = { ...reading(next.file, next.from), gap };
    if (left !== undefined && left.reader.file !== next.file) await left.reader.file.release();
  }

  /** The file was cut. What a copy of it holds beyond what was read here is read first, then the file anew. */
  async #cut(current: Current): Promise<void> {
    if (current.next !== undefined) {
      await this.#moveTo(current.next);
      return;
    }
    const { reader, entered } = current;
    const place = entered ? this.ring.end : reader.gen === undefined ? undefined : startOf(reader.gen);
    const copy = await this.#copyOf(reader);
    if (copy === undefined) {
      const bytes = reader.readTo - (place?.offset ?? 0);
      this.#current = { ...reading(reader.file), gap: { reason: "truncated", bytes } };
    } else {
      const next: Next = { file: reader.file, gap: { reason: "truncated", bytes: 0 } };
      this.#current = { ...reading(copy, place), entered, gap: current.gap, next };
    }
  }

  /** Another file that holds what was read of this one, and perhaps more: logrotate's `copytruncate`. */
  async #copyOf(reader: LineReader): Promise<SourceFile | undefined> {
    if (reader.readTo === 0) return undefined;
    for (const entry of (await this.#catalog.list({ fresh: true })).toReversed()) {
      if (sameFile(entry, reader.file) || entry.size < reader.readTo) continue;
      const file = await openSame(entry);
      if (file !== undefined && (await reader.isCopiedIn(file))) return file;
      await file?.release();
    }
    return undefined;
  }
}

function reading(file: SourceFile, from?: Next["from"]): Current {
  return { reader: new LineReader(file, from, { lines: "bytes", isFollowed: true }), entered: false, gap: undefined };
}

async function openSame(entry: Entry): Promise<SourceFile | undefined> {
  const file = await SourceFile.open(entry.path);
  if (file === undefined || sameFile(file, entry)) return file;
  await file.release();
  return undefined;
}
