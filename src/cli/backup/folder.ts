import { constants } from "node:fs";
import { lstat, open, readdir } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { errorCode } from "../../core/errors.ts";
import { hasControl } from "./manifest.ts";
import { unfitKind } from "../../core/queue/read-file.ts";

/** An entry of a folder as it was listed. */
export interface Entry {
  readonly name: string;
  readonly kind: "file" | "folder" | "other";
  /** What it is, for one that is neither file nor folder. */
  readonly unfit: string | undefined;
  readonly inode: number;
  /** Another file, or the same one written anew, has another. */
  readonly stamp: string;
}

const READ_FILE = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK | constants.O_NOCTTY;
const READ_FOLDER = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NONBLOCK;
const GONE = new Set(["ENOENT", "ENOTDIR", "ELOOP", "ENXIO"]);

/**
 * A folder that is held open: its entries are reached through it, so that it makes no difference when a part of its path
 * becomes a link meanwhile. Agents own what is below their home, and a backup reads as root.
 */
export class Folder {
  readonly mode: number;
  readonly #handle: FileHandle;

  private constructor(handle: FileHandle, mode: number) {
    this.#handle = handle;
    this.mode = mode;
  }

  /** Undefined when there is none. A link is followed here, and nowhere below. */
  static open(path: string): Promise<Folder | undefined> {
    return Folder.#open(path, READ_FOLDER);
  }

  /** As `open`, for a path whose last part is another's to make: undefined when it is a link. */
  static openItself(path: string): Promise<Folder | undefined> {
    return Folder.#open(path, READ_FOLDER | constants.O_NOFOLLOW);
  }

  static async #open(path: string, flags: number): Promise<Folder | undefined> {
    const handle = await openUnlessGone(path, flags);
    return handle === undefined ? undefined : new Folder(handle, (await handle.stat()).mode & 0o777);
  }

  /** In order of their names. Names that are not UTF-8, or hold control characters, come as kind `other`. */
  async entries(): Promise<Entry[]> {
    const names = await readdir(this.#path(), { encoding: "buffer" });
    const entries = await Promise.all(names.map((name) => this.#entry(name)));
    return entries.filter((entry) => entry !== undefined).sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** Undefined when it is gone, or no folder any more. */
  folder(name: string): Promise<Folder | undefined> {
    return Folder.#open(`${this.#path()}/${name}`, READ_FOLDER | constants.O_NOFOLLOW);
  }

  /** A regular file; undefined when it is gone, or none any more. */
  async file(name: string): Promise<FileHandle | undefined> {
    const handle = await openUnlessGone(`${this.#path()}/${name}`, READ_FILE);
    if (handle === undefined || (await handle.stat()).isFile()) return handle;
    await handle.close();
    return undefined;
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }

  #path(): string {
    return `/proc/self/fd/${this.#handle.fd}`;
  }

  async #entry(raw: Buffer): Promise<Entry | undefined> {
    const name = raw.toString("utf8");
    const found = await lstat(Buffer.concat([Buffer.from(`${this.#path()}/`), raw])).catch(() => undefined);
    if (found === undefined) return undefined;
    const stamp = `${found.ino} ${found.mtimeMs} ${found.size}`;
    const base = { name, inode: found.ino, stamp };
    if (!Buffer.from(name).equals(raw)) return { ...base, kind: "other", unfit: "a name that is not UTF-8" };
    // In an archive a line break in a name would pass for the end of the name.
    if (hasControl(name)) return { ...base, kind: "other", unfit: "a name with control characters" };
    if (found.isDirectory()) return { ...base, kind: "folder", unfit: undefined };
    const unfit = unfitKind(found);
    return { ...base, kind: unfit === undefined ? "file" : "other", unfit };
  }
}

async function openUnlessGone(path: string, flags: number): Promise<FileHandle | undefined> {
  try {
    return await open(path, flags);
  } catch (error) {
    if (GONE.has(errorCode(error) ?? "")) return undefined;
    throw error;
  }
}
