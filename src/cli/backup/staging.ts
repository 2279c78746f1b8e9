import { constants } from "node:fs";
import { mkdir, mkdtemp, open, rm, stat, unlink } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { dirname, join } from "node:path";
import { syncOnce, writeAll } from "../../core/atomic-file.ts";
import { errorCode } from "../../core/errors.ts";
import type { FileFacts, Sink } from "./archive-reader.ts";
import type { Part } from "./manifest.ts";

/** Beside what it will replace, on the same file system. */
export const STAGING = ".restore-";

/** Where a part of an archive is put together, and what its files are to be. */
interface Ground {
  readonly root: string;
  /** Whose the files are; undefined where only root may give them away. */
  readonly owner: { readonly uid: number; readonly gid: number } | undefined;
  readonly fileMode: number;
  readonly folderMode: number;
}

/** What files and folders may at least be used for, whatever the archive says: the dashboard reads the data as a group. */
const LEAST: Readonly<Record<Part, { readonly fileMode: number; readonly folderMode: number }>> = {
  data: { fileMode: 0o640, folderMode: 0o750 },
  claude: { fileMode: 0o600, folderMode: 0o700 },
};

const NEW_FILE = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
const SET_GROUP = 0o2000;

/**
 * The files of an archive in folders of their own, until all of it has been verified. What is restored belongs to whom
 * the folder belongs that it goes into.
 */
export class Staging implements Sink {
  readonly #near: Readonly<Record<Part, string>>;
  readonly #grounds = new Map<Part, Ground>();
  readonly #folders = new Set<string>();

  /** `near`: the folders beside whose entries the parts are put together; made when they are missing. */
  constructor(near: Readonly<Record<Part, string>>) {
    this.#near = near;
  }

  /** Undefined when the archive holds nothing of that part. */
  rootOf(part: Part): string | undefined {
    const ground = this.#grounds.get(part);
    return ground === undefined ? undefined : join(ground.root, part);
  }

  async directory(part: Part, below: string, mode: number): Promise<void> {
    const { folderMode } = await this.#ground(part);
    const path = await this.#folder(part, below);
    await using(await open(path, constants.O_RDONLY | constants.O_DIRECTORY), (handle) =>
      handle.chmod(mode | folderMode),
    );
  }

  async file(part: Part, below: string, facts: FileFacts, content: AsyncIterable<Buffer>): Promise<void> {
    const { owner, fileMode } = await this.#ground(part);
    const parent = dirname(below);
    const path = join(await this.#folder(part, parent === "." ? "" : parent), below.slice(below.lastIndexOf("/") + 1));
    await using(await openNew(path), async (handle) => {
      for await (const chunk of content) await writeAll(handle, chunk);
      if (owner !== undefined) await handle.chown(owner.uid, owner.gid);
      await handle.chmod((facts.mode | fileMode) & 0o777);
      if (facts.mtime !== undefined) await handle.utimes(facts.mtime, facts.mtime);
      await syncOnce(path, () => handle.sync());
    });
  }

  /** Removes what was not moved to its place. */
  async close(): Promise<void> {
    for (const { root } of this.#grounds.values()) await rm(root, { recursive: true, force: true });
    this.#grounds.clear();
  }

  async #ground(part: Part): Promise<Ground> {
    const known = this.#grounds.get(part);
    if (known !== undefined) return known;
    const near = this.#near[part];
    await mkdir(near, { recursive: true, mode: LEAST[part].folderMode });
    const { uid, gid, mode } = await stat(near);
    const ground: Ground = {
      root: await mkdtemp(join(near, STAGING)),
      owner: process.getuid?.() === 0 ? { uid, gid } : undefined,
      fileMode: LEAST[part].fileMode,
      folderMode: LEAST[part].folderMode | (part === "data" ? mode & SET_GROUP : 0),
    };
    this.#grounds.set(part, ground);
    return ground;
  }

  /** Makes a folder and those it lies in. */
  async #folder(part: Part, below: string): Promise<string> {
    const { root, owner, folderMode } = await this.#ground(part);
    let path = join(root, part);
    for (const name of ["", ...below.split("/").filter((step) => step !== "")]) {
      path = join(path, name);
      if (this.#folders.has(path)) continue;
      await mkdir(path, { mode: 0o700 });
      await using(await open(path, constants.O_RDONLY | constants.O_DIRECTORY), async (handle) => {
        if (owner !== undefined) await handle.chown(owner.uid, owner.gid);
        await handle.chmod(folderMode);
      });
      this.#folders.add(path);
    }
    return path;
  }
}

/** In place of one that came before under the same path. */
async function openNew(path: string): Promise<FileHandle> {
  try {
    return await open(path, NEW_FILE, 0o600);
  } catch (error) {
    if (errorCode(error) !== "EEXIST") throw error;
    await unlink(path);
    return await open(path, NEW_FILE, 0o600);
  }
}

async function using<T>(handle: FileHandle, task: (handle: FileHandle) => Promise<T>): Promise<T> {
  try {
    return await task(handle);
  } finally {
    await handle.close();
  }
}
