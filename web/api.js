/** Asking the server for what has been. */
import { listParameters, listPath } from "./topics.js";

/** What the server refused, in its own words. */
export class ApiError extends Error {
  /**
   * @param {number} status
   * @param {string} code
   * @param {string} message
   */
  constructor(status, code, message) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

/**
 * @typedef {Record<string, unknown> & {cursor: string}} Row
 * @typedef {{from: string | null, to: string, bytes: number, reason: string}} Gap
 * @typedef {{items: Row[], first: string | null, last: string | null, more: boolean, gaps?: (Gap & {index: number})[]}} Page
 */

/**
 * Throws ApiError.
 * @param {string} path
 * @param {Record<string, unknown>} [parameters] what is undefined is left out; of an array each
 * @param {AbortSignal} [signal]
 * @returns {Promise<any>}
 */
export async function get(path, parameters = {}, signal) {
  const response = await fetch(withParameters(path, parameters), signal === undefined ? {} : { signal });
  if (response.ok) return response.json();
  const answer = await response.json().catch(() => ({}));
  const message = typeof answer.message === "string" ? answer.message : `The server answered ${response.status}.`;
  throw new ApiError(response.status, String(answer.error ?? "unknown"), message);
}

/**
 * @param {string} path
 * @param {Record<string, unknown>} parameters
 */
export function withParameters(path, parameters) {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) {
    for (const one of Array.isArray(value) ? value : [value]) {
      if (one !== undefined && one !== null && one !== "") search.append(name, String(one));
    }
  }
  const text = search.toString();
  return text === "" ? path : `${path}?${text}`;
}

/**
 * Lines of JSON as they come. Throws ApiError.
 * @param {string} path
 * @param {Record<string, unknown>} parameters
 * @param {AbortSignal} signal
 */
export async function* lines(path, parameters, signal) {
  const response = await fetch(withParameters(path, parameters), { signal });
  if (!response.ok || response.body === null) throw new ApiError(response.status, "unknown", "The search failed.");
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
    const parts = (rest + piece.value).split("\n");
    rest = parts.pop() ?? "";
    for (const part of parts) yield JSON.parse(part);
  }
}

/**
 * A page of a topic's list. Throws ApiError.
 * @param {string} topic
 * @param {Record<string, unknown>} filter as the WebSocket takes it, and `from` and `to`, epoch ms
 * @param {{n: number, before?: string | undefined, after?: string | null | undefined}} place
 * @param {AbortSignal} [signal]
 * @returns {Promise<Page>}
 */
export function getPage(topic, filter, place, signal) {
  return get(listPath(topic), { ...listParameters(topic, filter), ...place }, signal);
}
