/** The few calls of GitHub's API that the broker makes, each within a deadline, with retries, keys and clock in order. */
import { z } from "../core/zod.ts";
import { backoffMs, type BackoffRule } from "../core/backoff.ts";
import type { Clock } from "../core/clock.ts";
import type { Logger } from "../core/log.ts";
import { Breaker } from "./breaker.ts";
import type { GitHubApp } from "./github-app.ts";
import type { GitHubCall, GitHubLine } from "./github-call.ts";
import { failureOf, type Failure } from "./github-failure.ts";
import type { AppKey } from "./key-file.ts";
import type { KeyRing } from "./key-ring.ts";
import type { Metrics } from "./metrics.ts";

export interface Replied<T> {
  readonly status: "ok";
  readonly value: T;
  /** GitHub's time of the reply, epoch ms. */
  readonly at: number;
  /** GitHub's name for the call, for its support. */
  readonly requestId: string | undefined;
}
export type ApiResult<T> = Replied<T> | { readonly status: "failed"; readonly failure: Failure };

export interface InstallationInfo {
  readonly id: number;
  readonly login: string;
}

const TRIES = 3;
const TRY_MS = 4000;
const PAUSES: BackoffRule = { firstMs: 200, maxMs: 1000, jitter: 1 };
/** A pause that GitHub asks for is kept within a call only up to here. */
const SHORT_PAUSE_MS = 3000;
/** A call is not begun with less than this left of its deadline. */
const LEAST_MS = 50;

const installation = z.object({
  id: z.int().positive(),
  account: z.object({ login: z.string() }),
  suspended_at: z.string().nullish(),
});
const appInfo = z.object({ id: z.int(), slug: z.string().regex(/^[a-zA-Z0-9-]{1,100}$/) });
const user = z.object({ id: z.int().positive() });

export interface GitHubApiOptions {
  readonly line: GitHubLine;
  readonly app: GitHubApp;
  readonly ring: KeyRing;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Logger;
  readonly metrics: Metrics;
}

export class GitHubApi {
  readonly #options: GitHubApiOptions;
  readonly #breaker = new Breaker();
  #last: Failure["kind"] | "ok" | "unknown" = "unknown";

  constructor(options: GitHubApiOptions) {
    this.#options = options;
  }

  /** How the last call as the App ended. */
  get state(): "unknown" | "ok" | "degraded" | "down" | "refused" {
    if (this.#last === "unknown" || this.#last === "ok") return this.#last;
    if (this.#last === "unauthorized") return "refused";
    return this.#last === "rate_limited" || this.#last === "invalid" ? "degraded" : "down";
  }

  app(deadline: number): Promise<ApiResult<z.infer<typeof appInfo>>> {
    return this.#asApp({ method: "GET", path: "/app" }, appInfo, deadline);
  }

  /** Id of an account, which anybody may ask for. */
  async userId(login: string, deadline: number): Promise<ApiResult<number>> {
    const call: GitHubCall = { method: "GET", path: `/users/${encodeURIComponent(login)}` };
    const result = await this.#retried(deadline, (timeoutMs) => this.#once(call, undefined, timeoutMs));
    return map(understand(result, user), ({ id }) => id);
  }

  /** Where the App is installed on an organisation or a user. */
  async installationOf(owner: string, deadline: number): Promise<ApiResult<InstallationInfo>> {
    const user = await this.#installation(`/users/${encodeURIComponent(owner)}/installation`, deadline);
    if (user.status === "ok" || user.failure.kind !== "gone") return user;
    return this.#installation(`/orgs/${encodeURIComponent(owner)}/installation`, deadline);
  }

  installationById(id: number, deadline: number): Promise<ApiResult<InstallationInfo>> {
    return this.#installation(`/app/installations/${id}`, deadline);
  }

  /** Mints a token. The reply is GitHub's word, unchecked. */
  createToken(installationId: number, body: object, deadline: number): Promise<ApiResult<unknown>> {
    const path = `/app/installations/${installationId}/access_tokens`;
    return this.#asApp({ method: "POST", path, body }, z.unknown(), deadline);
  }

  /** Ends a token; one that is dead already is as good. */
  async revoke(token: string, deadline: number): Promise<ApiResult<void>> {
    const call: GitHubCall = { method: "DELETE", path: "/installation/token" };
    const result = await this.#retried(deadline, (timeoutMs) => this.#once(call, `Bearer ${token}`, timeoutMs));
    const gone = result.status === "failed" && ["unauthorized", "gone"].includes(result.failure.kind);
    return gone
      ? { status: "ok", value: undefined, at: this.#options.app.githubNow(), requestId: undefined }
      : map(result, () => undefined);
  }

  async #installation(path: string, deadline: number): Promise<ApiResult<InstallationInfo>> {
    const result = await this.#asApp({ method: "GET", path }, installation, deadline);
    if (result.status === "ok" && result.value.suspended_at) {
      return { status: "failed", failure: { kind: "suspended", detail: "suspended_at is set" } };
    }
    return map(result, ({ id, account }) => ({ id, login: account.login }));
  }

  /** As the App: by JWT, and not while GitHub is down or has asked for a pause. */
  async #asApp<T>(call: GitHubCall, schema: z.ZodType<T>, deadline: number): Promise<ApiResult<T>> {
    const { clock, log, metrics, app } = this.#options;
    const closed = this.#breaker.check(clock.monotonic());
    if (closed !== undefined) {
      const kind = closed.why === "down" ? "unavailable" : "rate_limited";
      return { status: "failed", failure: { kind, retryAfterMs: closed.forMs, detail: "not called" } };
    }
    const result = understand(await this.#retried(deadline, (timeoutMs) => this.#signed(call, timeoutMs)), schema);
    this.#note(result);
    metrics.set("broker_clock_skew_seconds", Math.round(app.skewMs / 1000));
    metrics.set("broker_circuit_state", this.#breaker.check(clock.monotonic()) === undefined ? 0 : 1);
    if (result.status === "failed") {
      log.warn(
        { call: `${call.method} ${call.path}`, kind: result.failure.kind, detail: result.failure.detail },
        "GitHub did not do what it was asked",
      );
    }
    return result;
  }

  #note(result: ApiResult<unknown>): void {
    const now = this.#options.clock.monotonic();
    const kind = result.status === "ok" ? "ok" : result.failure.kind;
    const reached = !["network", "timeout", "unavailable"].includes(kind);
    this.#last = ["unauthorized", "rate_limited", "invalid"].includes(kind) || !reached ? kind : "ok";
    if (reached) this.#breaker.reached();
    else this.#breaker.failed(now);
    if (result.status === "failed" && result.failure.kind === "rate_limited") {
      this.#breaker.pause(now, result.failure.retryAfterMs ?? 0);
    }
  }

  async #retried(
    deadline: number,
    attempt: (timeoutMs: number) => Promise<ApiResult<string>>,
  ): Promise<ApiResult<string>> {
    const { clock, random } = this.#options;
    let result: ApiResult<string> = { status: "failed", failure: { kind: "timeout", detail: "no time left" } };
    for (let tries = 0; tries < TRIES; tries += 1) {
      const left = deadline - clock.monotonic();
      if (left < LEAST_MS) return result;
      result = await attempt(Math.min(TRY_MS, left));
      if (result.status === "ok") return result;
      const pause = pauseAfter(result.failure, backoffMs(PAUSES, tries, random()));
      if (pause === undefined || clock.monotonic() + pause > deadline - LEAST_MS) return result;
      if (tries < TRIES - 1) await clock.sleep(pause);
    }
    return result;
  }

  /** With one key after the other until GitHub accepts one; a refusal that our clock explains is asked again at once. */
  async #signed(call: GitHubCall, timeoutMs: number): Promise<ApiResult<string>> {
    const { ring, clock } = this.#options;
    const until = clock.monotonic() + timeoutMs;
    let result: ApiResult<string> = { status: "failed", failure: { kind: "unauthorized", detail: "no key" } };
    for (const key of ring.keys) {
      result = await this.#withKey(call, key, until);
      if (result.status === "ok" || result.failure.kind !== "unauthorized") break;
    }
    return result;
  }

