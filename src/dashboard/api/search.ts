import { Refusal } from "../errors.ts";
import type { Sink, Streamed } from "../http.ts";
import { rowJson } from "../row-json.ts";
import type { SearchEvent } from "../scan/search.ts";
import { isTopic, TOPIC_NAMES } from "../topics.ts";
import type { Topic } from "../topics.ts";
import type { Call, RouteDeps, Routes } from "./deps.ts";
import { NDJSON_HEADERS } from "./export.ts";
import { Query } from "./query.ts";

const MAX_Q_LENGTH = 400;

export function searchRoutes(deps: RouteDeps): Routes {
  return { "/api/search": (call) => search(deps, call) };
}

/** Without a topic all are searched, one after another; `progress` is of the one that is being searched. */
function search(deps: RouteDeps, { request }: Call): Streamed {
  const query = new Query(request.query, ["q", "topic"]);
  const q = query.text("q", MAX_Q_LENGTH);
  if (q === undefined) throw new Refusal("bad_parameter", "q is needed: the text to look for.");
  const topics = topicsOf(query.one("topic"));
  return {
    kind: "stream",
    headers: NDJSON_HEADERS,
    async run(sink) {
      for (const topic of topics) await searchOne(deps, { q, topic }, sink);
      await sink.write('{"type":"done"}\n');
    },
  };
}

async function searchOne(deps: RouteDeps, query: { q: string; topic: Topic }, sink: Sink): Promise<void> {
  for await (const event of deps.search(query, sink.signal)) {
    sink.signal.throwIfAborted();
    if (event.type !== "done") await sink.write(`${lineOf(event, query.topic)}\n`);
  }
  sink.signal.throwIfAborted();
}

function lineOf(event: Exclude<SearchEvent, { type: "done" }>, topic: Topic): string {
  if (event.type === "match") return `{"type":"match","topic":"${event.topic}","row":${rowJson(event.row)}}`;
  const { type, scanned, total } = event;
  return JSON.stringify({ type, topic, scanned, total });
}

function topicsOf(name: string | undefined): readonly Topic[] {
  if (name === undefined) return TOPIC_NAMES;
  if (isTopic(name)) return [name];
  throw new Refusal("bad_parameter", `There is no such topic: ${TOPIC_NAMES.join(", ")}.`);
}
