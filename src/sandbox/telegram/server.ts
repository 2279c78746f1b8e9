import type { IncomingMessage, ServerResponse } from "node:http";
import type { Clock } from "../../core/clock.ts";
import { readBody } from "./body.ts";
import type { Body } from "./body.ts";
import { ApiError } from "./errors.ts";
import { perform } from "./exchange.ts";
import type { Ending } from "./exchange.ts";
import type { Faults, Params } from "./faults.ts";
import type { StoredFile } from "./files.ts";
import type { Backend, PreparedCall } from "./methods/method.ts";
import { refusing } from "./methods/method.ts";
import { canonicalName, prepareCall } from "./methods/table.ts";
import type { CallRecord } from "./record.ts";

export interface ServerParts {
  readonly token: string;
  readonly backend: Backend;
  readonly faults: Faults;
  readonly record: CallRecord;
  readonly clock: Clock;
}

/** Downloads are recorded, and struck by faults, under this name. */
const DOWNLOAD = "downloadFile";
const UNAUTHORIZED = new ApiError(401, "Unauthorized");

/** Answers `/bot<token>/<method>` and `/file/bot<token>/<path>`, and records each call when it has ended. */
export async function serve(parts: ServerParts, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { clock, record, faults } = parts;
  const arrival = { at: clock.now(), monotonicAt: clock.monotonic() };
  const left = new AbortController();
  const closed = new Promise<void>((resolve) => {
    response.once("close", () => {
      left.abort(new Error("the client left"));
      resolve();
    });
  });
  const { method, call } = await route(parts, request, left.signal);
  const ending = await settle(call.run, method, call.params);
  await send(response, ending, closed);
  record.add({
    method,
    params: call.params,
    ...arrival,
    monotonicEndedAt: clock.monotonic(),
    status: ending.status === "answer" && response.writableFinished ? ending.code : 0,
    ...outcome(ending),
  });

  /** A client that leaves before the answer gets none. */
  async function settle(run: () => unknown, name: string, params: Params): Promise<Ending> {
    try {
      return await perform(run, faults.take({ method: name, params }), clock, left.signal);
    } catch {
      return { status: "drop" };
    }
  }
}

interface Routed {
  readonly method: string;
  readonly call: { readonly params: Params; readonly run: () => unknown };
}

async function route(parts: ServerParts, request: IncomingMessage, signal: AbortSignal): Promise<Routed> {
  const [pathname = "", query = ""] = (request.url ?? "/").split("?", 2);
  const path = /^\/(file\/)?bot([^/]+)\/(.+)$/.exec(decoded(pathname));
  if (path === null) return refused(pathname, new ApiError(404, "Not Found"));
  const [, file, token, rest = ""] = path;
  const method = file === undefined ? canonicalName(rest) : DOWNLOAD;
  if (token !== parts.token) return refused(method, UNAUTHORIZED);
  if (file !== undefined) {
    return { method, call: { params: { path: rest }, run: () => download(parts.backend, rest) } };
  }
  const { body, call } = await read(method, request, new URLSearchParams(query));
  return {
    method,
    call: { params: call.params, run: () => call.run({ ...parts.backend, uploads: body.uploads, signal }) },
  };
}

/** Some clients escape the token's colon. */
function decoded(pathname: string): string {
  try {
    return decodeURIComponent(pathname);
  } catch {
    return pathname;
  }
}

async function read(
  method: string,
  request: IncomingMessage,
  query: URLSearchParams,
): Promise<{ readonly body: Body; readonly call: PreparedCall }> {
  try {
    const body = await readBody(request, query);
    return { body, call: prepareCall(method, body.params) };
  } catch (error) {
    const answer = error instanceof ApiError ? error : new ApiError(400, "Bad Request: can't read the request");
    return { body: { params: {}, uploads: new Map() }, call: refusing({}, answer) };
  }
}

function refused(method: string, error: ApiError): Routed {
  const { params, run } = refusing({}, error);
  return { method, call: { params, run: run as () => unknown } };
}

function download({ files }: Backend, path: string): StoredFile {
  const file = files.byPath(path);
  if (file === undefined) throw new ApiError(404, "Not Found");
  return file;
}

/** Puts the ending on the wire; resolves when the answer is out or the connection is gone. */
async function send(response: ServerResponse, ending: Ending, closed: Promise<void>): Promise<void> {
  if (ending.status === "drop") response.destroy();
  else if (ending.reply.ok && isFile(ending.reply.result)) {
    response.writeHead(200, { "content-type": "application/octet-stream" }).end(ending.reply.result.bytes);
  } else {
    response.writeHead(ending.code, { "content-type": "application/json" }).end(JSON.stringify(ending.reply));
  }
  await closed;
}

/** Only a download's result holds bytes. */
function isFile(result: unknown): result is StoredFile {
  return typeof result === "object" && result !== null && "bytes" in result && Buffer.isBuffer(result.bytes);
}

function outcome(ending: Ending): { description?: string; result?: unknown } {
  if (ending.status === "answer" && !ending.reply.ok) return { description: ending.reply.description };
  if (ending.result === undefined) return {};
  return isFile(ending.result) ? { result: { path: ending.result.path } } : { result: ending.result };
}
