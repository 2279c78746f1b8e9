import type { Streamed } from "../http.ts";
import { parseCursor } from "../tail/cursor.ts";
import type { Topic } from "../topics.ts";
import type { Call, RouteDeps } from "./deps.ts";
import { filterNames, filterOf, Query, shapeNames, shapeOf } from "./query.ts";

/** Rows as they come, as server-sent events; what was sent last is named by `Last-Event-ID`. */
export function feed(deps: RouteDeps, topic: Topic, { request }: Call): Streamed {
  const query = new Query(request.query, [...filterNames(topic), ...shapeNames(topic)]);
  // An empty one is what a browser sends that has been told to forget it.
  const lastEventId = request.headers.get("last-event-id") || undefined;
  if (lastEventId !== undefined) parseCursor(lastEventId);
  const { streams, clock } = deps;
  return deps.sse({ stream: streams[topic], shape: shapeOf(query), filter: filterOf(query), lastEventId, clock });
}
