import { readFileSync, readdirSync, statSync } from "node:fs";
import { open } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { devNull } from "node:os";
import { join, relative } from "node:path";
import type { TestContext } from "node:test";

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

/** Sees each `sync` and `datasync` of files and folders under `root`, until the test ends. */
export async function watchSyncs(t: TestContext, root: string): Promise<WatchedSyncs> {
  const watched: WatchedSyncs = { seen: [], before: () => undefined };
  const handle = await open(devNull);
  const prototype = Object.getPrototypeOf(handle) as FileHandle;
  await handle.close();
  for (const call of ["sync", "datasync"] as const) {
    // oxlint-disable-next-line typescript/unbound-method -- called with its handle below
    const original = prototype[call];
    t.mock.method(prototype, call, async function observed(this: FileHandle): Promise<void> {
      const { ino } = await this.stat();
      const on = ["", ...pathsUnder(root)].filter((name) => statSync(join(root, name)).ino === ino);
      if (on.length > 0) {
        const sync = { call, on, files: filesUnder(root) };
        watched.seen.push(sync);
        await watched.before(sync);
      }
      await original.call(this);
    });
  }
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
  const files = pathsUnder(root).filter((name) => statSync(join(root, name)).isFile());
  return Object.fromEntries(files.map((name) => [name, readFileSync(join(root, name), "utf8")]));
}
