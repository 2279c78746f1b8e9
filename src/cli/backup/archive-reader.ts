import { createHash } from "node:crypto";
import { once } from "node:events";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import { Parser } from "tar";
import type { ReadEntry } from "tar";
import { describeError } from "../../core/errors.ts";
import { CliError } from "../errors.ts";
import { onOneLine } from "../terminal.ts";
import { HEADER, MANIFEST, headerSchema, manifestSchema, placeOf } from "./manifest.ts";
import type { Manifest, Part } from "./manifest.ts";

/** Where the entries of an archive go. Nothing of it may be believed before `readArchive` has resolved. */
export interface Sink {
  /** `below` is empty for the part itself. */
  directory(part: Part, below: string, mode: number): Promise<void>;
  /** A path may come again: the later file counts. Must take all of the content. */
  file(part: Part, below: string, facts: FileFacts, content: AsyncIterable<Buffer>): Promise<void>;
}

export interface FileFacts {
  readonly mode: number;
  readonly mtime: Date | undefined;
}

export interface Archive {
  /** Of the program that made it. */
  readonly version: string;
  /** Epoch ms. */
  readonly createdAt: number;
  readonly files: number;
}

const MAX_HEADER_BYTES = 64 * 1024;
const MAX_MANIFEST_BYTES = 256 * 1024 * 1024;

/**
 * Reads an archive from its first byte to its last and hands its entries on. Throws `restore_refused` when it is none of
 * ours, holds anything but files and directories below its parts, or is not in every byte what its manifest says.
 */
export async function readArchive(input: Readable, sink: Sink): Promise<Archive> {
  const reading = new Reading(sink);
  const gunzip = createGunzip();
  const feeding = pipeline(input, gunzip).catch(() => undefined);
  try {
    for await (const chunk of gunzip) await reading.write(chunk as Buffer);
    return await reading.end();
  } catch (error) {
    await reading.giveUp(error);
    if (error instanceof CliError) throw error;
    throw refused(`it is cut short or was changed (${describeError(error)})`, error);
  } finally {
    gunzip.destroy();
    await feeding;
  }
}

class Reading {
  readonly #sink: Sink;
  readonly #parser = new Parser({ strict: true });
  readonly #failed = new AbortController();
  readonly #files: Manifest["files"] = Object.create(null) as Manifest["files"];
  readonly #directories: Manifest["directories"] = Object.create(null) as Manifest["directories"];
  #header: { readonly version: string; readonly createdAt: number } | undefined;
  #isWhole = false;
  /** The last one that was begun. */
  #entry: ReadEntry | undefined;
  #work: Promise<void> = Promise.resolve();

