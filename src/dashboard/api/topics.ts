/** The topics over HTTP: a list and a feed each. */
import { Refusal } from "../errors.ts";
import { LOG_SOURCES, logTopic, TOPIC_NAMES } from "../topics.ts";
import type { Topic } from "../topics.ts";
import type { Call, RouteDeps, Routes } from "./deps.ts";
import { feed } from "./feed.ts";
import { list } from "./list.ts";

export function topicRoutes(deps: RouteDeps): Routes {
  const records = TOPIC_NAMES.filter((topic) => !topic.includes("/"));
  return {
    ...Object.assign({}, ...records.map((topic) => routesOf(deps, topic))),
    "/api/logs/:type": (call) => feed(deps, logOf(call), call),
    "/api/logs/:type/recent": (call) => list(deps, logOf(call), call),
  };
}

function routesOf(deps: RouteDeps, topic: Topic): Routes {
  return {
    [`/api/${topic}/recent`]: (call) => list(deps, topic, call),
    [`/api/${topic}/feed`]: (call) => feed(deps, topic, call),
  };
}

function logOf({ params }: Call): Topic {
  const topic = logTopic(params.get("type") ?? "");
  if (topic !== undefined) return topic;
  throw new Refusal("not_found", `There is no such log: ask for ${LOG_SOURCES.join(", ")}.`);
}
