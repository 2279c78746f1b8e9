import { randomUUID } from "node:crypto";
import { close, fsync, openSync } from "node:fs";
import { link, open, readdir, rename, unlink } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { errorCode, SyncError, systemFault } from "./errors.ts";

/**
 * Files that appear whole or not at all, and that are still there after a power failure.
 *
 * A name is durable when three things have happened in this order: the bytes were written in full, the file was
 * synced, and after the name was given the directory was synced. Without the first sync ext4 leaves files of length
 * zero behind, without the second it forgets the name.
 */

/** The part of a file handle that writing needs. */
export interface WritableHandle {
  write(buffer: Uint8Array, offset: number, length: number): Promise<{ bytesWritten: number }>;
}

/** Files are for the owner and the group. */
const FILE_MODE = 0o640;

/** Writes all of `bytes`: a single write(2) may write less than asked, as on a disk that is nearly full. */
export async function writeAll(handle: WritableHandle, bytes: Uint8Array): Promise<void> {
  let offset = 0;
  while (offset < bytes.length) {
    const { bytesWritten } = await handle.write(bytes, offset, bytes.length - offset);
    if (bytesWritten === 0) throw new Error(`write stopped at byte ${offset} of ${bytes.length}`);
    offset += bytesWritten;
  }
}

/**
 * Runs one sync. When it fails with `sync_failed`, the kernel may have marked the lost pages clean, so that a
 * second sync of the same file would succeed and mean nothing: the caller must write the data anew.
 */
export async function syncOnce(path: string, sync: () => Promise<void>): Promise<void> {
  try {
    await sync();
  } catch (error) {
    throw new SyncError(path, error);
  }
}

interface Rounds {
  readonly current: Promise<void>;
  next: Promise<void> | undefined;
}
const syncRounds = new Map<string, Rounds>();

/**
 * Syncs a directory. Callers share rounds: whoever comes while a round runs is served by the one that starts after
 * it, however many they are. Rejects with `sync_failed`.
 */
export function syncDirectory(dir: string): Promise<void> {
  const rounds = syncRounds.get(dir);
  if (rounds === undefined) return startRound(dir);
  const start = (): Promise<void> => startRound(dir);
  rounds.next ??= rounds.current.then(start, start);
  return rounds.next;
}

function startRound(dir: string): Promise<void> {
  const rounds: Rounds = { current: flushDirectory(dir), next: undefined };
  syncRounds.set(dir, rounds);
  const finish = (): void => {
    if (rounds.next === undefined) syncRounds.delete(dir);
  };
  rounds.current.then(finish, finish);
  return rounds.current;
}

/** Opening a folder to read waits for no disk: the thread pool would be one more wait. Its closing tells nothing. */
async function flushDirectory(dir: string): Promise<void> {
  const fd = openSync(dir, "r");
  try {
    await syncOnce(dir, () => syncDescriptor(fd));
  } finally {
    close(fd, () => undefined);
  }
}

function syncDescriptor(fd: number): Promise<void> {
  return new Promise((resolve, reject) => {
    fsync(fd, (error) => {
      if (error === null) resolve();
      else reject(error);
    });
  });
}

/** Closes what has been synced: that can tell nothing new, so that nobody waits for it. */
function closeBehind(handle: FileHandle): void {
  handle.close().catch(() => undefined);
}

/** Writes a new file in full and, unless `durable` is false, syncs it. Leaves nothing behind when it fails. */
export async function writeNewFile(path: string, bytes: Uint8Array, durable = true): Promise<void> {
  const handle = await open(path, "wx", FILE_MODE);
  try {
    await writeAll(handle, bytes);
    if (durable) await syncOnce(path, () => handle.datasync());
    else await handle.close();
  } catch (error) {
    await handle.close().catch(() => undefined);
    await removeIfThere(path);
    throw error;
  }
  if (durable) closeBehind(handle);
}

