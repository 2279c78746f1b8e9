/** What is at which address, and how its answer comes about. */
import { refusal, type Refusal } from "./errors.ts";
import type { AuditedAction } from "./audit.ts";
import type { Desk } from "./desk.ts";
import { gitAnswer, parseGitCredential } from "./git-credential.ts";
import type { GitHubApi } from "./github-api.ts";
import { refusalOf } from "./github-failure.ts";
import { answer, type Answer } from "./http.ts";
import type { AppIdentity } from "./identity.ts";
import type { Limiter } from "./limits.ts";
import type { Metrics } from "./metrics.ts";
import type { MintedTokens } from "./minted-tokens.ts";
import {
  parseEviction,
  parseRevocation,
  parseTokenBody,
  parseTokenQuery,
  type Parsed,
  type TokenAsk,
} from "./parse.ts";
import type { Policy } from "./policy.ts";
import { policyView } from "./policy-view.ts";
import { hashOf, type HeldToken, type TokenCache } from "./token-cache.ts";
import type { Served, Source } from "./tokens.ts";

/** A request whose sender is known, as far as the route asks for one. */
export interface Asked {
  readonly client: string;
  readonly query: string;
  readonly text: string;
}

/** An answer or a refusal, and what the audit has to say of it. */
export interface Outcome {
  readonly answer?: Answer;
  readonly refusal?: Refusal;
  readonly ask?: TokenAsk;
  readonly held?: HeldToken;
  readonly cache?: Source;
  readonly tokenSha256?: string;
  readonly githubRequestId?: string;
}

export interface Route {
  readonly method: "GET" | "POST" | "DELETE";
  readonly path: string;
  /** Whether the caller has to be a client. */
  readonly open?: true;
  /** Media type of the body, if it has one. */
  readonly takes?: string;
  /** Needs the App; audited. */
  readonly action?: AuditedAction;
  readonly run: (house: House, asked: Asked) => Promise<Outcome> | Outcome;
}

/** What the routes work with. */
export interface House {
  readonly policy: () => Policy;
  readonly webHost: string;
  readonly desk: Desk;
  readonly cache: TokenCache;
  readonly minted: MintedTokens;
  readonly api: GitHubApi;
  readonly limiter: Limiter;
  readonly metrics: Metrics;
  readonly identity: () => AppIdentity | undefined;
  readonly readiness: () => { readonly http: number; readonly body: object };
  readonly monotonic: () => number;
}

const JSON_TYPE = "application/json";
const EVICTIONS_PER_MINUTE = 10;
const REVOCATIONS_PER_MINUTE = 60;
const REVOKE_MS = 8000;

export const ROUTES: readonly Route[] = [
  {
    method: "GET",
    path: "/token",
    action: "token",
    run: (house, { client, query }) => token(house, client, parseTokenQuery(query, house.policy().extraPermissions)),
  },
  {
    method: "POST",
    path: "/v1/token",
    takes: JSON_TYPE,
    action: "token",
    run: (house, { client, text }) => token(house, client, parseTokenBody(text, house.policy().extraPermissions)),
  },
  { method: "POST", path: "/v1/git-credential", takes: "text/plain", action: "git-credential", run: gitCredential },
  { method: "POST", path: "/v1/evict", takes: JSON_TYPE, action: "evict", run: evict },
  { method: "DELETE", path: "/v1/token", takes: JSON_TYPE, action: "revoke", run: revoke },
  {
    method: "GET",
    path: "/v1/policy",
    run: (house, { client }) => ({
      answer: answer(200, policyView(house.policy(), client, house.webHost, house.identity())),
    }),
  },
  {
    method: "GET",
    path: "/metrics",
    run: ({ metrics }) => ({
      answer: answer(200, metrics.render(), { "content-type": "text/plain; version=0.0.4; charset=utf-8" }),
    }),
  },
  { method: "GET", path: "/healthz", open: true, run: () => ({ answer: answer(200, { status: "ok" }) }) },
  { method: "GET", path: "/readyz", open: true, run: ({ readiness }) => ready(readiness()) },
];

