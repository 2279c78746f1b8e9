import { randomBytes } from "node:crypto";
import { fileURLToPath } from "node:url";
import type { Clock } from "../core/clock.ts";
import { describeError } from "../core/errors.ts";
import type { Logger } from "../core/log.ts";
import { Access } from "./access/access.ts";
import type { AccessTokens } from "./access/jwt.ts";
import { watchLoopDelay } from "./api/loop-delay.ts";
import { allowLargeHeaders } from "./config.ts";
import type { DashboardConfig } from "./config.ts";
import type { Connection, Peer } from "./connection.ts";
import { Refusal } from "./errors.ts";
import { expiring } from "./expiring.ts";
import { History } from "./history.ts";
import { MetricsHistory } from "./host/history.ts";
import { HostSampler } from "./host/sampler.ts";
import { refused } from "./http.ts";
import type { Answer } from "./http.ts";
import { LIBRARIES } from "./libraries.ts";
import { LiveStates } from "./live-states.ts";
import { loadPage, securityHeaders } from "./page.ts";
import { createRoutes } from "./routes.ts";
import type { RouteDeps } from "./routes.ts";
import { diffPrompts } from "./scan/diff.ts";
import { ScanPool } from "./scan/pool.ts";
import { search } from "./scan/search.ts";
import { listen } from "./server.ts";
import type { Server } from "./server.ts";
import { Services } from "./services/services.ts";
import { peersOver } from "./socket/peer.ts";
import type { Peers } from "./socket/peer.ts";
import { sseAnswer } from "./sse.ts";
import { Tallies } from "./tallies.ts";
import { openStreams } from "./topics.ts";
import type { Streams } from "./topics.ts";
import { decideUpgrade } from "./upgrade.ts";

export interface DashboardOptions {
  readonly config: DashboardConfig;
  readonly version: string;
  readonly clock: Clock;
  readonly log: Logger;
  /** The page's files. */
  readonly webDir?: string;
  /** WebSockets at most. */
  readonly maxSockets?: number;
}

const MAX_SOCKETS = 64;
/** Answers that are written at once; each may hold some MiB for as long as its client reads. */
const MAX_ANSWERS = 128;
const BUSY = new Refusal("too_many", `${MAX_ANSWERS} answers are being written, which is the limit: ask again later.`);
const STATUS_EVERY_MS = 1_000;
const WEB = fileURLToPath(new URL("../../../web/", import.meta.url));

/**
 * The dashboard: it reads what the other programs leave in `.tinyclaw/`, and writes nothing there. This is where its
 * parts are put together; each is given what it needs, and none knows the server but by interfaces.
 */
export class Dashboard {
  readonly #options: DashboardOptions;
  readonly #streams: Streams;
  readonly #pool = new ScanPool();
  readonly #history: History;
  readonly #sampler: HostSampler;
  readonly #metrics = new MetricsHistory();
  readonly #states: LiveStates;
  readonly #services: Services;
  readonly #tallies: Tallies;
  readonly #loop = watchLoopDelay();
  readonly #requests = new Map<number, number>();
  readonly #tokens: AccessTokens | undefined;
  #server: Server | undefined;
  #cancelStatus: (() => void) | undefined;
  #stopping: Promise<void> | undefined;

