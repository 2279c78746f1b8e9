import fs from "node:fs";
import { open } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { syncBuiltinESMExports } from "node:module";
import { devNull } from "node:os";

/** Syncs that were asked for: of the contents of files and, with their names, of folders. */
export interface Syncs {
  datasync: number;
  sync: number;
}

/** Counts the syncs of this thread while the task runs. */
export async function countSyncs(task: () => Promise<unknown>): Promise<Syncs> {
  const handle = await open(devNull);
  const prototype = Object.getPrototypeOf(handle) as FileHandle;
  await handle.close();
  const counted: Syncs = { datasync: 0, sync: 0 };
  // oxlint-disable-next-line typescript/unbound-method -- called with their handle, and put back
  const { datasync, sync } = prototype;
  prototype.datasync = function (this: FileHandle) {
    counted.datasync += 1;
    return datasync.call(this);
  };
  prototype.sync = function (this: FileHandle) {
    counted.sync += 1;
    return sync.call(this);
  };
  const { fsync } = fs;
  const countFsync = (...args: Parameters<typeof fsync>): void => {
    counted.sync += 1;
    fsync(...args);
  };
  Object.assign(fs, { fsync: countFsync });
  syncBuiltinESMExports();
  try {
    await task();
  } finally {
    Object.assign(prototype, { datasync, sync });
    Object.assign(fs, { fsync });
    syncBuiltinESMExports();
  }
  return counted;
}
