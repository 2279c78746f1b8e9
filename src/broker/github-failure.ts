/** What a reply of GitHub that is no success means: for trying again, and for the caller. Pure. */
import type { IncomingHttpHeaders } from "node:http";
import { refusal, type Refusal, type RefusalCode } from "./errors.ts";
import type { RawReply } from "./github-call.ts";

export type FailureKind =
  | "network"
  | "timeout"
  | "unavailable"
  | "rate_limited"
  | "unauthorized"
  | "suspended"
  | "gone"
  | "permission_not_granted"
  | "repository_not_accessible"
  | "too_many_repositories"
  | "rejected"
  | "invalid";

export interface Failure {
  readonly kind: FailureKind;
  /** Told by GitHub: when to come back. */
  readonly retryAfterMs?: number;
  /** For the log alone: GitHub's text, cut. */
  readonly detail: string;
}

const MAX_DETAIL = 300;
/** GitHub's documentation: without a header, wait at least a minute. */
const SECONDARY_PAUSE_MS = 60_000;
/** No header keeps us away longer, in case it is nonsense. */
const MAX_PAUSE_MS = 15 * 60_000;
const LOST: Readonly<Record<Extract<RawReply, { status: "lost" }>["why"], FailureKind>> = {
  network: "network",
  timeout: "timeout",
  too_large: "invalid",
};
/** GitHub's texts for 422 on a new token. */
const UNPROCESSABLE: readonly (readonly [RegExp, FailureKind])[] = [
  [/permissions? requested (?:are|is) not granted/i, "permission_not_granted"],
  [/repositor(?:y|ies) that does not exist|not accessible to the parent installation/i, "repository_not_accessible"],
  [/too many repositories/i, "too_many_repositories"],
];

/** The failure in a reply, or undefined if it is a success. `now` is GitHub's time, epoch ms. */
export function failureOf(reply: RawReply, now: number): Failure | undefined {
  if (reply.status === "lost") return { kind: LOST[reply.why], detail: reply.detail.slice(0, MAX_DETAIL) };
  if (reply.http >= 200 && reply.http < 300) return undefined;
  const message = messageOf(reply.text);
  const detail = `${reply.http} ${message}`.slice(0, MAX_DETAIL);
  if (isRateLimit(reply.http, reply.headers, message)) {
    return { kind: "rate_limited", retryAfterMs: pauseOf(reply.headers, now), detail };
  }
  return { kind: kindOf(reply.http, message), detail };
}

function kindOf(http: number, message: string): FailureKind {
  if (http >= 500) return "unavailable";
  if (http < 400) return "invalid";
  if (http === 401) return "unauthorized";
  if (http === 403 && /suspended/i.test(message)) return "suspended";
  if (http === 404 || http === 410) return "gone";
  return http === 422 ? (UNPROCESSABLE.find(([text]) => text.test(message))?.[1] ?? "rejected") : "rejected";
}

/** 403 says many things; a limit is the one with a header or GitHub's word for it. */
function isRateLimit(http: number, headers: IncomingHttpHeaders, message: string): boolean {
  if (http === 429) return true;
  if (http !== 403) return false;
  return (
    headers["retry-after"] !== undefined ||
    headers["x-ratelimit-remaining"] === "0" ||
    /\b(?:secondary rate|rate limit)\b/i.test(message)
  );
}

function pauseOf(headers: IncomingHttpHeaders, now: number): number {
  const after = headers["retry-after"]?.trim() ?? "";
  const reset =
    headers["x-ratelimit-remaining"] === "0" ? Number(headers["x-ratelimit-reset"]) * 1000 - now : Number.NaN;
  const told = /^\d+$/.test(after) ? Number(after) * 1000 : after === "" ? reset : Date.parse(after) - now;
  return told >= 0 ? Math.min(told, MAX_PAUSE_MS) : SECONDARY_PAUSE_MS;
}

function messageOf(text: string): string {
  try {
    const body: unknown = JSON.parse(text);
    return typeof body === "object" && body !== null && "message" in body ? String(body.message) : "";
  } catch {
    return "(no JSON)";
  }
}

/** Whether the same call may succeed by itself, so that a token still held is better than a refusal. */
export function isTransient(kind: FailureKind): boolean {
  return ["network", "timeout", "unavailable", "rate_limited", "unauthorized", "invalid"].includes(kind);
}

/** What a caller is told, by kind of failure. GitHub's own text never is. */
const TOLD: Readonly<Record<FailureKind, readonly [RefusalCode, string]>> = {
  network: ["upstream_unavailable", "GitHub does not answer: try again."],
  unavailable: ["upstream_unavailable", "GitHub does not answer: try again."],
  timeout: ["upstream_timeout", "GitHub did not answer in time: try again."],
  rate_limited: ["upstream_rate_limited", "GitHub limits how often the App may ask: wait."],
  unauthorized: [
    "app_auth_failed",
    "GitHub does not accept the App's key: the operator has to check it and GITHUB_APP_ID.",
  ],
  suspended: ["installation_suspended", "The App is suspended on this account: its owner can unsuspend it."],
  gone: ["installation_not_found", "The App is not installed on this account: its owner can install it."],
  permission_not_granted: [
    "permission_not_granted",
    "The App itself does not have this permission: its owner can grant it.",
  ],
  repository_not_accessible: [
    "repository_not_accessible",
    "A repository does not exist, or the App has no access to it.",
  ],
  too_many_repositories: ["too_many_repositories", "Too many repositories for one token: name those you need."],
  rejected: ["github_rejected", "GitHub refuses this token: the broker's log has its reason."],
  invalid: ["upstream_invalid", "GitHub's answer makes no sense: try again."],
};

export function refusalOf({ kind, retryAfterMs }: Failure): Refusal {
  const [code, message] = TOLD[kind];
  return refusal(
    code,
    message,
    retryAfterMs === undefined ? {} : { retryAfterS: Math.max(1, Math.ceil(retryAfterMs / 1000)) },
  );
}
