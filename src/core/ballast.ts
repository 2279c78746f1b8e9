/**
 * A file of which nobody needs the bytes. While the disk has room they are there; when it is nearly full they are given
 * up, so that what is under way can be brought to its end. The empty file that stays says, to every thread and to the
 * next start, that the disk is short, and since when.
 */
import { randomFill } from "node:crypto";
import { open, rename, rm, stat, truncate } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { syncOnce, writeAll } from "./atomic-file.ts";
import { errorCode } from "./errors.ts";

const MIB = 1024 * 1024;
const WHOLE_BYTES = 8 * MIB;
const CHUNK_BYTES = MIB / 4;
const FILE_MODE = 0o640;

const fillRandomly = promisify<Uint8Array, Uint8Array>(randomFill);

export type Ballast =
  | { readonly state: "none" | "whole" }
  /** Since when, epoch ms. */
  | { readonly state: "spent"; readonly since: number };

export function ballastPath(dir: string): string {
  return join(dir, "status", "ballast");
}

/** Rejects with the system's error. */
export async function readBallast(dir: string): Promise<Ballast> {
  try {
    const { size, mtimeMs } = await stat(ballastPath(dir));
    return size > 0 ? { state: "whole" } : { state: "spent", since: Math.trunc(mtimeMs) };
  } catch (error) {
    if (errorCode(error) === "ENOENT") return { state: "none" };
    throw error;
  }
}

/** Gives the bytes up; makes the empty file where there was none. Rejects with the system's error. */
export async function spendBallast(dir: string): Promise<void> {
  const path = ballastPath(dir);
  try {
    await truncate(path);
  } catch (error) {
    if (errorCode(error) !== "ENOENT") throw error;
    await (await open(path, "wx", FILE_MODE)).close();
  }
}

/**
 * Takes the bytes back, up to 8 MiB or 1/160 of the file system: an eighth of the floor below which they are given up.
 * Written and synced, and of random bytes, for a file system may keep a hole or an even text in no space at all.
 */
export async function fillBallast(dir: string, totalBytes: number): Promise<void> {
  const path = ballastPath(dir);
  const fresh = `${path}.tmp`;
  try {
    await rm(fresh, { force: true });
    const handle = await open(fresh, "wx", FILE_MODE);
    try {
      const chunk = new Uint8Array(CHUNK_BYTES);
      let left = Math.max(1, Math.min(WHOLE_BYTES, Math.trunc(totalBytes / 160)));
      for (; left > 0; left -= CHUNK_BYTES) {
        await fillRandomly(chunk);
        await writeAll(handle, chunk.subarray(0, Math.min(left, CHUNK_BYTES)));
      }
      await syncOnce(fresh, () => handle.datasync());
    } finally {
      await handle.close();
    }
    await rename(fresh, path);
  } catch (error) {
    await rm(fresh, { force: true }).catch(() => undefined);
    throw error;
  }
}
