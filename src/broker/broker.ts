/** The broker, put together of its parts. */
import type { Clock } from "../core/clock.ts";
import { ConfigError } from "../core/errors.ts";
import type { Secret } from "../core/secrets.ts";
import { digestOf, type BrokerConfig } from "./config.ts";
import { Desk } from "./desk.ts";
import { refusal, type Refusal } from "./errors.ts";
import { GitHubApi } from "./github-api.ts";
import { GitHubApp } from "./github-app.ts";
import { GitHubLine } from "./github-call.ts";
import { Identity } from "./identity.ts";
import { Installations } from "./installations.ts";
import { KeyRing } from "./key-ring.ts";
import { Limiter } from "./limits.ts";
import { openLines, type LineSink, type Lines } from "./log.ts";
import { Metrics } from "./metrics.ts";
import { Minter } from "./mint.ts";
import { MintedTokens } from "./minted-tokens.ts";
import { builtInPolicy } from "./policy-file.ts";
import { PolicyStore } from "./policy-store.ts";
import { readiness } from "./readiness.ts";
import { Redactor } from "./redact.ts";
import { BrokerServer } from "./server.ts";
import { TokenCache } from "./token-cache.ts";
import { Tokens } from "./tokens.ts";

export interface BrokerOptions {
  readonly config: BrokerConfig;
  readonly clock: Clock;
  readonly random: () => number;
  readonly sink: LineSink;
}

/** How often the policy and the keys are read again, ms: they are small, and watching a mounted file misses changes. */
const RELOAD_MS = 2000;
const DRAIN_MS = 10_000;

export class Broker {
  readonly #options: BrokerOptions;
  readonly #lines: Lines;
  readonly #store: PolicyStore;
  readonly #ring: KeyRing;
  readonly #app: GitHubApp;
  readonly #line: GitHubLine;
  readonly #api: GitHubApi;
  readonly #identity: Identity;
  readonly #metrics = new Metrics();
  readonly #server: BrokerServer;
  readonly #startedAt: number;
  #cancel: () => void = () => undefined;
  #told = "";

  private constructor(options: BrokerOptions, lines: Lines, redactor: Redactor, store: PolicyStore) {
    const { config, clock, random } = options;
    const { logger: log } = lines;
    this.#options = options;
    this.#lines = lines;
    this.#store = store;
    this.#startedAt = clock.now();
    this.#ring = new KeyRing(config.keyFiles);
    const appId = config.appId ?? "";
    this.#app = new GitHubApp(appId, clock);
    const { apiUrl } = config;
    this.#line = new GitHubLine(apiUrl, clock);
    const metrics = this.#metrics;
    const api = new GitHubApi({ line: this.#line, app: this.#app, ring: this.#ring, clock, random, log, metrics });
    this.#api = api;
    this.#identity = new Identity({ api, appId, webHost: config.webHost, clock, log });
    const cache = new TokenCache();
    const limiter = new Limiter();
    const monotonic = (): number => clock.monotonic();
    const installations = new Installations(api, limiter, monotonic);
    const minted = new MintedTokens();
    const minter = new Minter({ api, clock, log, metrics, redactor, minted });
    const githubNow = (): number => this.#app.githubNow();
    const tokens = new Tokens({ appId, apiUrl, cache, minter, installations, limiter, clock, githubNow, metrics });
    const policy = () => store.current;
    this.#server = new BrokerServer({
      house: {
        policy,
        webHost: config.webHost,
        desk: new Desk({ policy, installations, tokens, clock, metrics }),
        cache,
        minted,
        api,
        limiter,
        metrics,
        identity: () => this.#identity.known,
        readiness: () => this.#readiness(),
        monotonic,
      },
      hosts: config.hosts,
      unready: () => this.#unready(),
      log,
      audit: lines.audit,
    });
  }

