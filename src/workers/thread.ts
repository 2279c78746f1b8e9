/** The harness every worker runs in: its log, its lines, its beat, its end. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { MessageChannel, parentPort, workerData, type MessagePort } from "node:worker_threads";
import { BeatBlock } from "../core/beat.ts";
import { openChannel, type Channel, type Handlers } from "../core/channel/channel.ts";
import type { AgentNotice, OrderNotices, PeerNotices, ReportNotices, SpawnRequest } from "../core/channel/protocol.ts";
import { systemClock, type Clock } from "../core/clock.ts";
import { CodedError, describeError, type ErrorJson } from "../core/errors.ts";
import { openLog, type Logger, type OpenLog } from "../core/log.ts";
import type { CommonConfig } from "../core/config.ts";
import { ownEnvironment, type Environment, type Secret } from "../core/secrets.ts";
import { workerDataSchema, type WorkerData } from "../core/worker-data.ts";

const BEAT_MS = 250;

/** What a worker's inside gets. */
export interface WorkerContext<Config> {
  readonly config: Config;
  readonly log: Logger;
  readonly clock: Clock;
  readonly sequence: SharedArrayBuffer;
  /** Says something to the other worker; swallowed while there is none. */
  tell<Name extends keyof PeerNotices>(name: Name, data: PeerNotices[Name]): void;
  reportAgents(agents: readonly AgentNotice[]): void;
  /** Has the supervisor start an agent's process; the port is the line to it. */
  launch(this: void, request: SpawnRequest): MessagePort;
  /** Ends this worker on a fault found while running. */
  fail(error: unknown): void;
}

/** What a worker's inside gives. */
export interface WorkerService {
  start(): Promise<void>;
  /** Resolves when nothing runs any more, within about `graceMs`. */
  stop(graceMs: number): Promise<void>;
  /** Memory is short: ends the agent of that process, if it is idle. */
  endIdle?(pid: number): void;
  progress(): { readonly inFlight: number; readonly lastPollOk?: number; readonly lastPollEnd?: number };
  /** What to do when the other worker says something. */
  readonly hears: Partial<Handlers<PeerNotices>>;
  /** A new line to the other worker is drawn; anything it may have missed is to be said again. */
  onWired?(): void;
}

export interface WorkerProgram<Config extends CommonConfig> {
  readConfig(environment: Environment): Config;
  secrets(config: Config): readonly Secret[];
  create(context: WorkerContext<Config>): Promise<WorkerService>;
  /** Whether starting again would find the same fault. */
  isPermanent(error: unknown): boolean;
}

/** Runs a worker's program in this thread until the supervisor stops it or a fault ends it. */
export async function runWorker<Config extends CommonConfig>(program: WorkerProgram<Config>): Promise<void> {
  if (parentPort === null) throw new Error("A worker starts in a thread of the supervisor: run `npm start`.");
  const data = workerDataSchema.parse(workerData);
  const config = program.readConfig(ownEnvironment());
  await mkdir(config.dir, { recursive: true });
  const log = await openLog({
    dir: join(config.dir, "logs"),
    source: data.name,
    level: config.logLevel,
    secrets: program.secrets(config),
    stdout: true,
  });
  await new Harness(program, config, data, log, parentPort).run();
}

class Harness<Config extends CommonConfig> {
  readonly #program: WorkerProgram<Config>;
  readonly #config: Config;
  readonly #data: WorkerData;
  readonly #log: OpenLog;
  readonly #port: NonNullable<typeof parentPort>;
  readonly #beat: BeatBlock;
  #report: Channel<ReportNotices> | undefined;
  #peer: Channel<PeerNotices> | undefined;
  #service: WorkerService | undefined;
  #timer: NodeJS.Timeout | undefined;
  #ending = false;

  constructor(
    program: WorkerProgram<Config>,
    config: Config,
    data: WorkerData,
    log: OpenLog,
    port: NonNullable<typeof parentPort>,
  ) {
    this.#program = program;
    this.#config = config;
    this.#data = data;
    this.#log = log;
    this.#port = port;
    this.#beat = new BeatBlock(data.beat);
  }

