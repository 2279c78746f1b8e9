import type { HttpRequest } from "uWebSockets.js";
import type { Request } from "../http.ts";

/** The engine's request lives as long as its callback: what is needed of it is copied. */
export function requestOf(request: HttpRequest): Request {
  const headers = new Map<string, string>();
  request.forEach((name, value) => {
    const before = headers.get(name);
    // Two are a list: one that names two hosts or origins is neither.
    headers.set(name, before === undefined ? value : `${before}, ${value}`);
  });
  return {
    method: request.getCaseSensitiveMethod().toUpperCase(),
    path: request.getUrl(),
    query: new URLSearchParams(request.getQuery()),
    headers,
  };
}
