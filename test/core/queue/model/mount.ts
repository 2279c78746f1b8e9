import fs from "node:fs";
import type { FileHandle } from "node:fs/promises";
import { syncBuiltinESMExports } from "node:module";
import { callbackify } from "node:util";
import { systemError } from "./disk.ts";
import type { Disk, Inode } from "./disk.ts";

/** A call into the system that was made and has had no effect yet. */
export interface Call {
  readonly mount: Mount;
  readonly text: string;
  /** Lets it happen and tells the caller. */
  run(): void;
  /** Lets it, or a part of it, happen to a caller that will not be told. */
  happen(): void;
  tear(): void;
  refuse(): void;
}

const POINTS = "/tinyclaw-model/";
const mounts = new Map<string, Mount>();
let mounted = 0;

/**
 * One program's view of a disk, under a path of its own. Calls wait in `calls` until someone runs them, in whatever
 * order. After `end` nothing that the program does has an effect.
 */
export class Mount {
  readonly point: string;
  readonly disk: Disk;
  readonly now: () => number;
  readonly #calls: Call[];
  #alive = true;

  constructor(disk: Disk, calls: Call[], now: () => number) {
    mounted += 1;
    this.point = `${POINTS}${mounted}`;
    this.disk = disk;
    this.now = now;
    this.#calls = calls;
    mounts.set(this.point, this);
  }

  get alive(): boolean {
    return this.#alive;
  }

  end(): void {
    this.#alive = false;
    mounts.delete(this.point);
  }

  call<T>(text: string, act: () => T, tear: () => void = () => undefined): Promise<T> {
    if (!this.#alive) return Promise.reject(systemError("ESHUTDOWN", text));
    return new Promise((resolve, reject) => {
      const run = (): void => {
        try {
          resolve(act());
        } catch (error) {
          reject(error);
        }
      };
      const happen = (): void => {
        try {
          act();
        } catch {
          // Nobody is there to hear of it.
        }
      };
      const refuse = (): void => {
        reject(systemError("ESHUTDOWN", text));
      };
      this.#calls.push({ mount: this, text, run, happen, tear, refuse });
    });
  }

  /** What needs no place in the order: it changes nothing, and what it sees does not change. */
  async atOnce<T>(act: () => T): Promise<T> {
    if (!this.#alive) throw systemError("ESHUTDOWN", this.point);
    return act();
  }
}

interface Options {
  readonly withFileTypes?: boolean;
  readonly bigint?: boolean;
}

/** The calls that the queue makes, on a mount and with paths within it. */
const calls = {
  open: (mount: Mount, [path = ""]: string[], flags: string | number) =>
    mount.call(`open ${path} ${flags}`, () => {
      const found = mount.disk.find(path);
      if (found !== undefined && flags === "wx") throw systemError("EEXIST", path);
      if (found === undefined && flags !== "wx" && flags !== "a+") throw systemError("ENOENT", path);
      return new Handle(mount, path, found ?? mount.disk.create(path, "file")) as unknown as FileHandle;
    }),
  link: (mount: Mount, [from = "", to = ""]: string[]) =>
    mount.call(`link ${from} ${to}`, () => {
      if (mount.disk.find(to) !== undefined) throw systemError("EEXIST", to);
      mount.disk.link(must(mount, from), to);
    }),
  rename: (mount: Mount, [from = "", to = ""]: string[]) =>
    mount.call(`rename ${from} ${to}`, () => {
      mount.disk.move(must(mount, from), from, to);
    }),
  unlink: (mount: Mount, [path = ""]: string[]) =>
    mount.call(`unlink ${path}`, () => {
      mount.disk.unlink(must(mount, path), path);
    }),
  mkdir: (mount: Mount, [path = ""]: string[]) =>
    mount.disk.find(path) === undefined
      ? mount.call(`mkdir ${path}`, () => makeFolders(mount, path))
      : mount.atOnce(() => undefined),
  stat: (mount: Mount, [path = ""]: string[], options?: Options) =>
    mount.atOnce(() => stats(must(mount, path), options)),
  lstat: (mount: Mount, [path = ""]: string[], options?: Options) =>
    mount.call(`lstat ${path}`, () => stats(must(mount, path), options)),
  readdir: (mount: Mount, [path = ""]: string[], options?: Options) =>
    mount.call(`readdir ${path}`, () => {
      const entries = [...(must(mount, path).entries ?? [])];
      if (options?.withFileTypes !== true) return entries.map(([name]) => name);
      return entries.map(([name, node]) => ({ name, ...kindOf(node) }));
    }),
};

class Handle {
  readonly #mount: Mount;
  readonly #path: string;
  readonly #node: Inode;

  constructor(mount: Mount, path: string, node: Inode) {
    this.#mount = mount;
    this.#path = path;
    this.#node = node;
  }

  write(buffer: Uint8Array, offset: number, length: number): Promise<{ bytesWritten: number }> {
    const bytes = Buffer.from(buffer.subarray(offset, offset + length));
    const append = (part: Uint8Array): void => {
      this.#mount.disk.append(this.#node, part, this.#mount.now());
    };
    const act = (): { bytesWritten: number } => {
      append(bytes);
      return { bytesWritten: length };
    };
    return this.#mount.call(`write ${this.#path}`, act, () => {
      append(bytes.subarray(0, length >> 1));
    });
  }