  async run(): Promise<void> {
    const logger = this.#log.logger;
    process.on("uncaughtException", (error) => {
      this.#fail(error);
    });
    process.on("unhandledRejection", (reason) => {
      this.#fail(reason);
    });
    let begin: () => void = () => undefined;
    const begun = new Promise<void>((resolve) => (begin = resolve));
    this.#report = openChannel<ReportNotices, OrderNotices>(
      this.#port,
      {
        begin,
        wire: ({ port }) => {
          this.#wire(port);
        },
        stop: ({ graceMs }) => {
          void this.#stop(graceMs);
        },
        endIdle: ({ pid }) => this.#service?.endIdle?.(pid),
      },
      (error) => {
        logger.error({ code: error.code }, error.message);
      },
    );
    await begun;
    try {
      this.#service = await this.#program.create(this.#context());
      await this.#service.start();
    } catch (error) {
      this.#fail(error);
      return;
    }
    this.#pulse();
    this.#timer = setInterval(() => {
      this.#pulse();
    }, BEAT_MS);
    this.#report.send("ready", {});
    logger.info({}, "ready");
  }

  #context(): WorkerContext<Config> {
    return {
      config: this.#config,
      log: this.#log.logger,
      clock: systemClock,
      sequence: this.#data.sequence,
      tell: (name, data) => this.#peer?.send(name, data),
      reportAgents: (agents) => this.#report?.send("agents", { agents }),
      launch: (request) => {
        const { port1, port2 } = new MessageChannel();
        this.#report?.send("spawn", { request, port: port2 }, [port2]);
        return port1;
      },
      fail: (error) => {
        this.#fail(error);
      },
    };
  }

  #wire(port: Parameters<typeof openChannel>[0] & { close?: () => void }): void {
    const hears = this.#service?.hears ?? {};
    const ignore = (): void => undefined;
    this.#peer = openChannel<PeerNotices, PeerNotices>(
      port,
      { published: ignore, topics: ignore, turn: ignore, ...hears },
      (error) => {
        this.#log.logger.error({ code: error.code }, error.message);
      },
    );
    this.#service?.onWired?.();
  }

  #pulse(): void {
    const progress = this.#service?.progress() ?? { inFlight: 0 };
    this.#beat.set("beat", systemClock.now());
    this.#beat.set("inFlight", progress.inFlight);
    if (progress.lastPollOk !== undefined) this.#beat.set("lastPollOk", progress.lastPollOk);
    if (progress.lastPollEnd !== undefined) this.#beat.set("lastPollEnd", progress.lastPollEnd);
  }

  async #stop(graceMs: number): Promise<void> {
    if (this.#ending) return;
    this.#ending = true;
    try {
      await this.#service?.stop(graceMs);
      this.#log.logger.info({}, "stopped");
      this.#report?.send("stopped", {});
    } catch (error) {
      this.#log.logger.error({ err: error }, `the stop was not clean: ${describeError(error)}`);
    }
    clearInterval(this.#timer);
    this.#log.close();
    process.exit(0);
  }

  /** Says why, in the log with the stack and to the supervisor, and ends this thread. */
  #fail(error: unknown): void {
    const json = errorJson(error);
    const permanent = this.#program.isPermanent(error);
    const fields = { err: error, code: json.code, details: json.details, permanent };
    this.#log.logger.error(fields, describeError(error));
    if (this.#ending) return;
    this.#ending = true;
    this.#report?.send("failed", { error: json, permanent });
    // The notice crosses to the main thread before the exit event does; both use the same port.
    setImmediate(() => process.exit(1));
  }
}

function errorJson(error: unknown): ErrorJson {
  if (error instanceof CodedError) return error.toJSON();
  const message = error instanceof Error ? error.message : String(error);
  return { name: "Error", code: "internal", message, details: {} };
}
