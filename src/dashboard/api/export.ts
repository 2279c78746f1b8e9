/** Exports: all rows of a topic that are wanted, one JSON text a line. */
import { breathe } from "../breathe.ts";
import { Refusal } from "../errors.ts";
import { matchOf } from "../filter.ts";
import type { Headers, Sink, Streamed } from "../http.ts";
import { gapFields, rowJson } from "../row-json.ts";
import type { Shape } from "../row-json.ts";
import type { Cursor, Limit, Match, Slice, Stream } from "../tail/stream.ts";
import type { Topic } from "../topics.ts";
import type { RouteDeps } from "./deps.ts";
import { REVALIDATE } from "./etag.ts";
import { NDJSON, pageOf } from "./list-query.ts";
import type { ListQuery } from "./list-query.ts";

/** Of one step: what waits in memory for a slow client, and how far is read before others have their turn. */
const STEP = { rows: 500, bytes: 256 * 1024, scan: 8 * 1024 * 1024 } as const satisfies Limit;

export const NDJSON_HEADERS: Headers = {
  "content-type": `${NDJSON}; charset=utf-8`,
  "cache-control": REVALIDATE,
};

/**
 * With `n` the page that the list answers. Without it everything from `after`, or from the oldest row, to the end as it
 * is now. A gap is a line `{"gap": {…}}`. What cannot be completed is cut off, and does not end.
 */
export function exportRows(deps: RouteDeps, topic: Topic, asked: ListQuery): Streamed {
  const { n, before, after, filter, shape } = asked;
  if (before !== undefined && n === undefined) {
    throw new Refusal("bad_parameter", "An export up to before needs n; without it begin at after, or leave both out.");
  }
  const stream = deps.streams[topic];
  const bound = stream.head();
  const disposition = `attachment; filename="${topic.replace("/", "-")}.ndjson"`;
  return {
    kind: "stream",
    headers: { ...NDJSON_HEADERS, vary: "accept", "content-disposition": disposition },
    async run(sink) {
      if (n !== undefined) await write(sink, await deps.history.page(topic, pageOf(topic, asked, sink.signal)), shape);
      else if (bound !== undefined) {
        await writeAll(sink, stream, { after, shape, match: upTo(bound, matchOf(filter, "forward")) });
      }
    },
  };
}

/** Ends after the row at `bound`, which may be offered twice: when it does not fit into a slice any more. */
function upTo(bound: Cursor, match: Match = () => true): Match {
  let isOver = false;
  return (row) => {
    if (isOver && row.cursor !== bound) return "stop";
    isOver ||= row.cursor === bound;
    return match(row);
  };
}

async function writeAll(
  sink: Sink,
  stream: Stream,
  { after, shape, match }: { after: Cursor | undefined; shape: Shape; match: Match },
): Promise<void> {
  let place = after;
  for (;;) {
    const slice = await stream.after(place, { ...STEP, signal: sink.signal }, match);
    await write(sink, slice, shape);
    if (!slice.more || slice.last === place) return;
    place = slice.last;
    await breathe();
  }
}

async function write(sink: Sink, { items }: Slice, shape: Shape): Promise<void> {
  let piece = "";
  for (const item of items) {
    piece += "gap" in item ? JSON.stringify({ gap: gapFields(item.gap) }) : rowJson(item, shape);
    piece += "\n";
    if (piece.length < STEP.bytes) continue;
    await send(sink, piece);
    piece = "";
  }
  await send(sink, piece);
}

async function send(sink: Sink, piece: string): Promise<void> {
  sink.signal.throwIfAborted();
  if (piece !== "") await sink.write(piece);
}
