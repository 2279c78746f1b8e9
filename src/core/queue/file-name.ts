import { createHash } from "node:crypto";

/** A queue file's name carries all that dispatching needs, so that no file is opened for it. Pure. */
export interface FileName {
  /** Order of arrival over all lanes. */
  readonly seq: number;
  /** The message's lane. */
  readonly lane: number;
  readonly key: string;
}

/** The first digit is always 0: what another program names with more is not taken for ours and spends no numbers. */
export const MAX_SEQUENCE = 999_999_999_999_999;

const SAFE_KEY = /^[A-Za-z0-9_-]{1,96}$/;
const NAME = /^(0\d{15})\.([1-9]\d{0,15})\.([A-Za-z0-9_-]{1,96})\.json$/;

/** A message's name for good, as it stands in file names: the id itself when that is safe there, else a hash of it. */
export function keyOf(messageId: string): string {
  return SAFE_KEY.test(messageId) ? messageId : hashKey("h", messageId);
}

/** `prefix` and 32 hex digits. */
export function hashKey(prefix: string, text: string): string {
  return prefix + createHash("sha256").update(text).digest("hex").slice(0, 32);
}

/** `<seq, 16 digits>.<lane>.<key>.json` */
export function formatFileName({ seq, lane, key }: FileName): string {
  return `${String(seq).padStart(16, "0")}.${lane}.${key}.json`;
}

/** Undefined when the name is not of our form. */
export function parseFileName(name: string): FileName | undefined {
  const [, seq, lane, key] = NAME.exec(name) ?? [];
  if (seq === undefined || lane === undefined || key === undefined) return undefined;
  if (!Number.isSafeInteger(Number(lane))) return undefined;
  return { seq: Number(seq), lane: Number(lane), key };
}
