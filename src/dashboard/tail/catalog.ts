import { lstatSync, realpathSync } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { basename, dirname, extname, join } from "node:path";
import type { Clock } from "../../core/clock.ts";
import { errorCode } from "../../core/errors.ts";
import { HEAD_BYTES, generationOf } from "./cursor.ts";
import { siblings } from "./names.ts";
import type { Rolled, Sibling } from "./names.ts";
import { SourceFile, sameFile, statNow } from "./source-file.ts";
import type { Identity } from "./source-file.ts";

/** One file of a stream as it lay there. */
export interface Entry extends Identity {
  readonly path: string;
  readonly size: number;
  /** Undefined while it is too short for a name. */
  readonly gen: string | undefined;
}

interface Seen extends Identity {
  readonly path: string;
  readonly size: number;
  readonly mtimeNs: bigint;
}

/** Renames that go on while the files are looked at make it look again, so often. */
const ATTEMPTS = 5;
/** A folder that changed less than this ago, ms, may change again within the grain of its time. */
const GRAIN_MS = 100;

/** The files of one stream in the order in which they were written, found by their names and told by what they are. */
export class Catalog {
  readonly path: string;
  readonly #folder: string;
  /** What the names of all its files begin with. */
  readonly #stem: string;
  readonly #rolled: Rolled | undefined;
  readonly #clock: Clock;
  readonly #heads = new Map<string, string>();
  #last: { key: string | undefined; entries: Entry[] } = { key: undefined, entries: [] };

  constructor(path: string, rolled: Rolled | undefined, clock: Clock) {
    this.path = path;
    this.#folder = dirname(path);
    this.#stem = basename(path, extname(path));
    this.#clock = clock;
    this.#rolled = rolled;
  }

  /** Files found when it last looked. */
  get count(): number {
    return this.#last.entries.length;
  }

  /** The folders in which something may change: the file's, and for pino also that of the link's target. */
  get folders(): string[] {
    return [...new Set([this.#folder, dirname(this.#target())])];
  }

  /** Whether a name in one of the folders may be that of a file of the stream. */
  concerns(folder: string, name: string): boolean {
    return folder !== this.#folder || name.startsWith(this.#stem);
  }

  /** Oldest first. What was found is given again while its folder does not change, unless `fresh`. */
  async list(options: { fresh?: boolean } = {}): Promise<readonly Entry[]> {
    const key = this.#folderKey();
    if (options.fresh !== true && key !== undefined && key === this.#last.key) return this.#last.entries;
    for (let attempt = 1; ; attempt += 1) {
      const before = await this.#look();
      const entries: Entry[] = [];
      for (const seen of before) {
        const entry = await this.#entry(seen);
        if (entry !== undefined) entries.push(entry);
      }
      const after = await this.#look();
      if (attempt < ATTEMPTS && !(entries.length === before.length && sameFiles(before, after))) continue;
      this.#last = { key, entries };
      return entries;
    }
  }

  async #look(): Promise<Seen[]> {
    const target = this.#target();
    const names = await readdir(dirname(target)).catch(() => []);
    const found = siblings(basename(target), names, this.#rolled);
    const active = await look(target);
    const rolled = await this.#lookAll(target, found, "rolled");
    const rotated = await this.#lookAll(target, found, "rotated");
    const others = merge(rotated, rolled).filter((other) => active === undefined || !sameFile(other, active));
    if (active === undefined) return others;
    // pino-roll writes to the next file a moment before the link says so: that one comes after the active one.
    const next = this.#rolled === "pino" ? others.filter((other) => other.mtimeNs > active.mtimeNs) : [];
    return [...others.filter((other) => !next.includes(other)), active, ...next];
  }

  async #lookAll(target: string, found: readonly Sibling[], by: Sibling["by"]): Promise<Seen[]> {
    const names = found.filter((sibling) => sibling.by === by).map(({ name }) => name);
    const seen = await Promise.all(names.map((name) => look(join(dirname(target), name))));
    const there = seen.filter((file) => file !== undefined);
    // Numbers that begin again say nothing; the sort leaves those of the same time in their order.
    return this.#rolled === "pino" ? there.sort((a, b) => Number(a.mtimeNs - b.mtimeNs)) : there;
  }

  async #entry(seen: Seen): Promise<Entry | undefined> {
    const { path, dev, ino, size } = seen;
    const key = `${dev}:${ino}:${seen.mtimeNs}:${size}`;
    const known = this.#heads.get(key);
    if (known !== undefined) return { path, dev, ino, size, gen: known };
    const file = await SourceFile.open(path).catch(() => undefined);
    if (file === undefined) return undefined;
    try {
      if (!sameFile(file, seen)) return undefined;
      const head = Buffer.alloc(HEAD_BYTES);
      const length = await file.read(head, HEAD_BYTES, 0);
      const gen = generationOf(head.subarray(0, length), path !== this.#target(), file.inodeHash);
      // One that grows has many keys.
      if (this.#heads.size >= 4096) this.#heads.clear();
      if (gen !== undefined) this.#heads.set(key, gen);
      return { path, dev, ino, size, gen };
    } finally {
      await file.release();
    }
  }

  /** The folder's state, if it is old enough to be relied on. */
  #folderKey(): string | undefined {
    const found = statNow(dirname(this.#target()));
    if (found === undefined || this.#clock.now() - Number(found.mtimeMs) < GRAIN_MS) return undefined;
    return `${this.#target()}:${found.ino}:${found.mtimeNs}`;
  }

  /** The file that grows: for pino what the link points at, if that lies in the folder of the link or below it. */
  #target(): string {
    if (this.#rolled !== "pino") return this.path;
    try {
      // Often there is none yet, and an exception at each poll costs more than a look.
      if (lstatSync(this.path, { throwIfNoEntry: false }) === undefined) return this.path;
      const target = realpathSync.native(this.path);
      return target.startsWith(`${realpathSync.native(dirname(this.path))}/`) ? target : this.path;
    } catch {
      return this.path;
    }
  }
}

async function look(path: string): Promise<Seen | undefined> {
  try {
    const found = await stat(path, { bigint: true });
    const { dev, ino, mtimeNs } = found;
    return found.isFile() ? { path, dev, ino, size: Number(found.size), mtimeNs } : undefined;
  } catch (error) {
    if (errorCode(error) === undefined) throw error;
    return undefined;
  }
}

/** Two rows in one, each in its order, the older file first. */
function merge(a: readonly Seen[], b: readonly Seen[]): Seen[] {
  const merged: Seen[] = [];
  let n = 0;
  for (const right of b) {
    for (let left = a[n]; left !== undefined && left.mtimeNs <= right.mtimeNs; left = a[n]) {
      merged.push(left);
      n += 1;
    }
    merged.push(right);
  }
  return [...merged, ...a.slice(n)];
}

function sameFiles(a: readonly Seen[], b: readonly Seen[]): boolean {
  return a.length === b.length && a.every((file, n) => file.path === b[n]?.path && sameFile(file, b[n]));
}