  constructor(sink: Sink) {
    this.#sink = sink;
    this.#parser.on("entry", (entry: ReadEntry) => {
      this.#work = this.#work
        .then(() => this.#take(entry))
        .catch((error: unknown) => {
          this.#fail(error);
          entry.resume();
        });
    });
    this.#parser.on("ignoredEntry", (entry: ReadEntry) => {
      this.#fail(refused(`it holds ${onOneLine(entry.path)}, which is a ${entry.type}`));
    });
    this.#parser.on("error", (error: unknown) => {
      this.#fail(error);
    });
  }

  async write(chunk: Buffer): Promise<void> {
    const { signal } = this.#failed;
    signal.throwIfAborted();
    if (this.#parser.write(chunk)) return;
    try {
      await once(this.#parser, "drain", { signal });
    } catch (error) {
      signal.throwIfAborted();
      throw error;
    }
  }

  async end(): Promise<Archive> {
    const { signal } = this.#failed;
    const ended = once(this.#parser, "end", { signal }).catch(() => undefined);
    this.#parser.end();
    await ended;
    await this.#work;
    signal.throwIfAborted();
    if (this.#header === undefined || !this.#isWhole) throw refused("it is cut short: its manifest is missing");
    return { ...this.#header, files: Object.keys(this.#files).length };
  }

  /** Resolves when nothing is at work any more. */
  async giveUp(error: unknown): Promise<void> {
    this.#fail(error);
    this.#entry?.destroy(error);
    await this.#work;
  }

  #fail(error: unknown): void {
    if (!this.#failed.signal.aborted) this.#failed.abort(error);
  }

  async #take(entry: ReadEntry): Promise<void> {
    if (this.#failed.signal.aborted) {
      entry.resume();
      return;
    }
    this.#entry = entry;
    // One that nobody reads at the moment when all is given up.
    entry.on("error", () => undefined);
    if (this.#isWhole) throw refused("something follows its manifest");
    if (this.#header === undefined) {
      this.#header = await readHeader(entry);
    } else if (entry.path === MANIFEST) {
      this.#verify(parse(await textOf(entry, MAX_MANIFEST_BYTES), manifestSchema, "its manifest is none"));
      this.#isWhole = true;
    } else {
      await this.#takeContent(entry);
    }
  }

  async #takeContent(entry: ReadEntry): Promise<void> {
    const place = placeOf(entry.path);
    if (place === undefined) throw refused(`it holds ${onOneLine(entry.path)}, which is no place of a backup`);
    const mode = entry.mode ?? 0;
    if (entry.type === "Directory") {
      this.#directories[entry.path.replace(/\/$/, "")] = { mode };
      await this.#give(entry.path, () => this.#sink.directory(place.part, place.below, mode));
      entry.resume();
      return;
    }
    if (entry.type !== "File" || place.below === "") {
      throw refused(`it holds ${onOneLine(entry.path)}, which is a ${entry.type}`);
    }
    const hash = createHash("sha256");
    let bytes = 0;
    const counted = async function* (): AsyncGenerator<Buffer> {
      for await (const chunk of entry) {
        hash.update(chunk);
        bytes += chunk.length;
        yield chunk;
      }
    };
    const facts = { mode, mtime: entry.mtime };
    await this.#give(entry.path, () => this.#sink.file(place.part, place.below, facts, counted()));
    this.#files[entry.path] = { bytes, mode, sha256: hash.digest("hex") };
  }

  /** What the sink cannot do is no fault of the archive. */
  async #give(path: string, task: () => Promise<void>): Promise<void> {
    try {
      await task();
    } catch (error) {
      if (this.#failed.signal.aborted) throw error;
      const message = `Unpacking ${onOneLine(path)} failed: ${describeError(error)}. Nothing has changed.`;
      throw new CliError("restore_failed", message, { cause: error });
    }
  }

  #verify(told: Manifest): void {
    const [files, directories] = [this.#files, this.#directories];
    const wrong =
      firstDifference(told.files, files, ({ bytes, mode, sha256 }) => `${bytes} ${mode} ${sha256}`) ??
      firstDifference(told.directories, directories, ({ mode }) => `${mode}`);
    if (wrong !== undefined) throw refused(`${onOneLine(wrong)} is not what its manifest says`);
  }
}

type Paths<T> = Readonly<Record<string, T>>;

/** A path that is in one of them alone, or not the same in both. */
function firstDifference<T>(told: Paths<T>, found: Paths<T>, facts: (value: T) => string): string | undefined {
  const textOf = (value: T | undefined): string | undefined => (value === undefined ? undefined : facts(value));
  const paths = [...Object.keys(told), ...Object.keys(found)];
  return paths.find((path) => textOf(told[path]) !== textOf(found[path]));
}

async function readHeader(entry: ReadEntry): Promise<{ version: string; createdAt: number }> {
  if (entry.path !== HEADER || entry.type !== "File") throw refused("it is no backup of TinyClaw");
  return parse(
    await textOf(entry, MAX_HEADER_BYTES),
    headerSchema,
    "it is of a format that this version does not know",
  );
}

async function textOf(entry: ReadEntry, maxBytes: number): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of entry) {
    bytes += chunk.length;
    if (bytes > maxBytes) throw refused(`${entry.path} is larger than ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function parse<T>(text: string, schema: { parse(value: unknown): T }, otherwise: string): T {
  try {
    return schema.parse(JSON.parse(text));
  } catch (error) {
    throw refused(otherwise, error);
  }
}

export function refused(reason: string, cause?: unknown): CliError {
  return new CliError("restore_refused", `The archive is refused, and nothing has changed: ${reason}.`, { cause });
}
