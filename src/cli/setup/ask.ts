import { withDeadline } from "../../core/deadline.ts";
import { errorCode } from "../../core/errors.ts";

export interface Reply {
  readonly status: "reply";
  readonly http: number;
  /** The other side's time, epoch ms; undefined when it tells none. */
  readonly date: number | undefined;
  /** The body; undefined when it is no JSON. */
  readonly json: unknown;
}
export interface Unreachable {
  readonly status: "unreachable";
  readonly reason: string;
}

/** What was found out about a value at the place where it counts. */
export type Probe<T> =
  | { readonly status: "ok"; readonly value: T }
  /** It is wrong, and this says why and what to do. */
  | { readonly status: "refused"; readonly reason: string; readonly remedy: string }
  /** Nobody could be asked, which says nothing about the value. */
  | Unreachable;

export interface Question {
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON by POST. */
  readonly body?: object;
  readonly signal: AbortSignal;
  /** 8 s by default. */
  readonly timeoutMs?: number;
}

const TIMEOUT_MS = 8_000;
const MAX_REPLY_BYTES = 2 * 1024 * 1024;

/** One call, with a deadline, following nobody elsewhere. Its reasons name the host alone: an address may hold a token. */
export async function ask({
  url,
  headers = {},
  body,
  signal,
  timeoutMs = TIMEOUT_MS,
}: Question): Promise<Reply | Unreachable> {
  const { host } = new URL(url);
  try {
    return await withDeadline(timeoutMs, signal, async (within) => {
      const response = await fetch(url, {
        method: body === undefined ? "GET" : "POST",
        headers: { ...headers, ...(body === undefined ? {} : { "content-type": "application/json" }) },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        redirect: "manual",
        signal: within,
      });
      const date = Date.parse(response.headers.get("date") ?? "");
      const json = parse(await limitedText(response));
      return { status: "reply", http: response.status, date: Number.isNaN(date) ? undefined : date, json };
    });
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    const cause = error instanceof Error ? error.cause : undefined;
    return { status: "unreachable", reason: `${host} cannot be reached (${errorCode(cause) ?? "no answer"})` };
  }
}

async function limitedText(response: Response): Promise<string> {
  const parts: Uint8Array[] = [];
  let size = 0;
  for await (const part of response.body ?? []) {
    size += part.byteLength;
    if (size > MAX_REPLY_BYTES) return "";
    parts.push(part);
  }
  return Buffer.concat(parts).toString("utf8");
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