async function token(house: House, client: string, parsed: Parsed<TokenAsk>): Promise<Outcome> {
  if (parsed.status === "invalid") return { refusal: refusal("invalid_request", parsed.message) };
  const ask = parsed.value;
  return told(ask, await house.desk.issue(client, ask, "api"), (held) => ({
    token: held.token,
    expires_at: held.expiresAt,
    installation_id: held.installationId,
    owner: held.owner,
    repositories: held.repositories?.map(({ name }) => name) ?? null,
    permissions: held.permissions,
    repository_selection: held.selection,
  }));
}

async function gitCredential(house: House, { client, text }: Asked): Promise<Outcome> {
  const parsed = parseGitCredential(text, house.webHost);
  if (parsed.status === "invalid") return { refusal: refusal("invalid_request", parsed.message) };
  if (parsed.status === "elsewhere") return { refusal: refusal("policy_denied", parsed.message, { denied: [] }) };
  const ask = { owner: parsed.owner, repositories: [parsed.repository] };
  return told(ask, await house.desk.issue(client, ask, "git"), (held) => gitAnswer(held.token, held.expiresAt));
}

function told(ask: TokenAsk, served: Served, body: (held: HeldToken) => object | string): Outcome {
  if (served.status === "refused") return { ask, refusal: served.refusal };
  const { held, source, requestId } = served;
  const headers = {
    "x-broker-cache": source,
    "x-token-sha256": held.sha256,
    ...(source === "stale" ? { warning: '110 - "Response is Stale"' } : {}),
  };
  const more = requestId === undefined ? {} : { githubRequestId: requestId };
  return { ask, held, cache: source, answer: answer(200, body(held), headers), ...more };
}

/** Forgets a token that git found dead; whether there was one is not told. */
function evict(house: House, { client, text }: Asked): Outcome {
  const parsed = parseEviction(text);
  if (parsed.status === "invalid") return { refusal: refusal("invalid_request", parsed.message) };
  const limited = limit(house, client, "evict", EVICTIONS_PER_MINUTE);
  if (limited !== undefined) return { refusal: limited, tokenSha256: parsed.value };
  house.cache.evict(parsed.value, client);
  return { answer: answer(204), tokenSha256: parsed.value };
}

/**
 * Ends a token. Whoever has it could do so at GitHub; nobody is handed it from here on. One that was not made here is
 * answered alike, and no call made: GitHub is not asked about tokens of others on a caller's behalf.
 */
async function revoke(house: House, { client, text }: Asked): Promise<Outcome> {
  const parsed = parseRevocation(text);
  if (parsed.status === "invalid") return { refusal: refusal("invalid_request", parsed.message) };
  const tokenSha256 = hashOf(parsed.value);
  const limited = limit(house, client, "revoke", REVOCATIONS_PER_MINUTE);
  if (limited !== undefined) return { refusal: limited, tokenSha256 };
  house.cache.evict(tokenSha256);
  if (!house.minted.has(tokenSha256, house.monotonic())) return { answer: answer(204), tokenSha256 };
  const result = await house.api.revoke(parsed.value, house.monotonic() + REVOKE_MS);
  if (result.status === "failed") return { refusal: refusalOf(result.failure), tokenSha256 };
  house.minted.forget(tokenSha256);
  return { answer: answer(204), tokenSha256 };
}

function limit(house: House, client: string, action: string, perMinute: number): Refusal | undefined {
  const taken = house.limiter.takeOther(client, action, perMinute, house.monotonic());
  if (taken.status === "taken") return undefined;
  return refusal("rate_limited", "Too many requests of this kind in a short time: wait.", {
    retryAfterS: taken.retryAfterS,
  });
}

function ready({ http, body }: { readonly http: number; readonly body: object }): Outcome {
  return { answer: answer(http, body) };
}
