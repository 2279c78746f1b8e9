/** HTTP: who may ask at all, for what, in which size and time; the routes do the rest. */
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { describeError } from "../core/errors.ts";
import type { Logger } from "../core/log.ts";
import { http } from "../core/node-http.ts";
import { audit } from "./audit.ts";
import { authenticate, foreignTrait } from "./callers.ts";
import { BrokerError, refusal, refusalBody, type Refusal } from "./errors.ts";
import { answer, readBody, refusedAnswer, requestIdOf, send, type Answer } from "./http.ts";
import { ROUTES, type House, type Outcome, type Route } from "./routes.ts";

export interface ServerOptions {
  readonly house: House;
  /** Names that the broker answers to, besides the address a connection came to. */
  readonly hosts: ReadonlySet<string>;
  /** Why no token can be given at all, if so. */
  readonly unready: () => Refusal | undefined;
  readonly log: Logger;
  readonly audit: Logger;
}

const LIMITS = {
  maxHeaderSize: 16 * 1024,
  headersTimeout: 5000,
  requestTimeout: 9000,
  keepAliveTimeout: 30_000,
} as const;
const MAX_CONNECTIONS = 2048;
const NO_SECRET = "A valid secret is required, as Authorization: Bearer.";
const MISSING: Route = {
  method: "GET",
  path: "other",
  run: () => ({ refusal: refusal("not_found", "There is nothing here.") }),
};

export class BrokerServer {
  readonly #options: ServerOptions;
  readonly #server: Server;
  /** Requests that are not answered yet. */
  #active = 0;
  #stopping = false;

