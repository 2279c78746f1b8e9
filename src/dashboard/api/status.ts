import { stat } from "node:fs/promises";
import { join } from "node:path";
import { json, text } from "../http.ts";
import type { Answer } from "../http.ts";
import { renderPrometheus } from "../prometheus.ts";
import { TOPIC_NAMES } from "../topics.ts";
import type { Call, RouteDeps, Routes } from "./deps.ts";
import { Query } from "./query.ts";

const PROMETHEUS_TYPE = "text/plain; version=0.0.4; charset=utf-8";

/** The state of the system, for people and for whoever watches over it. */
export function statusRoutes(deps: RouteDeps): Routes {
  return {
    "/api/status": (call) => status(deps, call),
    "/healthz": () => json('{"status":"ok"}'),
    "/readyz": () => readiness(deps),
    "/metrics": () => metrics(deps),
  };
}

async function status({ services }: RouteDeps, { request }: Call): Promise<Answer> {
  void new Query(request.query, []);
  return json(JSON.stringify(await services.snapshot()));
}

/** There is an answer either way; as long as no bot has left its record there is nothing to show. */
async function readiness({ dir }: RouteDeps): Promise<Answer> {
  const found = await stat(join(dir, "status", "supervisor.json")).catch(() => undefined);
  return json(JSON.stringify({ status: found?.isFile() === true ? "ok" : "waiting" }));
}

async function metrics(deps: RouteDeps): Promise<Answer> {
  const { services, streams, counters, loopDelay, version, startedAt } = deps;
  const body = renderPrometheus({
    status: await services.snapshot(),
    streams: TOPIC_NAMES.map((topic) => ({ topic, ...streams[topic].status() })),
    server: {
      requestsByStatus: counters.requestsByStatus(),
      sockets: counters.sockets(),
      subscriptions: counters.subscriptions(),
      openAnswers: counters.openAnswers(),
    },
    loopDelay: loopDelay(),
    rssBytes: process.memoryUsage.rss(),
    version,
    node: process.versions.node,
    startedAt,
  });
  return text(body, PROMETHEUS_TYPE);
}
