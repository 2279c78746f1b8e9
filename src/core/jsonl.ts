import { mkdir, open, rename } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { dirname } from "node:path";
import { syncDirectory, syncOnce, writeAll } from "./atomic-file.ts";
import { describeError } from "./errors.ts";
import {
  NEWLINE,
  linesBackward,
  linesForward,
  openIfThere,
  parseLine,
  rolledNumbers,
  rolledPath,
} from "./jsonl-files.ts";
import type { JsonObject } from "./jsonl-files.ts";

/**
 * Logs of one JSON object a line. The file that grows is `<name>.jsonl`; full ones are `<name>.1.jsonl`,
 * `<name>.2.jsonl`, … in order of age. A file has one writer. A crash can tear a line anywhere; readers skip what is
 * no JSON object.
 */
export type { JsonObject } from "./jsonl-files.ts";

const MAX_BYTES = 64 * 1024 * 1024;
const FILE_MODE = 0o640;

export interface JsonlOptions {
  /** The file is rolled before it would grow larger. */
  readonly maxBytes?: number;
  /** Whether a record survives a power failure once `append` resolves. */
  readonly durable?: boolean;
}

interface Pending {
  readonly line: Buffer;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** An open file and where its end is. */
interface Tail {
  readonly handle: FileHandle;
  size: number;
  /** The last line has no end: the next record starts on a new one. */
  torn: boolean;
}

/** Appends records in order, those that come together in one write(2); durable ones that come together share a sync. */
export class JsonlWriter {
  readonly path: string;
  readonly #maxBytes: number;
  readonly #durable: boolean;
  readonly #pending: Pending[] = [];
  #tail: Tail | undefined;
  #draining: Promise<void> | undefined;
  #closed = false;

  private constructor(path: string, options: JsonlOptions) {
    this.path = path;
    this.#maxBytes = options.maxBytes ?? MAX_BYTES;
    this.#durable = options.durable ?? false;
  }

  /** Opens or makes the file and its folder. */
  static async open(path: string, options: JsonlOptions = {}): Promise<JsonlWriter> {
    const writer = new JsonlWriter(path, options);
    await mkdir(dirname(path), { recursive: true });
    writer.#tail = await openTail(path, writer.#durable);
    return writer;
  }

  /**
   * Rejects with the system's error or `sync_failed`; the record is then not in the file, unless the error says that it
   * may be. The file is opened anew for the next one.
   */
  append(record: object): Promise<void> {
    if (this.#closed) return Promise.reject(new Error(`append to ${this.path}: the writer was closed`));
    return new Promise((resolve, reject) => {
      this.#pending.push({ line: Buffer.from(`${JSON.stringify(record)}\n`), resolve, reject });
      this.#draining ??= this.#drain();
    });
  }

  /** Writes what was appended, then closes. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#draining;
    await this.#drop();
  }

  async #drain(): Promise<void> {
    // Records appended in the same tick are written, and synced, together.
    await Promise.resolve();
    while (this.#pending.length > 0) {
      let batch = this.#pending.splice(0);
      try {
        while (batch.length > 0) {
          const tail = await this.#tailFor(batch);
          const fitting = countFitting(batch, tail.size, this.#maxBytes);
          await this.#write(tail, batch.slice(0, fitting));
          for (const { resolve } of batch.slice(0, fitting)) resolve();
          batch = batch.slice(fitting);
        }
      } catch (error) {
        await this.#drop();
        for (const { reject } of batch) reject(error);
      }
    }
    this.#draining = undefined;
  }

  /** The file that the first of the records is to be written to. */
  async #tailFor(batch: readonly Pending[]): Promise<Tail> {
    const tail = (this.#tail ??= await openTail(this.path, this.#durable));
    return countFitting(batch, tail.size, this.#maxBytes) > 0 ? tail : this.#roll();
  }

  /** All of them or none: what was refused would otherwise be found by the next reader. */
  async #write(tail: Tail, batch: readonly Pending[]): Promise<void> {
    const lines = batch.map(({ line }) => line);
    const bytes = Buffer.concat(tail.torn ? [Buffer.of(NEWLINE), ...lines] : lines);
    const { handle, size } = tail;
    try {
      await writeAll(handle, bytes);
      if (this.#durable) await syncOnce(this.path, () => handle.datasync());
    } catch (error) {
      await this.#takeBack(tail, error);
      throw error;
    }
    tail.size = size + bytes.length;
    tail.torn = false;
  }

  async #takeBack({ handle, size }: Tail, cause: unknown): Promise<void> {
    const fault = await handle.truncate(size).then(() => undefined, describeError);
    if (fault === undefined) return;
    const faults = `${describeError(cause)}; cutting the file back to ${size} bytes failed too: ${fault}`;
    throw new Error(`append to ${this.path}: ${faults}. What was refused may be in it.`, { cause });
  }

  async #roll(): Promise<Tail> {
    // Nothing is left to sync: each batch was, and what was there before them was when the file was opened.
    await this.#drop();
    const last = (await rolledNumbers(this.path)).at(-1) ?? 0;
    await rename(this.path, rolledPath(this.path, last + 1));
    this.#tail = await openTail(this.path, this.#durable);
    return this.#tail;
  }