  /** Reads policy and keys and listens. Throws ConfigError, or BrokerError when the address is taken. */
  static async start(options: BrokerOptions): Promise<{ broker: Broker; port: number }> {
    const { config, sink } = options;
    const redactor = new Redactor(config.secrets);
    const lines = openLines(config.logLevel, redactor, sink);
    const store = await PolicyStore.open(config.policy, builtInPolicy(config.secrets.map(digestOf)));
    requireCaller(store, config);
    const broker = new Broker(options, lines, redactor, store);
    broker.#greet();
    await broker.reload();
    const port = await broker.#server.listen(config.host, config.port).catch(async (error: unknown) => {
      await broker.stop();
      throw error;
    });
    lines.logger.info({ host: config.host, port, policy: store.current.source }, "listening");
    return { broker, port };
  }

  /** Reads policy and keys again now; it does so by itself every two seconds. */
  async reload(): Promise<void> {
    this.#cancel();
    const { logger: log } = this.#lines;
    const [policy, keys] = await Promise.all([this.#store.reload(), this.#ring.reload()]);
    if (policy) log.info({ policy_digest: this.#store.current.digest }, "another policy is in force");
    if (keys) {
      this.#metrics.set("broker_key_loaded_timestamp", Math.floor(this.#options.clock.now() / 1000));
      log.info({ key_ids: this.#ring.keys.map((key) => key.id) }, "keys loaded");
      if (this.#options.config.appId !== undefined) void this.#identity.ask();
    }
    this.#tell();
    this.#cancel();
    if (!this.#server.stopping) this.#cancel = this.#options.clock.after(RELOAD_MS, () => void this.reload());
  }

  /** Answers what is under way, ten seconds at most, and says no to the rest. May be called twice. */
  async stop(): Promise<void> {
    this.#server.refuseNew();
    this.#cancel();
    this.#identity.stop();
    await this.#server.close(DRAIN_MS);
    this.#line.close();
    this.#lines.logger.info({}, "stopped");
    this.#lines.flush();
  }

  /** A fault that ends the program, in a line without secrets. */
  fault(message: string): void {
    this.#lines.logger.error({}, message);
    this.#lines.flush();
  }

  #greet(): void {
    const { config } = this.#options;
    const { logger: log } = this.#lines;
    const policy = this.#store.current;
    if (policy.source === "built_in") {
      log.warn(
        {},
        "no policy file: every repository of the App's installations can be named, contents, pull_requests and issues up to write",
      );
      return;
    }
    const known = (secret: Secret): boolean =>
      policy.clients.some((client) => client.secretDigests.some((digest) => digest.equals(digestOf(secret))));
    if (!config.secrets.every(known)) log.warn({}, "BROKER_SECRET is no client's: put its SHA-256 into the policy");
  }

  /** Problems when they change, so that the log is not filled by the same one. */
  #tell(): void {
    const problems = [
      ...this.#missing(),
      ...this.#ring.problems,
      ...(this.#store.problem === undefined ? [] : [this.#store.problem]),
    ];
    const text = problems.join(" ");
    if (text === this.#told) return;
    this.#told = text;
    if (problems.length > 0) this.#lines.logger.warn({ problems }, "the set-up has problems");
    else this.#lines.logger.info({}, "the set-up is whole");
  }

  #missing(): readonly string[] {
    const { config } = this.#options;
    return [
      ...(config.appId === undefined ? ["GITHUB_APP_ID is not set: give the App's id."] : []),
      ...(this.#ring.state === "none"
        ? ["There is no key yet: put the App's private key into GITHUB_APP_PRIVATE_KEY_FILE."]
        : []),
      ...(this.#store.current.clients.every((client) => client.secretDigests.length === 0)
        ? ["BROKER_SECRET is not set: nobody can ask."]
        : []),
    ];
  }

  #unready(): Refusal | undefined {
    const [missing] = this.#missing();
    if (missing !== undefined) return refusal("not_configured", `The broker is not configured. ${missing}`);
    if (this.#ring.keys.length > 0) return undefined;
    return refusal("app_auth_failed", "The App's key cannot be read: the operator has to look at the broker's log.");
  }

  #readiness() {
    const { current, problem } = this.#store;
    return readiness({
      stopping: this.#server.stopping,
      missing: this.#missing(),
      keys: this.#ring.state,
      keyProblems: this.#ring.problems,
      keyIds: this.#ring.keys.map((key) => key.id),
      policyProblem: problem,
      policySource: current.source,
      policyDigest: current.digest,
      github: this.#api.state,
      identity: this.#identity.known,
      identityProblem: this.#identity.problem,
      skewS: Math.round(this.#app.skewMs / 1000),
      startedAt: this.#startedAt,
    });
  }
}

/** With an App but nobody who can ask, something was forgotten. */
function requireCaller(store: PolicyStore, config: BrokerConfig): void {
  if (config.appId === undefined || store.current.source === "file" || config.secrets.length > 0) return;
  throw new ConfigError(
    "BROKER_SECRET is missing: make one with `openssl rand -hex 32` and give it to the broker and the bot.",
    {
      variable: "BROKER_SECRET",
    },
  );
}
