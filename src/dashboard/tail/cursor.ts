import { createHash } from "node:crypto";
import { DashboardError } from "../errors.ts";
import { NEWLINE } from "./line-bytes.ts";

/**
 * Names of places in files, made of what the file itself holds, so that they outlive every process and every rename.
 *
 * A generation is one file from its first byte on: 12 hex digits of its first line, 8 of its device and inode, and the
 * time that the first line bears, by which generations are put in order when nothing else is left of one. A place is a generation, a byte offset just after a line, and a check over the bytes before it: a file that was cut
 * and written anew under the same first line is not taken for the old one.
 */
export type Cursor = string;

export interface Place {
  readonly gen: string;
  readonly offset: number;
  /** `checkOf` the bytes before the offset; 0 at the start of a file. */
  readonly check: number;
}

/** Bytes before a place that its check covers. */
export const WINDOW_BYTES = 64;
/** Bytes of the first line that name a generation. */
export const HEAD_BYTES = 256;

/** What a cursor is made of, whoever made it. */
const CURSOR = /^[A-Za-z0-9:._-]{1,80}$/;
const OWN = /^([0-9a-f]{20}[0-9a-z]{9}):(\d{1,15}):([0-9a-z]{1,7})$/;
const LINE_DIGITS = 12;
const INODE_DIGITS = 8;
const TIME_DIGITS = 9;
/** Epoch milliseconds as our records and pino's bear them. */
const TIME = /"(?:timestamp|time|ts)":(\d{12,13})\b/;

/**
 * The place that a cursor names; undefined for one of another program, which names no place of ours. Throws
 * `bad_cursor` for a text that is no cursor at all.
 */
export function parseCursor(cursor: Cursor): Place | undefined {
  if (!CURSOR.test(cursor)) {
    throw new DashboardError("bad_cursor", "A cursor has 1 to 80 of A-Z a-z 0-9 : . _ -: use one from an answer.");
  }
  const [, gen, offset, check] = OWN.exec(cursor) ?? [];
  if (gen === undefined || offset === undefined || check === undefined) return undefined;
  return { gen, offset: Number(offset), check: Number.parseInt(check, 36) };
}

export function formatCursor(place: Place): Cursor {
  return `${place.gen}:${place.offset}:${place.check.toString(36)}`;
}

const ZERO = 0x30;
const TEN = 0x61 - 10;
const COLON = 0x3a;

/**
 * Writes what `formatCursor` puts behind the generation, as ASCII; answers the index after it. For the rows of a stream
 * in a hurry: made as text each costs as much as to parse it.
 */
export function writePlace({ offset, check }: Place, target: Uint8Array, at: number): number {
  target[at] = COLON;
  const end = writeNumber(offset, 10, target, at + 1);
  target[end] = COLON;
  return writeNumber(check, 36, target, end + 1);
}

/** Bytes that takes at most. */
export const PLACE_ROOM = ":999999999999999:zzzzzzz".length;

/** In parts that fit into 31 bits: with more, each digit takes a division of fractions. */
function writeNumber(value: number, radix: number, target: Uint8Array, at: number): number {
  const [part, digits] = radix === 10 ? [1e9, 9] : [36 ** 5, 5];
  if (value < part) return writeDigits(value | 0, radix, target, at, digitsOf(value | 0, radix));
  const high = Math.floor(value / part);
  const end = writeDigits(high | 0, radix, target, at, digitsOf(high | 0, radix));
  return writeDigits((value - high * part) | 0, radix, target, end, digits);
}

function digitsOf(value: number, radix: number): number {
  let digits = 1;
  for (let least = radix; least <= value; least *= radix) digits += 1;
  return digits;
}

function writeDigits(value: number, radix: number, target: Uint8Array, at: number, digits: number): number {
  let rest = value;
  for (let n = at + digits - 1; n >= at; n -= 1) {
    const digit = (rest % radix) | 0;
    target[n] = digit < 10 ? ZERO + digit : TEN + digit;
    rest = ((rest - digit) / radix) | 0;
  }
  return at + digits;
}

export function startOf(gen: string): Place {
  return { gen, offset: 0, check: 0 };
}

/** FNV-1a over the up to 64 bytes before `end`; `bytes` must begin that far before it or at the start of the file. */
export function checkOf(bytes: Uint8Array, end: number): number {
  let hash = 0x811c9dc5;
  for (let n = Math.max(0, end - WINDOW_BYTES); n < end; n += 1) hash = Math.imul(hash ^ (bytes[n] ?? 0), 0x01000193);
  return hash >>> 0;
}

/** Undefined while the first line is neither whole nor long enough to tell; `whole`: nothing more will come. */
export function lineHash(head: Buffer, whole: boolean): string | undefined {
  const line = firstLine(head);
  return line.length === head.length && head.length < HEAD_BYTES && !whole ? undefined : digest(line, LINE_DIGITS);
}

/** Name of the generation that begins with `head`, if that tells. */
export function generationOf(head: Buffer, whole: boolean, inode: string): string | undefined {
  const line = head.length === 0 ? undefined : lineHash(head, whole);
  if (line === undefined) return undefined;
  const time = Number(TIME.exec(firstLine(head).toString("latin1"))?.[1] ?? 0);
  return `${line}${inode}${time.toString(36).padStart(TIME_DIGITS, "0")}`;
}

function firstLine(head: Buffer): Buffer {
  const newline = head.subarray(0, HEAD_BYTES).indexOf(NEWLINE);
  return head.subarray(0, newline === -1 ? HEAD_BYTES : newline);
}

export function inodeHash(dev: bigint, ino: bigint): string {
  return digest(`${dev}:${ino}`, INODE_DIGITS);
}

/** Epoch ms at which a generation began; undefined: its first line bears no time. */
export function timeOf(gen: string): number | undefined {
  return Number.parseInt(gen.slice(-TIME_DIGITS), 36) || undefined;
}

/** The part of a generation's name that a copy of the file shares. */
export function lineHashOf(gen: string): string {
  return gen.slice(0, LINE_DIGITS);
}

/** The part of a generation's name that what is written next into the same file shares. */
export function inodeHashOf(gen: string): string {
  return gen.slice(LINE_DIGITS, LINE_DIGITS + INODE_DIGITS);
}

function digest(data: Buffer | string, digits: number): string {
  return createHash("sha256").update(data).digest("hex").slice(0, digits);
}
