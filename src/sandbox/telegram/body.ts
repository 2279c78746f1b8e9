import type { IncomingMessage } from "node:http";
import { ApiError, badRequest } from "./errors.ts";
import { MAX_BODY_BYTES } from "./limits.ts";
import { parseMultipart } from "./multipart.ts";

/** A file sent along with a call. */
export interface Upload {
  readonly name: string;
  readonly mime: string;
  readonly bytes: Buffer;
}

export interface Body {
  readonly params: Readonly<Record<string, unknown>>;
  /** By the name of their form field, which is what `attach://<name>` points to. */
  readonly uploads: ReadonlyMap<string, Upload>;
}

/** Reads a call's parameters from the query and from a JSON, urlencoded or multipart body, as the Bot API takes them. */
export async function readBody(request: IncomingMessage, query: URLSearchParams): Promise<Body> {
  const bytes = await readAll(request);
  const type = request.headers["content-type"] ?? "";
  const fromQuery = Object.fromEntries(query);
  if (bytes.length === 0) return { params: fromQuery, uploads: new Map() };
  if (type.startsWith("application/json")) {
    return { params: { ...fromQuery, ...parseJson(bytes) }, uploads: new Map() };
  }
  if (type.startsWith("multipart/form-data")) return readForm(bytes, type, fromQuery);
  const form = Object.fromEntries(new URLSearchParams(bytes.toString("utf8")));
  return { params: { ...fromQuery, ...form }, uploads: new Map() };
}

async function readAll(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length <= MAX_BODY_BYTES) chunks.push(chunk);
  }
  if (length > MAX_BODY_BYTES) throw new ApiError(413, "Request Entity Too Large");
  return Buffer.concat(chunks);
}

function parseJson(bytes: Buffer): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(bytes.toString("utf8"));
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return { ...value };
  } catch {
    // Refused below, like JSON that is no object.
  }
  throw badRequest("can't parse JSON object");
}

function readForm(bytes: Buffer, type: string, fromQuery: Record<string, string>): Body {
  const parts = parseMultipart(bytes, type);
  if (parts === undefined) throw badRequest("can't parse multipart form");
  const params: Record<string, unknown> = { ...fromQuery };
  const uploads = new Map<string, Upload>();
  for (const { name, fileName, mime, bytes: content } of parts) {
    if (fileName === undefined) params[name] = content.toString("utf8");
    else uploads.set(name, { name: fileName, mime, bytes: content });
  }
  return { params, uploads };
}