  constructor(options: ServerOptions) {
    this.#options = options;
    this.#server = http.createServer({ ...LIMITS, connectionsCheckingInterval: 1000 }, (request, response) => {
      this.#active += 1;
      response.once("close", () => {
        this.#active -= 1;
        if (this.#stopping) this.#cutUnused();
      });
      this.#serve(request, response).catch((error: unknown) => {
        options.log.error({ error: describeError(error) }, "a request could not be answered");
        response.destroy();
      });
    });
    this.#server.maxConnections = MAX_CONNECTIONS;
    this.#server.on("clientError", refuseRaw);
  }

  get stopping(): boolean {
    return this.#stopping;
  }

  /** Resolves to the port. Throws `broker_listen_failed`. */
  async listen(host: string, port: number): Promise<number> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once("error", (cause) => {
        const remedy = "free the address, or set BROKER_HOST and BROKER_PORT to another";
        reject(
          new BrokerError(
            "broker_listen_failed",
            `The broker cannot listen on ${host}:${port} (${describeError(cause)}): ${remedy}.`,
            { cause },
          ),
        );
      });
      this.#server.listen(port, host, resolve);
    });
    return (this.#server.address() as AddressInfo).port;
  }

  /** Says no to what comes, and from now on tells so at `/readyz`. */
  refuseNew(): void {
    this.#stopping = true;
  }

  /** Resolves when every request is answered; after `graceMs` those left are cut. */
  async close(graceMs: number): Promise<void> {
    this.#stopping = true;
    const cut = setTimeout(() => {
      this.#server.closeAllConnections();
    }, graceMs);
    await new Promise<void>((resolve) => {
      this.#server.close(() => {
        resolve();
      });
      this.#cutUnused();
    });
    clearTimeout(cut);
  }

  /** A connection on which nothing was asked yet counts as busy for node, and would be waited for. */
  #cutUnused(): void {
    if (this.#active === 0) this.#server.closeAllConnections();
    else this.#server.closeIdleConnections();
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const started = performance.now();
    const requestId = requestIdOf(request);
    const { route, refused } = this.#route(request);
    const client = authenticate(request.headersDistinct["authorization"], this.#options.house.policy());
    let outcome: Outcome;
    try {
      outcome = await this.#outcome(request, route, refused, client);
    } catch (error) {
      if (request.destroyed && !request.complete) return;
      this.#options.log.error({ request_id: requestId, error: describeError(error) }, "a fault in the broker");
      outcome = { refusal: refusal("internal", "A fault in the broker: see its log.") };
    }
    const reply =
      outcome.refusal === undefined ? (outcome.answer ?? answer(204)) : refusedAnswer(outcome.refusal, requestId);
    send(
      request,
      response,
      this.#stopping ? { ...reply, headers: { ...reply.headers, connection: "close" } } : reply,
      requestId,
    );
    this.#note(request, route, client, outcome, reply, requestId, performance.now() - started);
  }

  #route(request: IncomingMessage): { route: Route; refused: Refusal | undefined } {
    const [path = ""] = (request.url ?? "").split("?", 1);
    const there = ROUTES.filter((route) => route.path === path);
    const route = there.find((one) => takesMethod(one, request.method)) ?? there[0] ?? MISSING;
    const foreign = foreignTrait(request.headers, this.#options.hosts, request.socket.localAddress ?? "");
    if (foreign !== undefined) return { route, refused: refusal("forbidden", foreign) };
    if (there.length === 0 || takesMethod(route, request.method)) return { route, refused: undefined };
    const allow = there.map((one) => one.method).join(", ");
    return { route, refused: refusal("method_not_allowed", `This address takes ${allow}.`, { allow }) };
  }

  async #outcome(
    request: IncomingMessage,
    route: Route,
    refused: Refusal | undefined,
    client: string | undefined,
  ): Promise<Outcome> {
    if (refused !== undefined) return { refusal: refused };
    if (route === MISSING || route.open) return route.run(this.#options.house, { client: "", query: "", text: "" });
    if (client === undefined) return { refusal: refusal("unauthenticated", NO_SECRET) };
    if (route.action !== undefined) {
      const unready = this.#stopping
        ? refusal("shutting_down", "The broker is stopping: try again.")
        : this.#options.unready();
      if (unready !== undefined) return { refusal: unready };
    }
    return this.#run(request, route, client);
  }

  async #run(request: IncomingMessage, route: Route, client: string): Promise<Outcome> {
    const body =
      route.takes === undefined ? ({ status: "ok", text: "" } as const) : await readBody(request, route.takes);
    if (body.status === "refused") return { refusal: body.refusal };
    const [, query = ""] = /\?(.*)$/.exec(request.url ?? "") ?? [];
    return route.run(this.#options.house, { client, query, text: body.text });
  }

  #note(
    request: IncomingMessage,
    route: Route,
    client: string | undefined,
    outcome: Outcome,
    reply: Answer,
    requestId: string,
    ms: number,
  ): void {
    const { metrics } = this.#options.house;
    metrics.add("broker_requests_total", { client: client ?? "none", route: route.path, code: String(reply.http) });
    if (route.action === undefined) return;
    metrics.observe("broker_request_seconds", ms / 1000);
    const { answer: _answer, cache, ...told } = outcome;
    audit(this.#options.audit, {
      requestId,
      client,
      remote: request.socket.remoteAddress,
      action: route.action,
      cache,
      ms,
      ...told,
    });
  }
}

/** Health checks come as HEAD too. */
function takesMethod(route: Route, method: string | undefined): boolean {
  return route.method === method || (method === "HEAD" && route.open === true);
}

/** What is no HTTP, or too slow, gets an answer too. */
function refuseRaw(
  error: Error & { code?: string },
  socket: { readonly writable: boolean } & Pick<Socket, "end" | "destroy">,
): void {
  if (!socket.writable || error.code === "ECONNRESET") {
    socket.destroy();
    return;
  }
  const status = error.code === "HPE_HEADER_OVERFLOW" ? 431 : error.code === "ERR_HTTP_REQUEST_TIMEOUT" ? 408 : 400;
  const body = JSON.stringify(refusalBody(refusal("invalid_request", "This is no request that can be read."), ""));
  const head = `HTTP/1.1 ${status} ${http.STATUS_CODES[status] ?? ""}\r\nContent-Type: application/json\r\nCache-Control: no-store\r\n`;
  socket.end(`${head}Connection: close\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
}
