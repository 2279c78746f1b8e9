import { FaultBook, type FaultOrder } from "../faults.ts";
import { errorBody, TEXT } from "./texts.ts";
import type { Call } from "./call.ts";
import type { Permissions } from "./world.ts";

/** What can go wrong on the way to GitHub and back. */
export type Fault =
  /**
   * This answer in place of the real one. A string body goes out as it is (HTML, nothing at all), anything else as
   * JSON. With `effect` the call does its work first: a token is minted, and the client never learns it.
   */
  | {
      readonly kind: "status";
      readonly status: number;
      readonly body?: unknown;
      readonly headers?: Readonly<Record<string, string>>;
      readonly effect?: boolean;
    }
  /** The connection ends without an answer, before the effect or after it. */
  | { readonly kind: "drop"; readonly when: "before" | "after" }
  /** A slow answer; the pause comes before the effect unless said otherwise. */
  | { readonly kind: "delay"; readonly ms: number; readonly when?: "before" | "after" }
  /** The effect comes when this has come. */
  | { readonly kind: "hold"; readonly until: Promise<unknown> }
  /** The effect, then headers and a body that trickles on for ever; or, `silent`, not even headers. */
  | { readonly kind: "endless"; readonly silent?: boolean }
  /** The effect, then the real answer with this much white space in front. */
  | { readonly kind: "huge"; readonly bytes: number }
  /** The real answer of a mint with more than was asked. The token on the stand-in's books opens as much. */
  | {
      readonly kind: "wider";
      readonly permissions?: Permissions;
      /** Names of further repositories of the installation. */
      readonly repositories?: readonly string[];
      /** Says that the token opens everything. */
      readonly selection?: "all";
    }
  /** The real answer with these members replaced; one that is undefined is left out. */
  | { readonly kind: "patch"; readonly fields: Readonly<Record<string, unknown>> };

export interface Order extends FaultOrder<Fault> {
  /** Which calls: a path (exactly), a pattern over the path, or a look at the call; all by default. */
  readonly match?: string | RegExp | ((call: Call) => boolean);
  readonly method?: string;
}

export class Faults extends FaultBook<Fault, Order, Call> {
  constructor() {
    super(strikes);
  }
}

function strikes({ match, method }: Order, call: Call): boolean {
  if (method !== undefined && method !== call.method) return false;
  if (match === undefined) return true;
  if (typeof match === "string") return match === call.path;
  return match instanceof RegExp ? match.test(call.path) : match(call);
}

/** GitHub's refusals, ready to order. Seconds where a number is asked. */
export const faults = {
  refused: (status: number, message: string, headers: Readonly<Record<string, string>> = {}): Fault => {
    return { kind: "status", status, body: errorBody(status, message), headers };
  },
  /** 403 by default, as GitHub did for years; `remaining` 0 in the header is its one sure sign. */
  primaryLimit: (resetAt: number, status = 403): Fault => {
    const headers = { "x-ratelimit-limit": "5000", "x-ratelimit-remaining": "0", "x-ratelimit-reset": String(resetAt) };
    return faults.refused(status, TEXT.primaryLimit, headers);
  },
  /** Without Retry-After when none is given. */
  secondaryLimit: (retryAfter?: number, status = 403): Fault => {
    return faults.refused(
      status,
      TEXT.secondaryLimit,
      retryAfter === undefined ? {} : { "retry-after": String(retryAfter) },
    );
  },
  down: (status: 500 | 502 | 503 = 502): Fault => {
    const headers = { "content-type": "text/html" };
    return { kind: "status", status, body: `<html><body><h1>${TEXT.serverError}</h1></body></html>`, headers };
  },
  redirect: (location: string, status: 301 | 302 | 307 | 308 = 307): Fault => {
    return { kind: "status", status, body: { message: TEXT.moved, url: location }, headers: { location } };
  },
  /** A 2xx that brings nothing to use: "" for an empty one, {} for an object, or a page. */
  hollow: (body: unknown, status = 201): Fault => ({ kind: "status", status, body, effect: true }),
} as const;
