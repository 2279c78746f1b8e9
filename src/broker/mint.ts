/** Has GitHub make a token and does not believe the reply before it is checked. */
import type { Clock } from "../core/clock.ts";
import type { Logger } from "../core/log.ts";
import { refusal, type Refusal } from "./errors.ts";
import type { GitHubApi } from "./github-api.ts";
import { isTransient, refusalOf } from "./github-failure.ts";
import type { Metrics } from "./metrics.ts";
import { checkMint, type MintCheck } from "./mint-check.ts";
import { permissionsText } from "./permissions.ts";
import type { Scope } from "./policy.ts";
import type { Redactor } from "./redact.ts";
import type { MintedTokens } from "./minted-tokens.ts";
import { hashOf, type HeldToken } from "./token-cache.ts";

export interface MintOrder {
  readonly client: string;
  readonly owner: string;
  readonly installationId: number;
  readonly scope: Scope;
  /** Monotonic ms. */
  readonly deadline: number;
}

export type Minted =
  | { readonly status: "minted"; readonly held: HeldToken; readonly requestId: string | undefined }
  | {
      readonly status: "refused";
      readonly refusal: Refusal;
      /** `transient`: a token still held is better than this; `gone`: look the installation up again. */
      readonly nature: "transient" | "definite" | "gone";
    };

export interface MinterOptions {
  readonly api: GitHubApi;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly redactor: Redactor;
  readonly minted: MintedTokens;
}

/** What may be added to a deadline to take back a token that nobody is to have. */
const REVOKE_MS = 1500;

export class Minter {
  readonly #options: MinterOptions;

  constructor(options: MinterOptions) {
    this.#options = options;
  }

  async mint(order: MintOrder): Promise<Minted> {
    const { api, clock, metrics, minted } = this.#options;
    const { scope, installationId, deadline } = order;
    const owner = await this.#ownerNow(order);
    if (owner.status === "refused") return owner;
    // Never an empty list or object: GitHub reads either as everything.
    const body = {
      ...(scope.repositories === "all" ? {} : { repositories: scope.repositories }),
      permissions: Object.fromEntries(scope.permissions),
    };
    if (scope.permissions.size === 0 || scope.repositories.length === 0) throw new Error("A scope must name something");
    const result = await api.createToken(installationId, body, deadline);
    if (result.status === "failed") {
      metrics.add("broker_mints_total", { result: result.failure.kind });
      const { kind } = result.failure;
      return {
        status: "refused",
        refusal: refusalOf(result.failure),
        nature: kind === "gone" ? "gone" : isTransient(kind) ? "transient" : "definite",
      };
    }
    const checked = checkMint(result.value, scope, order.owner, result.at);
    metrics.add("broker_mints_total", { result: checked.status });
    if (checked.status !== "ok") return this.#takeBack(order, checked);
    const { granted } = checked;
    this.#options.redactor.remember(granted.token);
    const held: HeldToken = {
      token: granted.token,
      sha256: hashOf(granted.token),
      client: order.client,
      owner: order.owner,
      installationId,
      expiresAt: granted.expiresAt,
      expiresAtMs: Date.parse(granted.expiresAt),
      expiresMono: clock.monotonic() + granted.lifeMs,
      repositories: granted.repositories,
      permissions: granted.permissions,
      selection: granted.selection,
    };
    minted.add(held.sha256, held.expiresMono, clock.monotonic());
    return { status: "minted", held, requestId: result.requestId };
  }

  /** Ends a token that nobody was given. Of several callers who share it the first has it ended. Never rejects. */
  async withdraw(held: HeldToken, why: string): Promise<void> {
    const { api, clock, log, minted } = this.#options;
    if (!minted.forget(held.sha256)) return;
    const result = await api.revoke(held.token, clock.monotonic() + REVOKE_MS);
    const { client, owner, installationId, sha256 } = held;
    const revoked = result.status === "ok" ? "revoked" : "not revoked";
    log.warn({ client, owner, installationId, reason: why, revoked, token_sha256: sha256 }, "a token was taken back");
  }

  /** The reply for all repositories does not tell whose they are, so that is asked before. */
  async #ownerNow({
    scope,
    owner,
    installationId,
    deadline,
  }: MintOrder): Promise<Minted | { readonly status: "same" }> {
    if (scope.repositories !== "all") return { status: "same" };
    const found = await this.#options.api.installationById(installationId, deadline);
    if (found.status === "ok" && found.value.login.toLowerCase() === owner.toLowerCase()) return { status: "same" };
    const failure = found.status === "ok" ? ({ kind: "gone", detail: "renamed" } as const) : found.failure;
    const nature = failure.kind === "gone" ? "gone" : isTransient(failure.kind) ? "transient" : "definite";
    return { status: "refused", refusal: refusalOf(failure), nature };
  }

  async #takeBack(order: MintOrder, { status, reason, token }: Exclude<MintCheck, { status: "ok" }>): Promise<Minted> {
    const { api, clock, log, metrics, redactor } = this.#options;
    let revoked = "no token";
    if (token !== undefined) {
      redactor.remember(token);
      const result = await api.revoke(token, clock.monotonic() + REVOKE_MS);
      revoked = result.status === "ok" ? "revoked" : "not revoked";
    }
    const { client, owner, installationId, scope } = order;
    const told = {
      client,
      owner,
      installationId,
      asked: permissionsText(scope.permissions),
      reason,
      revoked,
      // As GitHub's audit log has it, so that one which could not be taken back can be found there.
      token_sha256: token === undefined ? null : hashOf(token),
    };
    if (status === "wider") {
      metrics.add("broker_scope_escalations_total");
      log.error({ alarm: "scope_escalation", ...told }, "ALARM: GitHub granted more than was asked");
      const refused = refusal("scope_escalation", "GitHub granted more than was asked; the token is not handed out.");
      return { status: "refused", refusal: refused, nature: "definite" };
    }
    log.warn(told, "GitHub's new token is not what was asked for");
    if (status === "moved")
      return { status: "refused", refusal: refusalOf({ kind: "gone", detail: reason }), nature: "gone" };
    return { status: "refused", refusal: refusalOf({ kind: "invalid", detail: reason }), nature: "transient" };
  }
}
