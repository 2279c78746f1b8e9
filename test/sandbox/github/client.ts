import type { GitHubSandbox } from "../../../src/sandbox/github/github.ts";

export interface Reply {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The text as JSON, where it is some. */
  readonly body: Readonly<Record<string, unknown>>;
}

export interface Ask {
  readonly bearer?: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

/** One call over the socket; redirects are not followed. */
export async function call(github: GitHubSandbox, method: string, path: string, ask: Ask = {}): Promise<Reply> {
  const response = await fetch(`${github.url}${path}`, {
    method,
    redirect: "manual",
    headers: { ...ask.headers, ...(ask.bearer === undefined ? {} : { authorization: `Bearer ${ask.bearer}` }) },
    ...(ask.body === undefined ? {} : { body: typeof ask.body === "string" ? ask.body : JSON.stringify(ask.body) }),
    ...(ask.signal === undefined ? {} : { signal: ask.signal }),
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, text, body: parsed(text) };
}

function parsed(text: string): Reply["body"] {
  try {
    return JSON.parse(text) as Reply["body"];
  } catch {
    return {};
  }
}
