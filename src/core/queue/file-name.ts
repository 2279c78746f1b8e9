import { createHash } from "node:crypto";
import { HEARTBEAT, MACHINE, PERSON } from "./rank.ts";
import type { Rank } from "./rank.ts";

/** A queue file's name carries all that dispatching needs, so that no file is opened for it. Pure. */
export interface FileName {
  /** Order of arrival over all lanes. */
  readonly seq: number;
  /** The message's lane. */
  readonly lane: number;
  /** What it counts for against other lanes. */
  readonly rank: Rank;
  readonly key: string;
}

/** The first digit is always 0: what another program names with more is not taken for ours and spends no numbers. */
export const MAX_SEQUENCE = 999_999_999_999_999;

const SAFE_KEY = /^[A-Za-z0-9_-]{1,96}$/;
const NAME = /^(0\d{15})\.([1-9]\d{0,15})(?:\.([xh]))?\.([A-Za-z0-9_-]{1,96})\.json$/;
/** A person's messages, and all to the chat, bear none. No key holds a dot, so none is taken for a mark. */
const MARKS: Readonly<Record<Rank, string>> = { [PERSON]: "", [MACHINE]: ".x", [HEARTBEAT]: ".h" };

/** A message's name for good, as it stands in file names: the id itself when that is safe there, else a hash of it. */
export function keyOf(messageId: string): string {
  return SAFE_KEY.test(messageId) ? messageId : hashKey("h", messageId);
}

/** `prefix` and 32 hex digits. */
export function hashKey(prefix: string, text: string): string {
  return prefix + createHash("sha256").update(text).digest("hex").slice(0, 32);
}

/** `<seq, 16 digits>.<lane>.<key>.json`, with `x.` (machine) or `h.` (heartbeat) before the key where it has that rank. */
export function formatFileName({ seq, lane, rank, key }: FileName): string {
  return `${String(seq).padStart(16, "0")}.${lane}${MARKS[rank]}.${key}.json`;
}

/** Undefined when the name is not of our form. */
export function parseFileName(name: string): FileName | undefined {
  const [, seq, lane, mark, key] = NAME.exec(name) ?? [];
  if (seq === undefined || lane === undefined || key === undefined) return undefined;
  if (!Number.isSafeInteger(Number(lane))) return undefined;
  return { seq: Number(seq), lane: Number(lane), rank: rankOfMark(mark), key };
}

function rankOfMark(mark: string | undefined): Rank {
  if (mark === undefined) return PERSON;
  return mark === "x" ? MACHINE : HEARTBEAT;
}
