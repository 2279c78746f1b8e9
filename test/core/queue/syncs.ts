import fs, { fstatSync, readFileSync, readdirSync, statSync } from "node:fs";
import { open } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { syncBuiltinESMExports } from "node:module";
import { devNull } from "node:os";
import { join, relative } from "node:path";
import type { TestContext } from "node:test";
import { callbackify } from "node:util";
import { errorCode } from "../../../src/core/errors.ts";

/** A sync that was asked for, and what a power failure just before it could have found. */
export interface Sync {
  readonly call: "sync" | "datasync";
  /** Names of the synced file or folder under the watched one, which itself is "". */
  readonly on: readonly string[];
  /** Contents of all files under the watched folder, by name. */
  readonly files: Readonly<Record<string, string>>;
}

export interface WatchedSyncs {
  readonly seen: Sync[];
  /** Awaited by each sync before it takes effect. */
  before: (sync: Sync) => Promise<void> | void;
}

/** Sees each `sync`, `datasync` and `fsync` of files and folders under `root`, until the test ends. */
export async function watchSyncs(t: TestContext, root: string): Promise<WatchedSyncs> {
  const watched: WatchedSyncs = { seen: [], before: () => undefined };
  const handle = await open(devNull);
  const prototype = Object.getPrototypeOf(handle) as FileHandle;
  await handle.close();
  const observe = async (call: Sync["call"], ino: number): Promise<void> => {
    const on = ["", ...pathsUnder(root)].filter((name) => statUnder(root, name)?.ino === ino);
    if (on.length === 0) return;
    const sync = { call, on, files: filesUnder(root) };
    watched.seen.push(sync);
    await watched.before(sync);
  };
  for (const call of ["sync", "datasync"] as const) {
    // oxlint-disable-next-line typescript/unbound-method -- called with its handle below
    const original = prototype[call];
    t.mock.method(prototype, call, async function observed(this: FileHandle): Promise<void> {
      await observe(call, (await this.stat()).ino);
      await original.call(this);
    });
  }
  const { fsync } = fs;
  const { mock } = t.mock.method(fs, "fsync", (fd: number, done: fs.NoParamCallback): void => {
    callbackify(observe)("sync", fstatSync(fd).ino, (error) => {
      if (error === null) fsync(fd, done);
      else done(error);
    });
  });
  syncBuiltinESMExports();
  t.after(() => {
    mock.restore();
    syncBuiltinESMExports();
  });
  return watched;
}

/** Whether a promise is still open after everything has run that waits for nothing but its turn. */
export async function isOpen(promise: Promise<unknown>): Promise<boolean> {
  let open = true;
  const close = (): void => {
    open = false;
  };
  promise.then(close, close);
  for (let turn = 0; turn < 10; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  return open;
}

function pathsUnder(root: string): string[] {
  const entries = readdirSync(root, { recursive: true, withFileTypes: true });
  return entries.map((entry) => relative(root, join(entry.parentPath, entry.name))).sort();
}

function filesUnder(root: string): Record<string, string> {
  const files: Record<string, string> = {};
  for (const name of pathsUnder(root)) {
    if (statUnder(root, name)?.isFile() !== true) continue;
    try {
      files[name] = readFileSync(join(root, name), "utf8");
    } catch (error) {
      if (errorCode(error) !== "ENOENT") throw error;
    }
  }
  return files;
}

/** A name may go while it is looked at: the one in tmp does while the folder is synced. */
function statUnder(root: string, name: string): fs.Stats | undefined {
  return statSync(join(root, name), { throwIfNoEntry: false });
}
