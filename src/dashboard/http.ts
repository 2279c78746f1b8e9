/** Requests and answers as the routes see them, whatever carries them. */
import type { Refusal } from "./errors.ts";

export interface Request {
  /** Upper case. */
  readonly method: string;
  /** As sent, undecoded, without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  /** By lower-case name; several of one name as one, with commas between. */
  readonly headers: ReadonlyMap<string, string>;
}

/** By lower-case name. */
export type Headers = Readonly<Record<string, string>>;

export interface Whole {
  readonly kind: "whole";
  readonly status: number;
  readonly headers: Headers;
  readonly body: string | Uint8Array;
}

export interface Streamed {
  readonly kind: "stream";
  readonly headers: Headers;
  /** Writes the body; the answer ends when it resolves. A rejection cuts the connection. */
  readonly run: (sink: Sink) => Promise<void>;
}

export type Answer = Whole | Streamed;

/** The body of an answer that is still being written. */
export interface Sink {
  /** Aborts with `client_gone` or `server_stopping`; after the latter a last word can still be written. */
  readonly signal: AbortSignal;
  /** Resolves when there is room for more. Rejects with `client_gone`. */
  write(text: string): Promise<void>;
}

const JSON_TYPE = "application/json; charset=utf-8";

export function text(body: string, type: string, headers: Headers = {}, status = 200): Whole {
  return { kind: "whole", status, headers: { "content-type": type, "cache-control": "no-store", ...headers }, body };
}

/** `body` is JSON text already. */
export function json(body: string, headers: Headers = {}, status = 200): Whole {
  return text(body, JSON_TYPE, headers, status);
}

export function refused(refusal: Refusal, headers: Headers = {}): Whole {
  return json(JSON.stringify({ error: refusal.code, message: refusal.message }), headers, refusal.status);
}
