import type { ServerResponse } from "node:http";
import type { Block, Message, Refusal } from "./turn.ts";

/** Anthropic's error type of a status: https://docs.claude.com/en/api/errors */
const ERROR_TYPES: Readonly<Record<number, string>> = {
  400: "invalid_request_error",
  401: "authentication_error",
  403: "permission_error",
  404: "not_found_error",
  413: "request_too_large",
  429: "rate_limit_error",
  500: "api_error",
  504: "timeout_error",
  529: "overloaded_error",
};
const DELTA_CHARS = 48;

/** One event of the stream: its name and data. */
export interface StreamEvent {
  readonly type: string;
  readonly [field: string]: unknown;
}

export function sendRefusal(response: ServerResponse, refusal: Refusal): void {
  const type = refusal.type ?? ERROR_TYPES[refusal.code] ?? "api_error";
  const retry = refusal.retryAfter === undefined ? {} : { "retry-after": String(refusal.retryAfter) };
  sendJson(response, refusal.code, errorBody(type, refusal.message ?? type), { ...retry, ...refusal.headers });
}

export function sendJson(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, { "content-type": "application/json", "request-id": `req_${Date.now()}`, ...headers });
  response.end(JSON.stringify(body));
}

export function sendPlain(response: ServerResponse, message: Message): void {
  sendJson(response, 200, {
    ...head(message),
    content: message.content,
    stop_reason: message.stopReason,
    usage: message.usage,
  });
}

export function startStream(response: ServerResponse): void {
  response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-cache" });
}

/** `sent` is called when the events are with the socket. */
export function writeEvents(response: ServerResponse, events: readonly StreamEvent[], sent?: () => void): void {
  const text = events
    .map(
      (event) => `event: ${event.type}
data: ${JSON.stringify(event)}

`,
    )
    .join("");
  response.write(text, sent);
}

/** The events that make up a message: https://docs.claude.com/en/docs/build-with-claude/streaming */
export function eventsOf(message: Message): StreamEvent[] {
  const usage = { ...message.usage, output_tokens: 1 };
  return [
    { type: "message_start", message: { ...head(message), content: [], stop_reason: null, usage } },
    { type: "ping" },
    ...message.content.flatMap(blockEvents),
    {
      type: "message_delta",
      delta: { stop_reason: message.stopReason, stop_sequence: null },
      usage: { output_tokens: message.usage.output_tokens },
    },
    { type: "message_stop" },
  ];
}

function blockEvents(block: Block, index: number): StreamEvent[] {
  const empty = block.type === "text" ? { type: "text", text: "" } : { ...block, input: {} };
  const whole = block.type === "text" ? block.text : JSON.stringify(block.input);
  const deltas = pieces(whole).map((piece) => ({
    type: "content_block_delta",
    index,
    delta:
      block.type === "text" ? { type: "text_delta", text: piece } : { type: "input_json_delta", partial_json: piece },
  }));
  return [
    { type: "content_block_start", index, content_block: empty },
    ...deltas,
    { type: "content_block_stop", index },
  ];
}

/** Cuts by code point, so that no piece ends inside a surrogate pair. */
function pieces(text: string): string[] {
  const points = Array.from(text);
  const found: string[] = [];
  for (let at = 0; at < points.length; at += DELTA_CHARS) found.push(points.slice(at, at + DELTA_CHARS).join(""));
  return found;
}

function head(message: Message): Record<string, unknown> {
  return { id: message.id, type: "message", role: "assistant", model: message.model, stop_sequence: null };
}

function errorBody(type: string, message: string): unknown {
  return { type: "error", error: { type, message }, request_id: null };
}
