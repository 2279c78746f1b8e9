import { constants, readSync, statSync } from "node:fs";
import type { BigIntStats } from "node:fs";
import { open } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { errorCode } from "../../core/errors.ts";
import { DashboardError } from "../errors.ts";
import { WINDOW_BYTES, checkOf, inodeHash } from "./cursor.ts";
import type { Place } from "./cursor.ts";

/** Without O_NONBLOCK a pipe that somebody put there would hold a thread for ever. */
const READ_ONLY = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW;
/** A link that somebody put there is as good as nothing: it may lead to what is not ours to show. */
const ABSENT = new Set(["ENOENT", "ENOTDIR", "ELOOP"]);

/** What tells files apart while they exist. */
export interface Identity {
  readonly dev: bigint;
  readonly ino: bigint;
}

export function sameFile(a: Identity, b: Identity): boolean {
  return a.ino === b.ino && a.dev === b.dev;
}

/**
 * What lies at the path; undefined when nothing does, or nothing that can be looked at. Synchronous, for looks that are
 * taken several times a second: some 3 µs, against some 60 by way of a thread.
 */
export function statNow(path: string): BigIntStats | undefined {
  try {
    return statSync(path, { bigint: true, throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}

/** A file open for reading, and never for anything else. Who shares it retains it; the last to release it closes it. */
export class SourceFile implements Identity {
  readonly path: string;
  readonly dev: bigint;
  readonly ino: bigint;
  readonly inodeHash: string;
  readonly #handle: FileHandle;
  #uses = 1;

  private constructor(path: string, handle: FileHandle, identity: Identity) {
    this.path = path;
    this.#handle = handle;
    this.dev = identity.dev;
    this.ino = identity.ino;
    this.inodeHash = inodeHash(identity.dev, identity.ino);
  }

  /** Undefined when there is no regular file. Rejects with `file_unreadable`. */
  static async open(path: string): Promise<SourceFile | undefined> {
    let handle: FileHandle | undefined;
    try {
      handle = await open(path, READ_ONLY);
      const found = await handle.stat({ bigint: true });
      if (found.isFile()) return new SourceFile(path, handle, found);
      await handle.close();
      return undefined;
    } catch (error) {
      await handle?.close().catch(() => undefined);
      if (ABSENT.has(errorCode(error) ?? "")) return undefined;
      throw unreadable(path, error);
    }
  }

  /** For a thread that reads the file itself: good as long as the file is retained. */
  get fd(): number {
    return this.#handle.fd;
  }

  /** Up to `length` bytes from `position` into the start of `buffer`; fewer only at the end of the file. */
  async read(buffer: Buffer, length: number, position: number): Promise<number> {
    let filled = 0;
    while (filled < length) {
      const read = await this.#read(buffer, filled, length - filled, position + filled);
      if (read === 0) break;
      filled += read;
    }
    return filled;
  }

  /**
   * As `read`, on this thread: for what was written a moment ago, which is still in memory. Some 5 µs, against some 100
   * by way of another thread, several times for each line. With `enough` bytes it asks for no more.
   */
  readNow(buffer: Buffer, length: number, position: number, enough = length): number {
    let filled = 0;
    try {
      while (filled < enough) {
        const read = readSync(this.fd, buffer, filled, length - filled, position + filled);
        if (read === 0) break;
        filled += read;
      }
    } catch (error) {
      throw unreadable(this.path, error);
    }
    return filled;
  }

  async size(): Promise<number> {
    return (await this.#handle.stat()).size;
  }

  /** Whether a name still leads to the file. */
  async isLinked(): Promise<boolean> {
    return (await this.#handle.stat()).nlink > 0;
  }

  /** Whether the bytes before the place are those that its check was made of. */
  async holds(place: Place): Promise<boolean> {
    if (place.offset === 0) return true;
    const length = Math.min(WINDOW_BYTES, place.offset);
    const window = Buffer.alloc(length);
    const read = await this.read(window, length, place.offset - length);
    return read === length && checkOf(window, length) === place.check;
  }

  retain(): this {
    this.#uses += 1;
    return this;
  }

  async release(): Promise<void> {
    this.#uses -= 1;
    // What was read is read: a failing close loses nothing.
    if (this.#uses === 0) await this.#handle.close().catch(() => undefined);
  }

  async #read(buffer: Buffer, offset: number, length: number, position: number): Promise<number> {
    try {
      return (await this.#handle.read(buffer, offset, length, position)).bytesRead;
    } catch (error) {
      throw unreadable(this.path, error);
    }
  }
}

function unreadable(path: string, cause: unknown): DashboardError {
  const message = `Reading ${path} failed (${errorCode(cause) ?? "unknown"}): check its permissions and the disk.`;
  return new DashboardError("file_unreadable", message, { cause, details: { path } });
}
