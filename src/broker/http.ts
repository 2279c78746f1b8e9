/** Requests and answers, between node:http and the routes. */
import { randomUUID } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { httpStatus, refusal, refusalBody, retryAfterS, type Refusal } from "./errors.ts";

export interface Answer {
  readonly http: number;
  /** An object goes out as JSON, a text as plain text. */
  readonly body: object | string | undefined;
  readonly headers: Readonly<Record<string, string>>;
}

export type BodyReading =
  | { readonly status: "ok"; readonly text: string }
  | { readonly status: "refused"; readonly refusal: Refusal };

/** The largest request body, bytes. */
const MAX_BODY = 16 * 1024;
const REQUEST_ID = /^[A-Za-z0-9._-]{1,64}$/;

export function answer(http: number, body?: object | string, headers: Readonly<Record<string, string>> = {}): Answer {
  return { http, body, headers };
}

export function refusedAnswer(refused: Refusal, requestId: string): Answer {
  const wait = retryAfterS(refused);
  return answer(httpStatus(refused.code), refusalBody(refused, requestId), {
    ...(wait === undefined ? {} : { "retry-after": String(wait) }),
    ...(refused.allow === undefined ? {} : { allow: refused.allow }),
    ...(refused.code === "unauthenticated" ? { "www-authenticate": "Bearer" } : {}),
  });
}

/** The caller's name for the request if it is a sane one, else one of ours. */
export function requestIdOf(request: IncomingMessage): string {
  const given = request.headers["x-request-id"];
  return typeof given === "string" && REQUEST_ID.test(given) ? given : randomUUID();
}

/** Sends an answer; a body that is still on its way is not waited for. */
export function send(
  request: IncomingMessage,
  response: ServerResponse,
  { http, body, headers }: Answer,
  requestId: string,
): void {
  const text = typeof body === "object" ? JSON.stringify(body) : (body ?? "");
  response.writeHead(http, {
    ...(body === undefined
      ? {}
      : { "content-type": typeof body === "object" ? "application/json; charset=utf-8" : "text/plain; charset=utf-8" }),
    ...(http === 204 ? {} : { "content-length": Buffer.byteLength(text) }),
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
    "x-request-id": requestId,
    ...headers,
    ...(request.complete || !hasBody(request) ? {} : { connection: "close" }),
  });
  response.end(http === 204 ? undefined : text);
}

export function hasBody(request: IncomingMessage): boolean {
  return request.headers["transfer-encoding"] !== undefined || Number(request.headers["content-length"] ?? 0) > 0;
}

/** Reads the body as UTF-8 of the one media type that the route takes. */
export async function readBody(request: IncomingMessage, type: string): Promise<BodyReading> {
  const given = (request.headers["content-type"] ?? "").split(";")[0]?.trim().toLowerCase();
  if (given !== type) return refused("unsupported_media_type", `The body has to be ${type}.`);
  if (Number(request.headers["content-length"] ?? 0) > MAX_BODY) return tooLarge();
  const parts: Buffer[] = [];
  let size = 0;
  // Leaving the loop early must not cut the connection, on which the answer goes.
  for await (const part of request.iterator({ destroyOnReturn: false })) {
    size += (part as Buffer).length;
    if (size > MAX_BODY) return tooLarge();
    parts.push(part as Buffer);
  }
  try {
    return {
      status: "ok",
      text: new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(Buffer.concat(parts)),
    };
  } catch {
    return refused("invalid_request", "The body is no UTF-8.");
  }
}

function tooLarge(): BodyReading {
  return refused("payload_too_large", `The body has more than ${MAX_BODY} bytes.`);
}

function refused(code: Refusal["code"], message: string): BodyReading {
  return { status: "refused", refusal: refusal(code, message) };
}
