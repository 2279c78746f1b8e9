import { Refusal } from "../errors.ts";
import { json } from "../http.ts";
import type { Answer } from "../http.ts";
import type { ThreadEntry } from "../services/threads.ts";
import type { Call, RouteDeps, Routes } from "./deps.ts";
import { conditional, etagOf } from "./etag.ts";
import { list } from "./list.ts";
import { parseThreadId, Query } from "./query.ts";

export function threadRoutes(deps: RouteDeps): Routes {
  return {
    "/api/threads": (call) => all(deps, call),
    "/api/threads/:id": (call) => one(deps, call),
    "/api/threads/:id/messages": (call) => messages(deps, call),
  };
}

/** The table as `threads.json` has it. */
async function all({ services }: RouteDeps, call: Call): Promise<Answer> {
  refuseParameters(call);
  const table = (await services.threads()).map(({ id, ...fields }) => [String(id), fields]);
  return tagged(call, JSON.stringify(Object.fromEntries(table)));
}

async function one({ services, tallies }: RouteDeps, call: Call): Promise<Answer> {
  refuseParameters(call);
  const id = idOf(call);
  const entry = find(await services.threads(), id);
  if (entry === undefined) throw unknownThread();
  const counting = tallies.isCounting ? { counting: true } : {};
  return tagged(call, JSON.stringify({ ...entry, totals: tallies.of(id), ...counting }));
}

/** A thread that is not in the table any more still has its history. */
async function messages(deps: RouteDeps, call: Call): Promise<Answer> {
  const threadId = idOf(call);
  const filter = { threadId };
  if (find(await deps.services.threads(), threadId) === undefined) {
    const probe = { direction: "backward", rows: 1, filter, signal: call.signal } as const;
    const { items } = await deps.history.page("messages", probe);
    if (items.every((item) => "gap" in item)) throw unknownThread();
  }
  return list(deps, "messages", call, filter);
}

function find(threads: readonly ThreadEntry[], id: number): ThreadEntry | undefined {
  return threads.find((entry) => entry.id === id);
}

function idOf({ params }: Call): number {
  const id = parseThreadId(params.get("id") ?? "");
  if (id === undefined) throw unknownThread();
  return id;
}

function unknownThread(): Refusal {
  return new Refusal("not_found", "There is no such thread: /api/threads has those that are known.");
}

function refuseParameters({ request }: Call): void {
  void new Query(request.query, []);
}

function tagged({ request }: Call, body: string): Promise<Answer> {
  return conditional(request, etagOf(body), (headers) => json(body, headers));
}
