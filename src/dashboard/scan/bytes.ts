/** Reading within a thread of the pool, which may wait for the disk. */
import { readSync } from "node:fs";
import { HEAD_BYTES, WINDOW_BYTES, checkOf, lineHash, lineHashOf } from "../tail/cursor.ts";
import type { FileRow } from "../tail/row.ts";
import { Splitter } from "../tail/splitter.ts";
import { CHUNK_BYTES, NEWLINE } from "../tail/line-bytes.ts";

/** Part of a file that another thread holds open. */
export interface Extent {
  readonly fd: number;
  /** The file's generation: one that begins otherwise is not read. */
  readonly gen: string;
  readonly from: number;
  readonly to: number;
  /** How far the file may be read at all: the end of the rows that are known. */
  readonly end: number;
}

/** Up to `length` bytes from `position`; fewer only at the end of the file. */
export function readAt(fd: number, buffer: Buffer, length: number, position: number): Buffer {
  let filled = 0;
  while (filled < length) {
    const read = readSync(fd, buffer, filled, length - filled, position + filled);
    if (read === 0) break;
    filled += read;
  }
  return buffer.subarray(0, filled);
}

/** Whether the file still begins as the generation does. */
export function isStill(fd: number, gen: string): boolean {
  const head = readAt(fd, Buffer.alloc(HEAD_BYTES), HEAD_BYTES, 0);
  return head.length > 0 && lineHash(head, true) === lineHashOf(gen);
}

/** Where the first line begins at or after the offset; `end` when there is none. */
export function lineFrom(fd: number, offset: number, end: number): number {
  if (offset <= 0) return 0;
  const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
  for (let from = offset - 1; from < end; from += CHUNK_BYTES) {
    const bytes = readAt(fd, chunk, Math.min(CHUNK_BYTES, end - from), from);
    const newline = bytes.indexOf(NEWLINE);
    if (newline !== -1) return from + newline + 1;
    if (bytes.length === 0) break;
  }
  return end;
}

/**
 * The rows of an extent that begins just after a line, chunk by chunk up to its `end`: it is for who asks to stop at
 * `to`. `torn`: a last line without an end is a row. "lost" when the file is shorter now.
 */
export function* rowsOf(extent: Extent, torn: boolean): Generator<readonly FileRow[] | "lost", void, undefined> {
  const { fd, gen, from, end } = extent;
  const splitter = new Splitter(gen, from);
  const buffer = Buffer.allocUnsafe(CHUNK_BYTES + WINDOW_BYTES);
  for (let at = from; at < end; at += CHUNK_BYTES) {
    const base = Math.max(0, at - WINDOW_BYTES);
    const wanted = Math.min(end, at + CHUNK_BYTES) - base;
    const bytes = readAt(fd, buffer, wanted, base);
    if (bytes.length < wanted) {
      yield "lost";
      return;
    }
    yield splitter.push(bytes, at - base, base);
    if (base + wanted < end || !torn) continue;
    const row = splitter.flush(end, checkOf(bytes, bytes.length));
    if (row !== undefined) yield [row];
  }
}
