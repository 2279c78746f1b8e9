import { DashboardError, Refusal } from "../errors.ts";
import { parseCursor } from "../tail/cursor.ts";
import type { Cursor } from "../tail/cursor.ts";

/** Where a subscription begins: with the last `tail` rows, or after a place. */
export type Start = { readonly tail: number } | { readonly cursor: Cursor };

const MOST_ROWS = 1000;
const TAIL = "tail:";

/** `tail:N`, `now` or a cursor. Throws `bad_parameter` for an N that is none of 0 to 1000, and `bad_cursor`. */
export function parseStart(from: string): Start {
  if (from === "now") return { tail: 0 };
  if (!from.startsWith(TAIL)) return { cursor: checkedCursor(from) };
  const digits = from.slice(TAIL.length);
  const rows = /^\d{1,4}$/.test(digits) ? Number(digits) : Number.POSITIVE_INFINITY;
  if (rows <= MOST_ROWS) return { tail: rows };
  throw new Refusal("bad_parameter", `from: tail:N takes an N of 0 to ${MOST_ROWS}; page further back over HTTP.`);
}

/** Throws the refusal `bad_cursor` for a text that is no cursor at all. */
export function checkedCursor(text: string): Cursor {
  try {
    parseCursor(text);
    return text;
  } catch (error) {
    if (error instanceof DashboardError) throw new Refusal("bad_cursor", error.message);
    throw error;
  }
}
