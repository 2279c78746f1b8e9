import { EventEmitter } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { randomBytes } from "node:crypto";
import { systemClock } from "../../core/clock.ts";
import { describeError } from "../../core/errors.ts";
import { Listener } from "../listener.ts";
import { ClaudeSandboxError } from "./errors.ts";
import { Exchange } from "./exchange.ts";
import { Orders } from "./orders.ts";
import type { Fault, Order } from "./orders.ts";
import type { RecordedRequest } from "./record.ts";
import { bodySchema, readRequest } from "./request.ts";
import type { MessagesBody } from "./request.ts";
import { sideAnswer } from "./side.ts";
import { blocksOf, echo } from "./turn.ts";
import type { Message, Script, Turn } from "./turn.ts";
import { inputTokens, usageOf } from "./usage.ts";
import { sendJson, sendRefusal } from "./wire.ts";

export type { Fault, Order } from "./orders.ts";
export type { RecordedRequest } from "./record.ts";
export type { ScriptRequest } from "./request.ts";
export type { Script, Turn } from "./turn.ts";
export { echo } from "./turn.ts";

/** Requests kept in the record; a conversation's grows with its length, so older ones are let go. */
const KEPT = 1000;

interface Events {
  /** A request has been read and recorded. */
  request: [RecordedRequest];
  /** A request has ended, whatever its outcome. */
  answered: [RecordedRequest];
}

/**
 * A stand-in for Claude's Messages API on a loopback socket. A script plays the model: what it returns goes out as
 * the API would send it, so that the real agent runs real tools. Faults are ordered beforehand, everything asked is
 * on record. May be stopped and started again on the same port; script, orders and record stay.
 */
export class ClaudeSandbox extends EventEmitter<Events> {
  /** Plays the model; may be replaced at any time. */
  script: Script;
  /** Keys and tokens that are let in; undefined: any. May be replaced at any time. */
  accepted: readonly string[] | undefined;
  readonly requests: RecordedRequest[] = [];
  readonly #orders = new Orders();
  readonly #listener: Listener;
  /** Prompt tokens of the last request, by session and model: what the API would have in its cache. */
  readonly #cached = new Map<string, number>();

