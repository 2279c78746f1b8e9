import { open, readdir } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { basename, dirname, extname, join } from "node:path";
import { errorCode } from "./errors.ts";

/** Names and lines of the files that `jsonl` writes and reads. */
export type JsonObject = Record<string, unknown>;

const CHUNK_BYTES = 64 * 1024;
export const NEWLINE = 0x0a;
/** As long as the largest message. */
const MAX_LINE_BYTES = 16 * 1024 * 1024;
const NOTHING = Buffer.alloc(0);

/** The name of the n-th file that was rolled. */
export function rolledPath(path: string, n: number): string {
  const extension = extname(path);
  return join(dirname(path), `${basename(path, extension)}.${n}${extension}`);
}

/** The number of a file that was rolled from the one called `name`; undefined for any other file. */
export function rolledNumber(name: string, other: string): number | undefined {
  const extension = extname(name);
  const prefix = `${basename(name, extension)}.`;
  if (!other.startsWith(prefix) || !other.endsWith(extension)) return undefined;
  const middle = other.slice(prefix.length, other.length - extension.length);
  return /^[1-9]\d{0,8}$/.test(middle) ? Number(middle) : undefined;
}

/** Numbers of the rolled files, rising. */
export async function rolledNumbers(path: string): Promise<number[]> {
  const names = await readdir(dirname(path)).catch(() => []);
  return names.flatMap((name) => rolledNumber(basename(path), name) ?? []).sort((a, b) => a - b);
}

/** A handle for reading; undefined when the file does not exist. */
export async function openIfThere(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, "r");
  } catch (error) {
    if (errorCode(error) === "ENOENT") return undefined;
    throw error;
  }
}

/** Undefined for a torn or foreign line. */
export function parseLine(line: Buffer): JsonObject | undefined {
  if (line.length === 0) return undefined;
  try {
    const value: unknown = JSON.parse(line.toString("utf8"));
    return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as JsonObject) : undefined;
  } catch {
    return undefined;
  }
}

/** The lines of a file as it is now, last first. */
export async function* linesBackward(handle: FileHandle): AsyncGenerator<Buffer, void, undefined> {
  let position = (await handle.stat()).size;
  /** Pieces of the line whose start is not read yet, last piece first. */
  let pieces: Buffer[] = [];
  while (position > 0) {
    const length = Math.min(CHUNK_BYTES, position);
    position -= length;
    const chunk = await readExactly(handle, position, length);
    let end = chunk.length;
    while (end > 0) {
      const newline = chunk.lastIndexOf(NEWLINE, end - 1);
      if (newline === -1) break;
      pieces.push(chunk.subarray(newline + 1, end));
      yield Buffer.concat(pieces.toReversed());
      pieces = [];
      end = newline;
    }
    pieces.push(chunk.subarray(0, end));
  }
  yield Buffer.concat(pieces.toReversed());
}

/** The lines of a file as it is now; one that is too long to be a record is empty, and never in memory. */
export async function* linesForward(handle: FileHandle): AsyncGenerator<Buffer, void, undefined> {
  const { size } = await handle.stat();
  let pieces: Buffer[] = [];
  let length = 0;
  for (let position = 0; position < size; position += CHUNK_BYTES) {
    const chunk = await readExactly(handle, position, Math.min(CHUNK_BYTES, size - position));
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, start)) {
      pieces.push(chunk.subarray(start, end));
      yield length > MAX_LINE_BYTES ? NOTHING : Buffer.concat(pieces);
      pieces = [];
      length = 0;
      start = end + 1;
    }
    length += chunk.length - start;
    if (length > MAX_LINE_BYTES) pieces = [];
    else pieces.push(chunk.subarray(start));
  }
  yield length > MAX_LINE_BYTES ? NOTHING : Buffer.concat(pieces);
}

/** Fewer bytes than asked when the file was cut meanwhile. */
async function readExactly(handle: FileHandle, position: number, length: number): Promise<Buffer> {
  const buffer = Buffer.allocUnsafe(length);
  let filled = 0;
  while (filled < length) {
    const { bytesRead } = await handle.read(buffer, filled, length - filled, position + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return buffer.subarray(0, filled);
}