/** Gives a file a second name. `already_there` when the name is taken; nothing is ever replaced. */
export async function linkNew(path: string, newPath: string): Promise<"linked" | "already_there"> {
  try {
    await link(path, newPath);
    return "linked";
  } catch (error) {
    if (errorCode(error) === "EEXIST") return "already_there";
    throw error;
  }
}

export interface PublishFile {
  /** Where the file is written first; same file system as `dir`. */
  readonly tmpDir: string;
  readonly dir: string;
  readonly name: string;
  readonly bytes: Uint8Array;
  /** Awaited between the writing and the linking, so that a caller can order its names. */
  readonly turn?: Promise<void>;
  /** Called when the name is there, before it is durable. */
  readonly onLinked?: () => void;
}

/**
 * Makes `dir/name` appear with all of its bytes, durably, and without replacing a file of that name.
 * Rejects with the system's error, or `sync_failed`; the file is then to be treated as not stored, although its
 * name may be there.
 */
export async function publishFile(file: PublishFile): Promise<"published" | "already_there"> {
  const tmp = join(file.tmpDir, file.name);
  await writeNewFile(tmp, file.bytes);
  let linked: "linked" | "already_there";
  try {
    await file.turn;
    linked = await linkNew(tmp, join(file.dir, file.name));
    file.onLinked?.();
  } catch (error) {
    await removeIfThere(tmp);
    throw error;
  }
  // Neither has to wait for the other; the caller waits for both, also when the sync fails.
  const removed = removeIfThere(tmp);
  try {
    await syncDirectory(file.dir);
  } finally {
    await removed;
  }
  return linked === "linked" ? "published" : "already_there";
}

const replacing = new Map<string, Promise<void>>();

/**
 * Puts `bytes` in the place of the file `path`, whole. Calls for the same path take effect in their order.
 * `durable: false` leaves out the syncs, for files that a restart writes anew.
 */
export async function replaceFile(
  path: string,
  bytes: Uint8Array | string,
  options: { durable?: boolean } = {},
): Promise<void> {
  const replace = (): Promise<void> => replaceNow(path, Buffer.from(bytes), options.durable ?? true);
  const turn = (replacing.get(path) ?? Promise.resolve()).then(replace, replace);
  replacing.set(path, turn);
  try {
    await turn;
  } finally {
    if (replacing.get(path) === turn) replacing.delete(path);
  }
}

/** As `replaceFile`, where the old text would do as well: with a disk that has no room for the new one it stays. */
export async function replaceIfRoom(path: string, text: string): Promise<void> {
  try {
    await replaceFile(path, text);
  } catch (error) {
    if (systemFault(error, ["ENOSPC", "EDQUOT"]) === undefined) throw error;
  }
}

async function replaceNow(path: string, bytes: Uint8Array, durable: boolean): Promise<void> {
  const tmp = join(dirname(path), `.${basename(path)}.${randomUUID()}.tmp`);
  await writeNewFile(tmp, bytes, durable);
  try {
    await rename(tmp, path);
  } catch (error) {
    await removeIfThere(tmp);
    throw error;
  }
  if (durable) await syncDirectory(dirname(path));
}

/** What stands between the file's name and the end of a temporary one's. */
const LEFTOVER = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}\.tmp$/;

/**
 * Removes what calls of `replaceFile` for that path have left that were killed. For the path's one writer, before its
 * first call: another's file under way would look the same.
 */
export async function removeLeftovers(path: string): Promise<void> {
  const dir = dirname(path);
  const prefix = `.${basename(path)}.`;
  for (const name of await readdir(dir).catch(() => [])) {
    if (name.startsWith(prefix) && LEFTOVER.test(name.slice(prefix.length))) await removeIfThere(join(dir, name));
  }
}

/** Removes a file that nobody needs; one that cannot be removed does no harm. */
async function removeIfThere(path: string): Promise<void> {
  await unlink(path).catch(() => undefined);
}
