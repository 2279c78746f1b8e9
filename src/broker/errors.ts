/** What the broker answers when it does not do what it was asked, and what can keep it from running. */
import { CodedError } from "../core/errors.ts";

/** The `error` member of an answer; each stands in the table of `docs/errors.md`. */
export type RefusalCode =
  | "invalid_request"
  | "unauthenticated"
  | "forbidden"
  | "policy_denied"
  | "not_found"
  | "method_not_allowed"
  | "payload_too_large"
  | "unsupported_media_type"
  | "installation_not_found"
  | "installation_suspended"
  | "permission_not_granted"
  | "repository_not_accessible"
  | "too_many_repositories"
  | "github_rejected"
  | "rate_limited"
  | "internal"
  | "upstream_invalid"
  | "scope_escalation"
  | "upstream_unavailable"
  | "upstream_rate_limited"
  | "upstream_timeout"
  | "app_auth_failed"
  | "not_configured"
  | "shutting_down";

/** A pair of repository and permission that the policy does not allow; `max` is what it does allow there. */
export interface DeniedPair {
  readonly repository: string;
  readonly permission: string;
  readonly requested: string;
  readonly max: string;
}

/** An expected refusal, before it becomes an HTTP answer. `message` holds no double quote, so that sh can cut it out. */
export interface Refusal {
  readonly code: RefusalCode;
  readonly message: string;
  readonly retryAfterS?: number;
  readonly denied?: readonly DeniedPair[];
  /** Methods that would do, for 405. */
  readonly allow?: string;
}

interface Meaning {
  readonly http: number;
  /** Whether the same request may succeed later without anybody changing it. */
  readonly retryable: boolean;
  /** Seconds a caller waits when nothing better is known. */
  readonly retryAfterS?: number;
}

const MEANINGS: Readonly<Record<RefusalCode, Meaning>> = {
  invalid_request: { http: 400, retryable: false },
  unauthenticated: { http: 401, retryable: false },
  forbidden: { http: 403, retryable: false },
  policy_denied: { http: 403, retryable: false },
  not_found: { http: 404, retryable: false },
  installation_not_found: { http: 404, retryable: false },
  method_not_allowed: { http: 405, retryable: false },
  installation_suspended: { http: 409, retryable: false },
  payload_too_large: { http: 413, retryable: false },
  unsupported_media_type: { http: 415, retryable: false },
  permission_not_granted: { http: 422, retryable: false },
  repository_not_accessible: { http: 422, retryable: false },
  too_many_repositories: { http: 422, retryable: false },
  github_rejected: { http: 422, retryable: false },
  rate_limited: { http: 429, retryable: true, retryAfterS: 10 },
  internal: { http: 500, retryable: false },
  upstream_invalid: { http: 502, retryable: true },
  scope_escalation: { http: 502, retryable: false },
  upstream_unavailable: { http: 503, retryable: true, retryAfterS: 5 },
  upstream_rate_limited: { http: 503, retryable: true, retryAfterS: 60 },
  app_auth_failed: { http: 503, retryable: true, retryAfterS: 30 },
  not_configured: { http: 503, retryable: true, retryAfterS: 30 },
  shutting_down: { http: 503, retryable: true, retryAfterS: 5 },
  upstream_timeout: { http: 504, retryable: true, retryAfterS: 5 },
};

export function refusal(code: RefusalCode, message: string, more: Omit<Refusal, "code" | "message"> = {}): Refusal {
  return { code, message, ...more };
}

/** HTTP status of a refusal. */
export function httpStatus(code: RefusalCode): number {
  return MEANINGS[code].http;
}

/** Seconds for `Retry-After`; undefined where waiting helps nobody. */
export function retryAfterS({ code, retryAfterS: known }: Refusal): number | undefined {
  return known ?? MEANINGS[code].retryAfterS;
}

/** The one error body there is. */
export function refusalBody(refused: Refusal, requestId: string): object {
  return {
    error: refused.code,
    message: refused.message,
    request_id: requestId,
    retryable: MEANINGS[refused.code].retryable,
    retry_after: retryAfterS(refused) ?? null,
    details: refused.denied === undefined ? {} : { denied: refused.denied },
  };
}

/** `broker_listen_failed`: the address of BROKER_HOST and BROKER_PORT cannot be listened on. */
export class BrokerError extends CodedError<"broker_listen_failed"> {}
