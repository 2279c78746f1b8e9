/** Lists: a page of what lies in the files of a topic. */
import { breathe } from "../breathe.ts";
import type { Filter } from "../filter.ts";
import { json } from "../http.ts";
import type { Answer } from "../http.ts";
import { gapFields, rowJson } from "../row-json.ts";
import type { Shape } from "../row-json.ts";
import type { Row, Slice } from "../tail/stream.ts";
import type { Topic } from "../topics.ts";
import type { Call, RouteDeps } from "./deps.ts";
import { conditional, etagOf } from "./etag.ts";
import { exportRows } from "./export.ts";
import { pageOf, parseListQuery } from "./list-query.ts";

/** A page up to this many characters is answered in one piece; a longer one is written as it is made. */
const PIECE = 64 * 1024;

/** `given`: what the path itself says of the rows. */
export async function list(deps: RouteDeps, topic: Topic, call: Call, given: Filter = {}): Promise<Answer> {
  const asked = parseListQuery(topic, call, given);
  if (asked.format === "ndjson") return exportRows(deps, topic, asked);
  const slice = await deps.history.page(topic, pageOf(topic, asked, call.signal));
  return answer(call, slice, asked.shape, [deps.version, topic]);
}

/** What cursors name never changes, so that they stand for the rows in the validator. */
function answer({ request }: Call, slice: Slice, shape: Shape, marks: readonly string[]): Promise<Answer> {
  const rows = slice.items.flatMap((item) => ("gap" in item ? [] : [item]));
  const end = endOf(slice);
  const etag = etagOf(...marks, shape, end, ...rows.map((row) => row.cursor));
  return conditional(request, etag, (caching) => {
    const headers = { ...caching, vary: "accept" };
    const pieces = piecesOf(rows, shape, end);
    if (rows.reduce((sum, row) => sum + row.text.length, 0) <= PIECE) return json([...pieces].join(""), headers);
    return {
      kind: "stream",
      headers: json("", headers).headers,
      async run(sink) {
        for (const piece of pieces) {
          sink.signal.throwIfAborted();
          await sink.write(piece);
          await breathe();
        }
      },
    };
  });
}

function* piecesOf(rows: readonly Row[], shape: Shape, end: string): Generator<string, void, undefined> {
  let piece = '{"items":[';
  for (const [index, row] of rows.entries()) {
    piece += `${index === 0 ? "" : ","}${rowJson(row, shape)}`;
    if (piece.length < PIECE) continue;
    yield piece;
    piece = "";
  }
  yield `${piece}],${end}}`;
}

function endOf(slice: Slice): string {
  const { first, last, more } = slice;
  const gaps = gapsOf(slice);
  const end = { first: first ?? null, last: last ?? null, more, ...(gaps.length === 0 ? {} : { gaps }) };
  return JSON.stringify(end).slice(1, -1);
}

/** `index`: how many of the list's rows stand before the gap. Its ends alone do not tell: they need not be rows' cursors. */
function gapsOf({ items }: Slice): object[] {
  const gaps: object[] = [];
  for (const [place, item] of items.entries()) {
    if ("gap" in item) gaps.push({ index: place - gaps.length, ...gapFields(item.gap) });
  }
  return gaps;
}