  private constructor(options: DashboardOptions, tokens: AccessTokens | undefined) {
    const { config, clock, log } = options;
    const { dir, procRoot } = config;
    this.#options = options;
    this.#tokens = tokens;
    this.#streams = openStreams({ dir, clock, log });
    this.#history = new History(this.#streams, this.#pool);
    this.#sampler = new HostSampler({ procRoot, diskPath: dir, clock });
    this.#states = new LiveStates(clock);
    this.#services = new Services({ dir, clock, startedAt: clock.now(), metrics: () => this.#sampler.current() });
    this.#tallies = new Tallies({
      streams: this.#streams,
      pool: this.#pool,
      clock,
      log,
      messages: this.#services.messages,
    });
  }

  /** Rejects with ConfigError and `listen_failed`. */
  static async start(options: DashboardOptions): Promise<Dashboard> {
    allowLargeHeaders();
    const dashboard = new Dashboard(options, await tokensOf(options));
    try {
      await dashboard.#start();
      return dashboard;
    } catch (error) {
      await dashboard.stop();
      throw error;
    }
  }

  /** The port it listens on. */
  get port(): number {
    return this.#server?.port ?? 0;
  }

  /** Tells those who are connected, and ends within some seconds. May be called twice. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #start(): Promise<void> {
    await Promise.all(Object.values(this.#streams).map((stream) => stream.start()));
    this.#sampler.onSample((metrics) => {
      this.#metrics.add(metrics);
      this.#states.set("metrics", metrics);
    });
    this.#sampler.start();
    this.#server = await this.#listen();
    void this.#goThroughFiles();
    this.#keepStatus();
  }

  /** What lies there is counted, then indexed: meanwhile is answered what is known so far, and pages are read whole. */
  async #goThroughFiles(): Promise<void> {
    await this.#tallies.start();
    const { log } = this.#options;
    await this.#history
      .index("messages")
      ?.build()
      .catch((error: unknown) => {
        // Pages are read whole then, and the next one that is filtered tries again.
        if (this.#stopping === undefined) log.warn({ error: describeError(error) }, "no index of the messages yet");
      });
  }

  async #stop(): Promise<void> {
    this.#cancelStatus?.();
    this.#sampler.stop();
    await this.#server?.stop();
    this.#tokens?.close();
    this.#states.close();
    this.#loop.stop();
    await this.#tallies.close();
    this.#history.close();
    await this.#pool.close();
    await Promise.all(Object.values(this.#streams).map((stream) => stream.close()));
  }

  async #listen(): Promise<Server> {
    const { config, clock, log, maxSockets = MAX_SOCKETS } = this.#options;
    const { allowedHosts, token } = config;
    await this.#tokens?.warm();
    const access = new Access({ allowedHosts, token, tokens: this.#tokens });
    const peers = peersOver({
      streams: this.#streams,
      history: this.#history,
      states: this.#states,
      clock,
      log,
      boot: randomBytes(8).toString("hex"),
    });
    const begin = (connection: Connection): Peer => {
      void this.#readStatus();
      return peers.begin(connection);
    };
    const routes = createRoutes(this.#routeDeps(peers));
    const server = await listen({
      host: config.host,
      port: config.port,
      headers: securityHeaders,
      log,
      answer: async (request, signal) => {
        const entry = await access.check(request);
        const asked = entry.status === "in" ? await routes(request, signal) : refusedEntry(entry.refusal);
        const isBusy = asked.kind === "stream" && server.openAnswers() >= MAX_ANSWERS;
        const answer = isBusy ? refusedEntry(BUSY) : asked;
        this.#count(answer.kind === "whole" ? answer.status : 200);
        return entry.status === "in" ? expiring(answer, entry.until, clock) : answer;
      },
      upgrade: (request) => {
        const upgrade = decideUpgrade(request, { access, clock, sockets: () => server.sockets(), maxSockets, begin });
        this.#count(upgrade.status === "refused" ? upgrade.answer.status : 101);
        return upgrade;
      },
    });
    this.#states.onChange((topic, text) => server.publish(topic, text));
    return server;
  }

  #routeDeps(peers: Peers): RouteDeps {
    const { config, clock, log, version, webDir = WEB } = this.#options;
    const page = loadPage(webDir, LIBRARIES);
    if (page.missing.length > 0) log.warn({ missing: page.missing }, "libraries of the page are not installed");
    return {
      dir: config.dir,
      streams: this.#streams,
      history: this.#history,
      services: this.#services,
      sampler: this.#sampler,
      metricsHistory: this.#metrics,
      tallies: this.#tallies,
      search: (query, signal) => search({ streams: this.#streams, pool: this.#pool }, query, signal),
      diff: (a, b, signal) => diffPrompts(this.#pool, a, b, signal),
      sse: sseAnswer,
      page,
      counters: {
        requestsByStatus: () => this.#requests,
        sockets: () => this.#server?.sockets() ?? 0,
        subscriptions: () => peers.subscriptions(),
        openAnswers: () => this.#server?.openAnswers() ?? 0,
      },
      loopDelay: () => this.#loop.read(),
      clock,
      log,
      version,
      startedAt: clock.now(),
    };
  }

  #count(status: number): void {
    this.#requests.set(status, (this.#requests.get(status) ?? 0) + 1);
  }

  /** Looks at the services once a second, as long as somebody may see it. */
  #keepStatus(): void {
    this.#cancelStatus = this.#options.clock.after(STATUS_EVERY_MS, () => {
      this.#keepStatus();
      if ((this.#server?.sockets() ?? 0) > 0) void this.#readStatus();
    });
  }

  async #readStatus(): Promise<void> {
    try {
      this.#states.set("status", await this.#services.snapshot());
    } catch (error) {
      this.#options.log.error({ error: describeError(error) }, "the state of the services cannot be told");
    }
  }
}

/** What reads JWTs is loaded where there are any: it takes several MiB. */
async function tokensOf({ config, clock, log }: DashboardOptions): Promise<AccessTokens | undefined> {
  if (config.access === undefined) return undefined;
  const { AccessTokens } = await import("./access/jwt.ts");
  return new AccessTokens(config.access, clock, log);
}

function refusedEntry(refusal: Refusal): Answer {
  const more = refusal.code === "method_not_allowed" ? { allow: "GET, HEAD" } : {};
  return refused(refusal, more);
}
