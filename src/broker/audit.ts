/** One line a decision: who asked what, what was decided, and the hash by which GitHub's audit log knows the token. */
import type { Logger } from "../core/log.ts";
import { permissionsText } from "./permissions.ts";
import type { Ask } from "./policy.ts";
import type { Refusal, RefusalCode } from "./errors.ts";
import type { HeldToken } from "./token-cache.ts";

export type AuditedAction = "token" | "git-credential" | "evict" | "revoke";

/** A no of ours, as against one of GitHub's or a fault. */
const DENIALS: readonly RefusalCode[] = ["policy_denied", "unauthenticated", "forbidden", "rate_limited"];

export interface Decided {
  readonly requestId: string;
  readonly client: string | undefined;
  readonly remote: string | undefined;
  readonly action: AuditedAction;
  readonly ask?: Ask | undefined;
  readonly refusal?: Refusal | undefined;
  readonly held?: HeldToken | undefined;
  readonly tokenSha256?: string | undefined;
  readonly cache?: string | undefined;
  readonly ms: number;
  readonly githubRequestId?: string | undefined;
}

export function auditLine(decided: Decided): object {
  const { refusal, ms } = decided;
  return {
    ts: new Date().toISOString(),
    request_id: decided.requestId,
    client: decided.client ?? null,
    remote: decided.remote ?? null,
    action: decided.action,
    ...wish(decided.ask),
    decision: refusal === undefined ? "allow" : DENIALS.includes(refusal.code) ? "deny" : "error",
    reason: refusal?.code ?? null,
    denied: refusal?.denied,
    token_sha256: decided.tokenSha256 ?? null,
    ...(decided.held === undefined ? {} : outcome(decided.held)),
    cache: decided.cache ?? null,
    ms: Math.round(ms * 100) / 100,
    github_request_id: decided.githubRequestId,
  };
}

function wish(ask: Ask | undefined): object {
  if (ask === undefined) return {};
  return {
    owner: ask.owner ?? null,
    installation_id: ask.installationId ?? null,
    repositories: ask.repositories ?? null,
    repository_ids: ask.repositoryIds,
    asked: ask.permissions === undefined ? null : permissionsText(ask.permissions),
  };
}

function outcome(held: HeldToken): object {
  return {
    owner: held.owner,
    installation_id: held.installationId,
    granted: held.permissions,
    token_sha256: held.sha256,
    expires_at: held.expiresAt,
  };
}

export function audit(log: Logger, decided: Decided): void {
  log.info(auditLine(decided), decided.refusal === undefined ? "allowed" : "refused");
}
