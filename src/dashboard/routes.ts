/** Everything the dashboard answers over HTTP, by path. Who may ask is judged before, and `/ws` is taken up elsewhere. */
import type { Call, Handler, RouteDeps, Routes } from "./api/deps.ts";
import { answerTo, watched } from "./api/faults.ts";
import { metricsRoutes } from "./api/metrics.ts";
import { promptRoutes } from "./api/prompts.ts";
import { queueRoutes } from "./api/queue-files.ts";
import { searchRoutes } from "./api/search.ts";
import { statusRoutes } from "./api/status.ts";
import { threadRoutes } from "./api/threads.ts";
import { topicRoutes } from "./api/topics.ts";
import { Refusal } from "./errors.ts";
import { refused } from "./http.ts";
import type { Answer, Request } from "./http.ts";

export type { RouteDeps } from "./api/deps.ts";

const METHODS = ["GET", "HEAD"];

/**
 * HEAD is answered as GET; whoever carries the answer leaves out its body. Never rejects. `signal` aborts when nobody
 * waits for the answer any more.
 */
export function createRoutes(deps: RouteDeps): (request: Request, signal?: AbortSignal) => Promise<Answer> {
  const find = routeFinder({
    ...statusRoutes(deps),
    ...topicRoutes(deps),
    ...threadRoutes(deps),
    ...promptRoutes(deps),
    ...metricsRoutes(deps),
    ...queueRoutes(deps),
    ...searchRoutes(deps),
    "/ws": () => {
      throw new Refusal("upgrade_required", "This is a WebSocket: ask for an upgrade to it.");
    },
  });
  const answer = async (request: Request, signal: AbortSignal): Promise<Answer> => {
    const found = find(request.path);
    if (found !== undefined) return found.handler({ request, signal, params: found.params });
    const file = deps.page.answer(request);
    if (file !== undefined) return file;
    const hint = request.path === "/" ? "The page is not installed" : "There is no such path";
    throw new Refusal("not_found", `${hint}; /api/status is a good place to begin.`);
  };
  return async (request, signal = new AbortController().signal) => {
    if (!METHODS.includes(request.method)) {
      const allow = METHODS.join(", ");
      return refused(new Refusal("method_not_allowed", `Everything here is read: ${allow}.`), { allow });
    }
    try {
      return watched(await answer(request, signal), request, deps.log);
    } catch (error) {
      return answerTo(error, request, deps.log);
    }
  };
}

interface Found {
  readonly handler: Handler;
  readonly params: Call["params"];
}

/** A path with nothing left open goes before one with. What is left open is one part of the path, and not empty. */
function routeFinder(routes: Routes): (path: string) => Found | undefined {
  const fixed = new Map<string, Handler>();
  const open: { readonly parts: readonly string[]; readonly handler: Handler }[] = [];
  for (const [path, handler] of Object.entries(routes)) {
    if (path.includes(":")) open.push({ parts: path.split("/"), handler });
    else fixed.set(path, handler);
  }
  return (path) => {
    const handler = fixed.get(path);
    if (handler !== undefined) return { handler, params: new Map() };
    const given = path.split("/");
    for (const { parts, handler } of open) {
      const params = match(parts, given);
      if (params !== undefined) return { handler, params };
    }
    return undefined;
  };
}

function match(parts: readonly string[], given: readonly string[]): Call["params"] | undefined {
  if (parts.length !== given.length) return undefined;
  const params = new Map<string, string>();
  for (const [index, part] of parts.entries()) {
    const text = given[index] ?? "";
    if (!part.startsWith(":")) {
      if (part !== text) return undefined;
      continue;
    }
    const value = decode(text);
    if (value === undefined || value === "") return undefined;
    params.set(part.slice(1), value);
  }
  return params;
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
