import type { GapFields } from "./protocol.ts";
import type { Gap, Row } from "./tail/stream.ts";
import { factsOf, TOPIC_NAMES } from "./topics.ts";

/** How much of a record goes out: `slim` is without its bodies. */
export type Shape = "full" | "slim";

const BODIES = new Set(TOPIC_NAMES.flatMap((topic) => factsOf(topic).bodies));
const EMPTY_OBJECT = /^\s*\{\s*\}\s*$/;

/** What a row begins with, before its cursor; and what follows that, before the members of its own. */
export const OPENING = '{"cursor":"';
export const ROW_GLUE = '",';

/**
 * A row as clients see it: its record with `cursor` as first member, or `{cursor, raw}` for a line that is no JSON
 * object, with `cut` (bytes) when it was longer. The line itself is passed on where that is safe.
 */
export function rowJson(row: Row, shape: Shape = "full"): string {
  try {
    return shape === "slim" ? slim(row) : full(row);
  } catch {
    // Nested deeper than can be written again.
    return raw(row);
  }
}

function full(row: Row): string {
  const { record, text, cursor } = row;
  if (record === undefined) return raw(row);
  // A record with a cursor of its own must not pass for a place in a file.
  if (Object.hasOwn(record, "cursor")) return rebuilt(row, record, () => true);
  if (EMPTY_OBJECT.test(text)) return JSON.stringify({ cursor });
  // JSON may hold a carriage return between its parts; to a reader of lines it is the end of one.
  const line = text.includes("\r") ? text.replaceAll("\r", " ") : text;
  return `${OPENING}${cursor}${ROW_GLUE}${line.slice(line.indexOf("{") + 1)}`;
}

function slim(row: Row): string {
  return row.record === undefined ? raw(row) : rebuilt(row, row.record, (name) => !BODIES.has(name));
}

/** Put in front as text: an object's members with numbers for names come before all others. */
function rebuilt({ cursor }: Row, record: object, wanted: (name: string) => boolean): string {
  const kept = Object.entries(record).filter(([name]) => name !== "cursor" && wanted(name));
  const rest = JSON.stringify(Object.fromEntries(kept)).slice(1);
  return kept.length === 0 ? JSON.stringify({ cursor }) : `${OPENING}${cursor}${ROW_GLUE}${rest}`;
}

function raw({ cursor, text, cut }: Row): string {
  return JSON.stringify(cut === undefined ? { cursor, raw: text } : { cursor, raw: text, cut });
}

/** A gap as clients see it. */
export function gapFields({ from, to, bytes, reason }: Gap): GapFields {
  return { from: from ?? null, to, bytes, reason };
}