  async #drop(): Promise<void> {
    const handle = this.#tail?.handle;
    this.#tail = undefined;
    await handle?.close().catch(() => undefined);
  }
}

/** How many of the records, from the first on, the file takes; an empty one takes any. */
function countFitting(batch: readonly Pending[], size: number, maxBytes: number): number {
  let end = size;
  const over = batch.findIndex(({ line }) => {
    const isOver = end > 0 && end + line.length > maxBytes;
    end += line.length;
    return isOver;
  });
  return over === -1 ? batch.length : over;
}

async function openTail(path: string, durable: boolean): Promise<Tail> {
  const handle = await open(path, "a+", FILE_MODE);
  try {
    const { size } = await handle.stat();
    // What an earlier writer left may not be synced, and is acted on from now on.
    if (durable) await (size === 0 ? syncDirectory(dirname(path)) : syncOnce(path, () => handle.datasync()));
    const last = Buffer.alloc(1);
    if (size > 0) await handle.read(last, 0, 1, size - 1);
    return { handle, size, torn: size > 0 && last[0] !== NEWLINE };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/**
 * The last `n` records that pass the filter, oldest first, over rolled files too. Reads from the end and no further
 * than needed, nor more than about `maxBytes`. A file that does not exist has none.
 */
export async function readLast(
  path: string,
  n: number,
  filter: (record: JsonObject) => boolean = () => true,
  maxBytes = Number.POSITIVE_INFINITY,
): Promise<JsonObject[]> {
  const found: JsonObject[] = [];
  let bytes = 0;
  await eachFile(path, async (handle) => {
    for await (const line of linesBackward(handle)) {
      bytes += line.length + 1;
      if (found.length >= n || bytes > maxBytes) return false;
      const record = parseLine(line);
      if (record !== undefined && filter(record)) found.push(record);
    }
    return found.length < n;
  });
  return found.toReversed();
}

/** Calls back with the files, newest first, until it answers false. One that is rolled meanwhile is seen once. */
async function eachFile(path: string, visit: (handle: FileHandle) => Promise<boolean>): Promise<void> {
  const seen = new Set<bigint>();
  const visitPath = async (file: string): Promise<boolean> => {
    const handle = await openIfThere(file);
    if (handle === undefined) return true;
    try {
      const { ino } = await handle.stat({ bigint: true });
      if (seen.has(ino)) return true;
      seen.add(ino);
      return await visit(handle);
    } finally {
      await handle.close();
    }
  };
  if (!(await visitPath(path))) return;
  for (const n of (await rolledNumbers(path)).toReversed()) if (!(await visitPath(rolledPath(path, n)))) return;
}

/** All records, oldest first, over rolled files too. */
export async function* readAll(path: string): AsyncGenerator<JsonObject, void, undefined> {
  for (const file of [...(await rolledNumbers(path)).map((n) => rolledPath(path, n)), path]) {
    const handle = await openIfThere(file);
    if (handle === undefined) continue;
    try {
      for await (const line of linesForward(handle)) {
        const record = parseLine(line);
        if (record !== undefined) yield record;
      }
    } finally {
      await handle.close();
    }
  }
}