  async #withKey(call: GitHubCall, key: AppKey, until: number): Promise<ApiResult<string>> {
    const { app, ring, clock } = this.#options;
    const before = app.skewMs;
    let result = await this.#once(call, `Bearer ${await app.jwt(key)}`, until - clock.monotonic());
    const refused = result.status === "failed" && result.failure.kind === "unauthorized";
    if (refused && Math.abs(app.skewMs - before) > 5000) {
      result = await this.#once(call, `Bearer ${await app.jwt(key)}`, until - clock.monotonic());
    }
    if (result.status === "ok") ring.prove(key);
    return result;
  }

  async #once(call: GitHubCall, authorization: string | undefined, timeoutMs: number): Promise<ApiResult<string>> {
    const { line, app, clock, metrics } = this.#options;
    const started = clock.monotonic();
    const reply = await line.call(call, authorization, Math.max(1, timeoutMs));
    metrics.observe("broker_upstream_seconds", (clock.monotonic() - started) / 1000);
    if (reply.status === "reply") app.learn(reply.headers.date);
    const failure = failureOf(reply, app.githubNow());
    if (failure !== undefined || reply.status === "lost") {
      return { status: "failed", failure: failure ?? { kind: "network", detail: "" } };
    }
    const requestId = reply.headers["x-github-request-id"]?.toString();
    return { status: "ok", value: reply.text, at: app.githubNow(), requestId };
  }
}

/** Pause before the next try; undefined: another one would find the same. */
function pauseAfter(failure: Failure, usual: number): number | undefined {
  if (["network", "timeout", "unavailable"].includes(failure.kind)) return usual;
  if (failure.kind !== "rate_limited") return undefined;
  return failure.retryAfterMs !== undefined && failure.retryAfterMs <= SHORT_PAUSE_MS
    ? failure.retryAfterMs
    : undefined;
}

function understand<T>(result: ApiResult<string>, schema: z.ZodType<T>): ApiResult<T> {
  if (result.status === "failed") return result;
  let body: unknown;
  try {
    body = JSON.parse(result.value);
  } catch {
    return {
      status: "failed",
      failure: { kind: "invalid", detail: `a success without JSON (${result.value.length} characters)` },
    };
  }
  const parsed = schema.safeParse(body);
  if (parsed.success) return { ...result, value: parsed.data };
  const place = parsed.error.issues[0]?.path.join(".") ?? "";
  return { status: "failed", failure: { kind: "invalid", detail: `a success of another form at '${place}'` } };
}

function map<T, U>(result: ApiResult<T>, change: (value: T) => U): ApiResult<U> {
  return result.status === "ok" ? { ...result, value: change(result.value) } : result;
}
