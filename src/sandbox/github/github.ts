import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { systemClock } from "../../core/clock.ts";
import type { Clock } from "../../core/clock.ts";
import { record } from "./call.ts";
import type { Answer, Call, RecordedCall } from "./call.ts";
import { distort } from "./distort.ts";
import { GitHubSandboxError } from "./errors.ts";
import { pause, readCall, send } from "./exchange.ts";
import { Faults } from "./faults.ts";
import type { Fault, Order } from "./faults.ts";
import { AppKeys } from "./keys.ts";
import type { AppKey } from "./keys.ts";
import { Listener, LOOPBACK } from "../listener.ts";
import type { Certificate } from "../listener.ts";
import { answer } from "./routes.ts";
import type { GitHubState } from "./state.ts";
import { Tokens } from "./tokens.ts";
import type { IssuedToken, TokenForm } from "./tokens.ts";
import { World } from "./world.ts";
import type { NewInstallation } from "./world.ts";

export interface GitHubSandboxOptions {
  readonly appId?: number;
  readonly slug?: string;
  /**
   * Serve https under this certificate, which must be made for `host`, or for `localhost` where none is given. git asks
   * its helpers by host and scheme.
   */
  readonly certificate?: Certificate;
  /** The address to listen on, loopback by default. */
  readonly host?: string;
  readonly clock?: Pick<Clock, "now">;
}

/**
 * A stand-in for GitHub on a loopback socket, as an App meets it: the App API under `/` and, as GitHub Enterprise has
 * it, under `/api/v3`; and git's smart HTTP as far as a clone needs it. JWTs are verified with the keys that `addKey` gave out.
 */
export class GitHubSandbox {
  readonly appId: number;
  readonly slug: string;
  readonly clientId: string;
  /** Every call in order, kept when the stand-in stops. A test may empty it. */
  readonly calls: RecordedCall[] = [];
  /** Form of tokens from now on. */
  tokenForm: TokenForm = "classic";
  /** How far GitHub's clock is ahead of this machine's, in its Date header and in what it thinks of a JWT. */
  clockOffsetMs = 0;
  readonly #clock: Pick<Clock, "now">;
  readonly #keys = new AppKeys();
  readonly #world = new World();
  readonly #tokens = new Tokens();
  readonly #faults = new Faults();
  readonly #listener: Listener;
  readonly #scheme: "http" | "https";

  constructor(options: GitHubSandboxOptions = {}) {
    this.appId = options.appId ?? 1;
    this.slug = options.slug ?? "tinyclaw-sandbox";
    this.clientId = `Iv23sandbox${this.appId}`;
    this.#clock = options.clock ?? systemClock;
    this.#scheme = options.certificate === undefined ? "http" : "https";
    this.#listener = new Listener(
      (request, response) => {
        this.#serve(request, response).catch(() => response.destroy());
      },
      { certificate: options.certificate, host: options.host },
    );
  }

  /** Listens; port 0 or none: a free one, or after a stop the one it had. Calling it twice is harmless. */
  start(port = 0): Promise<void> {
    return this.#listener.start(port);
  }

  /** Cuts every connection and closes the port; all else stays. Calling it twice is harmless. */
  stop(): Promise<void> {
    return this.#listener.stop();
  }

  /** Address for GITHUB_API_URL, without a slash at the end. Throws `github_not_started` before the first start. */
  get url(): string {
    const { host, port } = this.#listener;
    const name = this.#scheme === "https" && host === LOOPBACK ? "localhost" : host;
    if (port > 0) return `${this.#scheme}://${name}:${port}`;
    throw new GitHubSandboxError("github_not_started", "GitHub sandbox: its url is known only after start()");
  }

  /** Makes a private key for the App. Several may be valid at once. */
  addKey(): AppKey {
    return this.#keys.add();
  }

  removeKey(key: AppKey): void {
    this.#keys.remove(key);
  }

  /** Installs the App on an account that is new; its repositories are all private. Returns the installation's id. */
  addInstallation(installation: NewInstallation): number {
    return this.#world.add(installation, this.#now()).id;
  }

  renameAccount(from: string, to: string): void {
    this.#world.renameAccount(from, to);
  }

  /** A look-up by the old name is a 301 from now on. */
  renameRepository(owner: string, from: string, to: string): void {
    this.#world.renameRepository(owner, from, to);
  }

  suspend(account: string): void {
    this.#world.account(account).suspendedAt = this.#now();
  }

  unsuspend(account: string): void {
    this.#world.account(account).suspendedAt = undefined;
  }

  /** The App is removed from the account and installed again. Returns the new id; the old one and its tokens are dead. */
  reinstall(account: string): number {
    this.#tokens.revokeAll(this.#world.account(account).id);
    return this.#world.reinstall(account);
  }

  /** Ends a token by its SHA-256 in base64, without a call of anybody's. */
  revoke(sha256: string): void {
    this.#tokens.end(sha256);
  }

  /** Orders a fault; the returned function lifts it. */
  order(order: Order): () => void {
    return this.#faults.add(order);
  }

  /** Lifts every fault. */
  clearOrders(): void {
    this.#faults.clear();
  }

  /** Every token ever given out. */
  issuedTokens(): readonly IssuedToken[] {
    return this.#tokens.list();
  }

  /** Those that still open something. */
  liveTokens(): readonly IssuedToken[] {
    return this.#tokens.list().filter((one) => !one.revoked && one.expiresAt > this.#now());
  }

  #now(): number {
    return this.#clock.now() + this.clockOffsetMs;
  }

  #state(): GitHubState {
    const { appId, clientId, slug, tokenForm, url } = this;
    const now = (): number => this.#now();
    return {
      appId,
      clientId,
      slug,
      tokenForm,
      url,
      now,
      botUserId: 200_000_000 + appId,
      keys: this.#keys,
      world: this.#world,
      tokens: this.#tokens,
    };
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const call = await readCall(request);
    const fault = this.#faults.take(call);
    if (fault?.kind === "delay" && fault.when !== "after") await pause(response, fault.ms);
    if (fault?.kind === "hold") await Promise.race([fault.until, once(response, "close")]);
    const told = this.#work(call, fault);
    this.calls.push(record(call, this.#now(), fault?.kind === "drop" ? 0 : told.status, resultOf(told, fault)));
    await send(response, told, fault, this.#now());
  }

  /** Does what the call asks, unless the fault comes before, and says what it is told. */
  #work(call: Call, fault: Fault | undefined): Answer {
    const state = this.#state();
    const before = fault?.kind === "drop" ? fault.when === "before" : fault?.kind === "status" && fault.effect !== true;
    return distort(state, before ? { status: 0 } : answer(state, call), fault);
  }
}

function resultOf(told: Answer, fault: Fault | undefined): string {
  return fault === undefined ? (told.result ?? "ok") : `fault: ${fault.kind}`;
}
