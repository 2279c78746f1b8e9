import { breathe } from "../breathe.ts";
import { json } from "../http.ts";
import type { Answer, Streamed } from "../http.ts";
import type { Call, RouteDeps, Routes } from "./deps.ts";
import { Query } from "./query.ts";

export function metricsRoutes(deps: RouteDeps): Routes {
  return {
    "/api/metrics": (call) => current(deps, call),
    "/api/metrics/history": (call) => history(deps, call),
  };
}

function current({ sampler }: RouteDeps, { request }: Call): Answer {
  void new Query(request.query, []);
  return json(JSON.stringify(sampler.current()));
}

/** A day is 40 columns, and one a core where these are asked for: written one by one, since all at once would keep everyone waiting. */
function history({ metricsHistory }: RouteDeps, { request }: Call): Streamed {
  const query = new Query(request.query, ["from", "step", "cores"]);
  const from = query.integer("from", 0);
  const step = query.choice("step", ["1", "15"]);
  const cores = query.choice("cores", ["0", "1"]) === "1";
  return {
    kind: "stream",
    headers: json("").headers,
    async run(sink) {
      const seconds = step === undefined ? undefined : step === "1" ? 1 : 15;
      for (const piece of metricsHistory.json({ from, step: seconds, cores })) {
        sink.signal.throwIfAborted();
        await sink.write(piece);
        await breathe();
      }
    },
  };
}
