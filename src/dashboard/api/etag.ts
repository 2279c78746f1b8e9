import { createHash } from "node:crypto";
import type { Answer, Headers, Request, Whole } from "../http.ts";

/** To be asked for again each time, kept by no shared cache, and changed by nobody on the way. */
export const REVALIDATE = "private, no-cache, no-transform";

/** A strong validator of what the parts say; no two different lists of parts have the same. */
export function etagOf(...parts: readonly string[]): string {
  return `"${createHash("sha256").update(JSON.stringify(parts)).digest("base64url").slice(0, 22)}"`;
}

/** Whether the client has what `etag` names: RFC 9110 §13.1.2, which compares weakly, since a proxy may weaken ours. */
export function isKnown(request: Request, etag: string): boolean {
  const known = request.headers.get("if-none-match");
  if (known === undefined) return false;
  return known.split(",").some((tag) => tag.trim() === "*" || tag.trim().replace(/^W\//, "") === etag);
}

/** 304 to a client that has it; else what `make` makes, which is to bear the headers it is given. */
export async function conditional(
  request: Request,
  etag: string,
  make: (headers: Headers) => Answer | Promise<Answer>,
): Promise<Answer> {
  const headers = { etag, "cache-control": REVALIDATE };
  return isKnown(request, etag) ? notModified(headers) : make(headers);
}

export function notModified(headers: Headers): Whole {
  return { kind: "whole", status: 304, headers, body: "" };
}
