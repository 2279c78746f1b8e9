import { Refusal } from "../errors.ts";
import { json } from "../http.ts";
import type { Answer } from "../http.ts";
import { rowJson } from "../row-json.ts";
import { parseCursor } from "../tail/cursor.ts";
import type { Cursor, Row, Slice } from "../tail/stream.ts";
import type { Call, RouteDeps, Routes } from "./deps.ts";
import { conditional, etagOf } from "./etag.ts";
import { Query } from "./query.ts";

/** Of a message's id, or of a cursor. */
const MAX_NAME_LENGTH = 256;

export function promptRoutes(deps: RouteDeps): Routes {
  return {
    "/api/prompts/diff": (call) => difference(deps, call),
    "/api/prompts/:messageId": (call) => one(deps, call),
  };
}

async function one(deps: RouteDeps, call: Call): Promise<Answer> {
  void new Query(call.request.query, []);
  const row = await find(deps, call.params.get("messageId") ?? "", call.signal);
  const etag = etagOf(row.cursor);
  return conditional(call.request, etag, (headers) => json(rowJson(row), headers));
}

async function difference(deps: RouteDeps, call: Call): Promise<Answer> {
  const query = new Query(call.request.query, ["a", "b"]);
  const [a, b] = [query.text("a", MAX_NAME_LENGTH), query.text("b", MAX_NAME_LENGTH)];
  if (a === undefined || b === undefined) {
    throw new Refusal("bad_parameter", "a and b are both needed: each the messageId or the cursor of a prompt.");
  }
  const rows = [await find(deps, a, call.signal), await find(deps, b, call.signal)] as const;
  const [before, after] = [sideOf(rows[0]), sideOf(rows[1])];
  const etag = etagOf(deps.version, rows[0].cursor, rows[1].cursor);
  return conditional(call.request, etag, async (headers) => {
    const { hunks } = await deps.diff(before.prompt, after.prompt, call.signal);
    return json(JSON.stringify({ a: before.head, b: after.head, hunks }), headers);
  });
}

/** The latest attempt at a message, or the very row that a cursor names. Rejects with `not_found`. */
async function find(deps: RouteDeps, name: string, signal: AbortSignal): Promise<Row> {
  const row = isPlace(name) ? await rowAt(deps, name, signal) : await latest(deps, name, signal);
  if (row === undefined) throw new Refusal("not_found", "There is no prompt of that message.");
  return row;
}

async function latest({ history }: RouteDeps, messageId: string, signal: AbortSignal): Promise<Row | undefined> {
  if (messageId.length > MAX_NAME_LENGTH) return undefined;
  const filter = { messageId };
  return rowsOf(await history.page("prompts", { direction: "backward", rows: 1, filter, signal }))[0];
}

/** A cursor is the place after its row: that is the one after the row before. */
async function rowAt({ history }: RouteDeps, cursor: Cursor, signal: AbortSignal): Promise<Row | undefined> {
  const [before] = rowsOf(await history.page("prompts", { direction: "backward", cursor, rows: 1, signal }));
  const from = before === undefined ? {} : { cursor: before.cursor };
  const [row] = rowsOf(await history.page("prompts", { direction: "forward", ...from, rows: 1, signal }));
  return row?.cursor === cursor ? row : undefined;
}

function rowsOf({ items }: Slice): Row[] {
  return items.flatMap((item) => ("gap" in item ? [] : [item]));
}

/** No message of ours has an id of a cursor's form. */
function isPlace(name: string): boolean {
  try {
    return parseCursor(name) !== undefined;
  } catch {
    return false;
  }
}

function sideOf({ record }: Row): { prompt: string; head: object } {
  const { messageId, timestamp, ts, prompt } = record ?? {};
  const text = typeof prompt === "string" ? prompt : "";
  return { prompt: text, head: { messageId, timestamp: timestamp ?? ts, promptLength: text.length } };
}
