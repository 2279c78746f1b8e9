import { constants } from "node:fs";
import { open } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { errorCode } from "../errors.ts";
import { MAX_FILE_BYTES } from "./envelope.ts";

/** What a file is known by: a copy, or the same file written again, differs. */
export interface FileStamp {
  readonly inode: string;
  readonly modifiedNs: string;
  readonly modifiedMs: number;
  readonly bytes: number;
}

export type ReadOutcome =
  | { readonly status: "read"; readonly bytes: Buffer; readonly stamp: FileStamp }
  | { readonly status: "empty"; readonly stamp: FileStamp }
  | { readonly status: "gone" }
  /** Nothing that could become a message by waiting. */
  | { readonly status: "unfit"; readonly reason: string };

/** Errors that belong to the file, and not to the moment (as too many open files would). */
const UNFIT = new Set(["ELOOP", "EACCES", "EPERM", "EIO", "EISDIR", "ENXIO", "ENODEV", "ENAMETOOLONG", "ENOTDIR"]);

/** Follows no link, waits for no other end, and does not let a device act. */
const SAFE_READ = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK | constants.O_NOCTTY;

/** Reads a whole queue file, if it is a regular file of a sane size. Throws what may pass by itself. */
export async function readQueueFile(path: string | Buffer): Promise<ReadOutcome> {
  let handle: FileHandle;
  try {
    handle = await open(path, SAFE_READ);
  } catch (error) {
    return asOutcome(error);
  }
  try {
    return await readHandle(handle);
  } catch (error) {
    return asOutcome(error);
  } finally {
    await handle.close();
  }
}

async function readHandle(handle: FileHandle): Promise<ReadOutcome> {
  const found = await handle.stat({ bigint: true });
  if (!found.isFile()) return { status: "unfit", reason: "not a regular file" };
  const size = Number(found.size);
  if (size > MAX_FILE_BYTES) return { status: "unfit", reason: `${size} bytes; the limit is ${MAX_FILE_BYTES}` };
  const stamp: FileStamp = {
    inode: String(found.ino),
    modifiedNs: String(found.mtimeNs),
    modifiedMs: Number(found.mtimeMs),
    bytes: size,
  };
  if (size === 0) return { status: "empty", stamp };
  const bytes = Buffer.allocUnsafe(size);
  let filled = 0;
  while (filled < size) {
    const { bytesRead } = await handle.read(bytes, filled, size - filled, filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return { status: "read", bytes: bytes.subarray(0, filled), stamp };
}

function asOutcome(error: unknown): ReadOutcome {
  const code = errorCode(error) ?? "";
  if (code === "ENOENT") return { status: "gone" };
  if (UNFIT.has(code))
    return { status: "unfit", reason: code === "ELOOP" ? "a symbolic link" : `cannot be read: ${code}` };
  throw error;
}

/** Why an entry of a folder is no file to read; undefined when it is one. */
export function unfitKind(entry: {
  isFile(): boolean;
  isDirectory(): boolean;
  isSymbolicLink(): boolean;
  isFIFO(): boolean;
}): string | undefined {
  if (entry.isFile()) return undefined;
  if (entry.isDirectory()) return "a directory";
  if (entry.isSymbolicLink()) return "a symbolic link";
  return entry.isFIFO() ? "a fifo" : "not a regular file";
}
