import { Refusal } from "../errors.ts";
import type { Filter } from "../filter.ts";
import type { Page } from "../history.ts";
import type { Shape } from "../row-json.ts";
import type { Cursor } from "../tail/stream.ts";
import { factsOf } from "../topics.ts";
import type { Topic } from "../topics.ts";
import type { Call } from "./deps.ts";
import { filterNames, filterOf, Query, shapeNames, shapeOf } from "./query.ts";

/** Which rows of a topic are asked for, and how they are to be written. */
export interface ListQuery {
  /** Undefined: as many as are usual, or in an export all. */
  readonly n: number | undefined;
  readonly before: Cursor | undefined;
  readonly after: Cursor | undefined;
  readonly filter: Filter;
  readonly shape: Shape;
  readonly format: "json" | "ndjson";
}

export const NDJSON = "application/x-ndjson";

const MAX_ROWS = 1_000;

/** `given`: what the path itself says, which no parameter can say otherwise. Throws `bad_parameter`, `bad_cursor`. */
export function parseListQuery(topic: Topic, { request }: Call, given: Filter): ListQuery {
  const filters = filterNames(topic).filter((name) => name !== "thread" || given.threadId === undefined);
  const known = ["n", "before", "after", "from", "to", ...filters, ...shapeNames(topic), "format"];
  const query = new Query(request.query, known);
  if (query.has("before") && query.has("after")) {
    throw new Refusal("bad_parameter", "before and after are both given: choose one.");
  }
  const accepted = accepts(request.headers.get("accept")) ? "ndjson" : "json";
  return {
    n: query.integer("n", 1, MAX_ROWS),
    before: query.cursor("before"),
    after: query.cursor("after"),
    filter: { ...filterOf(query), ...given },
    shape: shapeOf(query),
    // A link bears no header.
    format: query.choice("format", ["json", "ndjson"]) ?? accepted,
  };
}

function accepts(header = ""): boolean {
  return header.split(",").some((range) => range.split(";", 1)[0]?.trim().toLowerCase() === NDJSON);
}

/** Without a place the newest rows are meant. */
export function pageOf(topic: Topic, { n, before, after, filter }: ListQuery, signal: AbortSignal): Page {
  const cursor = before ?? after;
  return {
    direction: after === undefined ? "backward" : "forward",
    rows: n ?? factsOf(topic).usual,
    filter,
    signal,
    ...(cursor === undefined ? {} : { cursor }),
  };
}
