/** One HTTP call of GitHub's API, bounded in time and size, and following nobody elsewhere. */
import type { Agent, IncomingHttpHeaders, IncomingMessage, OutgoingHttpHeaders } from "node:http";
import type { Clock } from "../core/clock.ts";
import { describeError } from "../core/errors.ts";
import { http, https } from "../core/node-http.ts";

export interface GitHubCall {
  readonly method: "GET" | "POST" | "DELETE";
  /** Begins with a slash. */
  readonly path: string;
  readonly body?: object;
}

export type RawReply =
  | {
      readonly status: "reply";
      readonly http: number;
      readonly headers: Readonly<IncomingHttpHeaders>;
      readonly text: string;
    }
  | { readonly status: "lost"; readonly why: "network" | "timeout" | "too_large"; readonly detail: string };

/** A token on very many repositories takes a few hundred kilobytes. */
const MAX_REPLY_BYTES = 2 * 1024 * 1024;
/** Less than GitHub's own, so that a connection is not used just as the other side gives it up. */
const IDLE_MS = 5000;
const POOL = { keepAlive: true, maxSockets: 64, timeout: IDLE_MS } as const;

/** Connections to GitHub, kept for the next call. Not fetch, which alone takes ten megabytes. */
export class GitHubLine {
  readonly #apiUrl: string;
  readonly #clock: Clock;
  readonly #client: typeof http | typeof https;
  readonly #agent: Agent;

  constructor(apiUrl: string, clock: Clock) {
    this.#apiUrl = apiUrl;
    this.#clock = clock;
    this.#client = apiUrl.startsWith("https:") ? https : http;
    this.#agent = new this.#client.Agent(POOL);
  }

  /** Makes the call and gives up after `timeoutMs`, the reply's body included. Follows no redirect. Never throws. */
  call(call: GitHubCall, authorization: string | undefined, timeoutMs: number): Promise<RawReply> {
    const body = call.body === undefined ? undefined : JSON.stringify(call.body);
    return new Promise((resolve) => {
      const outgoing = this.#client.request(`${this.#apiUrl}${call.path}`, {
        method: call.method,
        agent: this.#agent,
        headers: headersOf(body, authorization),
      });
      const end = (reply: RawReply): void => {
        cancel();
        if (reply.status === "lost") outgoing.destroy();
        resolve(reply);
      };
      const cancel = this.#clock.after(timeoutMs, () => {
        end({ status: "lost", why: "timeout", detail: `no reply in ${Math.round(timeoutMs)} ms` });
      });
      outgoing.on("error", (error) => {
        end({ status: "lost", why: "network", detail: describeError(error) });
      });
      outgoing.on("response", (response) => {
        read(response, end);
      });
      outgoing.end(body);
    });
  }

  /** Lets go of idle connections. */
  close(): void {
    this.#agent.destroy();
  }
}

function headersOf(body: string | undefined, authorization: string | undefined): OutgoingHttpHeaders {
  return {
    accept: "application/vnd.github+json",
    "user-agent": "tinyclaw-broker",
    "x-github-api-version": "2022-11-28",
    ...(authorization === undefined ? {} : { authorization }),
    ...(body === undefined ? {} : { "content-type": "application/json", "content-length": Buffer.byteLength(body) }),
  };
}

/** Ends once; what comes after an end changes nothing. */
function read(response: IncomingMessage, end: (reply: RawReply) => void): void {
  const parts: Buffer[] = [];
  let size = 0;
  response.on("data", (part: Buffer) => {
    size += part.length;
    parts.push(part);
    if (size <= MAX_REPLY_BYTES) return;
    parts.length = 0;
    end({ status: "lost", why: "too_large", detail: `a reply of more than ${MAX_REPLY_BYTES} bytes` });
  });
  response.on("error", (error) => {
    end({ status: "lost", why: "network", detail: describeError(error) });
  });
  response.on("end", () => {
    const text = Buffer.concat(parts).toString("utf8");
    end({ status: "reply", http: response.statusCode ?? 0, headers: response.headers, text });
  });
}