  /** `host`: the address to listen on, loopback by default. */
  constructor(options: { readonly script?: Script; readonly host?: string } = {}) {
    super();
    this.script = options.script ?? echo;
    this.#listener = new Listener(
      (request, response) => {
        this.#serve(request, response).catch((error: unknown) => fallOver(response, error));
      },
      { host: options.host },
    );
  }

  /** Listens; port 0 or none: a free one, or after a stop the one it had. Calling it twice is harmless. */
  start(port = 0): Promise<void> {
    return this.#listener.start(port);
  }

  /** Cuts every connection and closes the port. Calling it twice is harmless. */
  stop(): Promise<void> {
    return this.#listener.stop();
  }

  /** Address for ANTHROPIC_BASE_URL. Throws `claude_not_started` before the first start. */
  get url(): string {
    const { host, port } = this.#listener;
    if (port !== 0) return `http://${host}:${port}`;
    throw new ClaudeSandboxError("claude_not_started", "Claude sandbox: its url is known only after start()");
  }

  /** Orders a fault for the next requests that match. The returned function lifts it. */
  order(order: Order): () => void {
    return this.#orders.add(order);
  }

  /** The first request on record, or to come, that satisfies the predicate; looked at on arrival and at its end. */
  waitFor(
    predicate: (request: RecordedRequest) => boolean,
    options: { readonly timeoutMs: number },
  ): Promise<RecordedRequest> {
    const known = this.requests.find(predicate);
    if (known !== undefined) return Promise.resolve(known);
    return new Promise((resolve, reject) => {
      const stop = (): void => {
        cancel();
        this.off("request", look).off("answered", look);
      };
      const look = (request: RecordedRequest): void => {
        if (!predicate(request)) return;
        stop();
        resolve(request);
      };
      const cancel = systemClock.after(options.timeoutMs, () => {
        stop();
        const seen = `${this.requests.length} requests on record`;
        const text = `Claude sandbox: no matching request within ${options.timeoutMs} ms (${seen})`;
        reject(new ClaudeSandboxError("claude_wait_timeout", text));
      });
      this.on("request", look).on("answered", look);
    });
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = new URL(request.url ?? "/", "http://sandbox").pathname;
    const what = `${request.method ?? ""} ${path}`;
    if (request.method === "HEAD") sendJson(response, 200, {});
    else if (what === "GET /" || what === "GET /api/hello") sendJson(response, 200, { message: "hello" });
    else if (!this.#isLetIn(request)) sendRefusal(response, { code: 401, message: "invalid x-api-key" });
    else if (what === "GET /v1/models")
      sendJson(response, 200, { data: [], has_more: false, first_id: null, last_id: null });
    else if (what === "POST /v1/messages" || what === "POST /v1/messages/count_tokens") {
      const body = await readBody(request, response);
      if (body === undefined) return;
      if (path.endsWith("count_tokens")) sendJson(response, 200, { input_tokens: inputTokens(body) });
      else await this.#answer(request, response, body);
    } else sendRefusal(response, { code: 404, message: `No such path in the sandbox: ${what}` });
  }

  #isLetIn({ headers }: IncomingMessage): boolean {
    const shown = headers["x-api-key"] ?? headers.authorization?.replace(/^Bearer /, "");
    return this.accepted === undefined || (typeof shown === "string" && this.accepted.includes(shown));
  }

  async #answer(request: IncomingMessage, response: ServerResponse, body: MessagesBody): Promise<void> {
    const side = sideAnswer(body);
    const record = recordOf(request, body, side !== undefined);
    const exchange = new Exchange(record, response, () => {
      this.emit("answered", record);
    });
    this.requests.push(record);
    if (this.requests.length > KEPT) this.requests.shift();
    this.emit("request", record);

    const fault = this.#orders.take(record);
    if (fault?.kind === "status") exchange.refuse(fault);
    else if (fault?.kind === "drop" && fault.when === "before") exchange.drop();
    else await this.#play(exchange, side ?? (await this.#scripted(record)), fault);
  }

  /** A script that throws is the far side falling over: a 500 that names the reason. */
  async #scripted(record: RecordedRequest): Promise<Turn> {
    try {
      return await this.script(record.script);
    } catch (error) {
      return { error: { code: 500, message: `The sandbox's script failed: ${describeError(error)}` } };
    }
  }

  async #play(exchange: Exchange, turn: Turn, fault: Fault | undefined): Promise<void> {
    const wait = (turn.delayMs ?? 0) + (fault?.kind === "delay" ? fault.ms : 0);
    if (wait > 0) await exchange.pause(wait);
    if (exchange.left) return;
    if (turn.error !== undefined) exchange.refuse(turn.error);
    else if (fault?.kind === "drop") exchange.drop(this.#message(exchange.record, turn));
    else exchange.answer(this.#message(exchange.record, turn));
  }

  #message(record: RecordedRequest, turn: Turn): Message {
    const content = blocksOf(turn, () => `toolu_${randomBytes(12).toString("hex")}`);
    const place = `${record.sessionId ?? ""} ${record.model}`;
    const usage = { ...usageOf(record.body, content, this.#cached.get(place) ?? 0), ...turn.usage };
    if (!record.side && record.sessionId !== undefined) this.#cached.set(place, inputTokens(record.body));
    const stopReason = content.some((block) => block.type === "tool_use") ? "tool_use" : "end_turn";
    return { id: `msg_${randomBytes(12).toString("hex")}`, model: record.model, content, stopReason, usage };
  }
}

/** Parses the body; answers 401 or 400 by itself and returns undefined where there is nothing to go on with. */
async function readBody(request: IncomingMessage, response: ServerResponse): Promise<MessagesBody | undefined> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  if (request.headers["x-api-key"] === undefined && request.headers.authorization === undefined) {
    sendRefusal(response, { code: 401, message: "x-api-key header is required" });
    return undefined;
  }
  const parsed = bodySchema.safeParse(parseJson(Buffer.concat(parts).toString("utf8")));
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  sendRefusal(response, { code: 400, message: `${issue?.path.join(".") ?? ""}: ${issue?.message ?? "not a request"}` });
  return undefined;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

function recordOf(request: IncomingMessage, body: MessagesBody, side: boolean): RecordedRequest {
  const script = readRequest(body);
  const sessionId = request.headers["x-claude-code-session-id"];
  return {
    at: systemClock.now(),
    monotonicAt: systemClock.monotonic(),
    model: body.model,
    system: script.system,
    messages: body.messages,
    tools: script.toolNames,
    stream: body.stream === true,
    side,
    sessionId: typeof sessionId === "string" ? sessionId : undefined,
    script,
    body,
    outcome: "pending",
  };
}

/** A script that throws is the model's far side falling over: a 500 that names the reason. */
function fallOver(response: ServerResponse, error: unknown): void {
  if (response.headersSent || response.destroyed) response.destroy();
  else sendRefusal(response, { code: 500, message: describeError(error) });
}
