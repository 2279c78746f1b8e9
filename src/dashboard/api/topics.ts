/** The topics over HTTP: a list and a feed each. */
import { Refusal } from "../errors.ts";
import { isTopic } from "../topics.ts";
import type { Topic } from "../topics.ts";
import type { Call, RouteDeps, Routes } from "./deps.ts";
import { feed } from "./feed.ts";
import { list } from "./list.ts";

export function topicRoutes(deps: RouteDeps): Routes {
  return {
    ...routesOf(deps, "messages"),
    ...routesOf(deps, "routing"),
    ...routesOf(deps, "prompts"),
    ...routesOf(deps, "activity"),
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
  const topic = `logs/${params.get("type") ?? ""}`;
  if (isTopic(topic)) return topic;
  throw new Refusal("not_found", "There is no such log: ask for telegram, queue or supervisor.");
}