  read(buffer: Buffer, offset: number, length: number, position: number): Promise<{ bytesRead: number }> {
    return this.#mount.atOnce(() => ({
      bytesRead: this.#node.data.copy(buffer, offset, position, position + length),
    }));
  }

  stat(options?: Options): Promise<unknown> {
    return this.#mount.atOnce(() => stats(this.#node, options));
  }

  sync(): Promise<void> {
    return this.#mount.call(`sync ${this.#path}`, () => {
      this.#mount.disk.sync(this.#node);
    });
  }

  datasync(): Promise<void> {
    return this.#mount.call(`datasync ${this.#path}`, () => {
      this.#mount.disk.sync(this.#node);
    });
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

/** Answers the first one that it made. */
function makeFolders({ disk, point }: Mount, path: string): string | undefined {
  const parts = path.split("/");
  let first: string | undefined;
  for (let n = 1; n <= parts.length; n += 1) {
    const ancestor = parts.slice(0, n).join("/");
    if (disk.find(ancestor) !== undefined) continue;
    disk.create(ancestor, "folder");
    first ??= `${point}/${ancestor}`;
  }
  return first;
}

function must(mount: Mount, path: string): Inode {
  const node = mount.disk.find(path);
  if (node === undefined) throw systemError("ENOENT", path);
  return node;
}

function kindOf({ entries }: Inode): Record<"isFile" | "isDirectory" | "isSymbolicLink" | "isFIFO", () => boolean> {
  const isFolder = entries !== undefined;
  return { isFile: () => !isFolder, isDirectory: () => isFolder, isSymbolicLink: () => false, isFIFO: () => false };
}

function stats(node: Inode, options?: Options): object {
  const { ino, data, modifiedMs } = node;
  const numbers = { dev: 1, ino, size: data.length, mtimeMs: modifiedMs, mtimeNs: modifiedMs * 1_000_000 };
  if (options?.bigint !== true) return { ...kindOf(node), ...numbers };
  const big = Object.entries(numbers).map(([name, value]) => [name, BigInt(value)] as const);
  return { ...kindOf(node), ...Object.fromEntries(big) };
}

/** The mount of an absolute path, and the path within it. */
function within(path: unknown): { mount: Mount; path: string } | undefined {
  if (typeof path !== "string" || !path.startsWith(POINTS)) return undefined;
  const cut = path.indexOf("/", POINTS.length);
  const point = cut === -1 ? path : path.slice(0, cut);
  const mount = mounts.get(point);
  if (mount === undefined) throw systemError("ESHUTDOWN", path);
  return { mount, path: cut === -1 ? "" : path.slice(cut + 1) };
}

type Function = (...args: unknown[]) => unknown;

/** From now on the calls of this thread whose path lies in a mount go there; no folder there can be watched. */
export function mountAll(): void {
  const promises = fs.promises as unknown as Record<string, Function>;
  for (const [name, call] of Object.entries(calls)) {
    const original = promises[name];
    if (original === undefined) throw new Error(`node:fs/promises has no ${name}`);
    const inModel = call as (mount: Mount, paths: string[], option: unknown) => unknown;
    promises[name] = async (...args: unknown[]) => {
      const first = within(args[0]);
      if (first === undefined) return original(...args);
      const second = within(args[1]);
      if (second === undefined) return inModel(first.mount, [first.path], args[1]);
      return inModel(first.mount, [first.path, second.path], args[2]);
    };
  }
  mountDescriptors();
  const { watch } = fs;
  (fs as unknown as Record<string, unknown>)["watch"] = (...args: Parameters<typeof watch>): unknown => {
    if (typeof args[0] === "string" && args[0].startsWith(POINTS)) throw systemError("ENOSPC", args[0]);
    return watch(...args);
  };
  syncBuiltinESMExports();
}

/** Far above the system's. */
const FIRST_FD = 1_000_000_000;

/** Folders are opened and synced by descriptor. Opening one is at once: it changes nothing. */
function mountDescriptors(): void {
  const handles = new Map<unknown, Handle>();
  let opened = 0;
  const patched = fs as unknown as Record<"openSync" | "fsync" | "close", Function>;
  const { openSync, fsync, close } = patched;
  patched.openSync = (...args) => {
    const found = within(args[0]);
    if (found === undefined) return openSync(...args);
    const { mount, path } = found;
    const handle = new Handle(mount, path, must(mount, path));
    const fd = FIRST_FD + opened;
    opened += 1;
    handles.set(fd, handle);
    return fd;
  };
  patched.fsync = (...args) => {
    const [fd, done] = args as [number, (error: unknown) => void];
    const handle = handles.get(fd);
    if (handle === undefined) return fsync(...args);
    return callbackify(() => handle.sync())(done);
  };
  patched.close = (...args) => {
    const [fd, done] = args as [number, (error: unknown) => void];
    if (!handles.delete(fd)) return close(...args);
    return queueMicrotask(() => {
      done(null);
    });
  };
}
