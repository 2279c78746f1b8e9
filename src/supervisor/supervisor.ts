import { join } from "node:path";
import type { MessagePort } from "node:worker_threads";
import type { SpawnRequest } from "../core/channel/protocol.ts";
import type { Clock } from "../core/clock.ts";
import { EXIT } from "../core/errors.ts";
import type { Logger } from "../core/log.ts";
import { outgoingProducer } from "../core/queue/file-queue.ts";
import { sharedSequence } from "../core/queue/sequence.ts";
import type { Environment } from "../core/secrets.ts";
import { SettingsFile } from "../core/settings.ts";
import type { AgentHost } from "./agent-host.ts";
import { AgentMemory } from "./agent-memory.ts";
import { BrokerCheck } from "./broker-check.ts";
import { Child } from "./child.ts";
import { DiskKeeper } from "./disk-keeper.ts";
import type { WorkerSpec } from "./manifest.ts";
import { Ping } from "./ping.ts";
import { StatusFile, type SupervisorState } from "./status.ts";

export interface SupervisorOptions {
  readonly dir: string;
  /** Names this run of the bot. */
  readonly instance: string;
  /** The network in which it holds the directory: see `instance-lock`. */
  readonly network: string | undefined;
  readonly version: string;
  readonly environment: Environment;
  readonly manifest: readonly WorkerSpec[];
  readonly agents: AgentHost;
  /** Shared counter of the queue's file names. */
  readonly sequence: SharedArrayBuffer;
  readonly clock: Clock;
  readonly log: Logger;
  readonly random: () => number;
  /** Ends the process at once: a part of it hangs where nothing else reaches. */
  readonly abort: (reason: string) => void;
}

/**
 * Starts the workers in the order of the manifest, each when the one before it is ready or failed for good, draws the lines between them, brings
 * back one that ended, and stops all together. One for one: the death of a worker leaves the others alone.
 */
export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #children: readonly Child[];
  readonly #status: StatusFile;
  readonly #broker: BrokerCheck;
  readonly #ping: Ping;
  readonly #disk: DiskKeeper;
  readonly #memory: AgentMemory;
  #state: SupervisorState = "starting";
  #stopping: Promise<number> | undefined;
  #reason: string | undefined;
  #settle: (status: number) => void = () => undefined;
  readonly #finished = new Promise<number>((resolve) => {
    this.#settle = resolve;
  });

  constructor(options: SupervisorOptions) {
    this.#options = options;
    const deps = {
      ...options,
      onChange: () => {
        this.#status.touch();
      },
      onReady: (child: Child) => {
        this.#onReady(child);
      },
      onFailed: () => {
        this.#goOn();
      },
      onGiveUp: ({ spec, lastError }: Child) => {
        this.#reason = `Worker ${spec.name} failed at too many starts in a row, at the last with: ${lastError}`;
        void this.#end("gave-up", EXIT.gaveUp);
      },
      onSpawn: (request: SpawnRequest, port: MessagePort) => {
        options.agents.spawn(request, port);
      },
      onStuck: (child: Child) => {
        options.abort(`worker ${child.spec.name} cannot be ended`);
      },
    };
    const brokerUrl = options.environment["CREDENTIAL_BROKER_URL"] || undefined;
    this.#broker = new BrokerCheck(brokerUrl, options.clock, deps.onChange);
    this.#children = options.manifest.map((spec) => new Child(spec, deps));
    const settings = new SettingsFile(join(options.dir, "settings.json"), options.log);
    this.#ping = new Ping({
      url: async () => (await settings.read()).pingUrl,
      isWell: () => Promise.resolve(this.#isWell()),
      clock: options.clock,
      log: options.log,
    });
    this.#memory = new AgentMemory({
      agents: () => this.#children.flatMap((child) => child.agents),
      ceilingMb: async () => (await settings.read()).agentMemoryMb,
      end: (agent) => {
        this.#children.find(({ agents }) => agents.some(({ pid }) => pid === agent.pid))?.endIdle(agent.pid);
      },
      clock: options.clock,
      log: options.log,
    });
    const ends = { root: join(options.dir, "queue"), sequence: sharedSequence(options.sequence) };
    this.#disk = new DiskKeeper({
      dir: options.dir,
      outgoing: outgoingProducer(ends),
      clock: options.clock,
      log: options.log,
      onChange: deps.onChange,
    });
    this.#status = new StatusFile({
      path: join(options.dir, "status", "supervisor.json"),
      identity: {
        instance: options.instance,
        pid: process.pid,
        startedAt: options.clock.now(),
        version: options.version,
        ...(options.network === undefined ? {} : { network: options.network }),
      },
      children: this.#children,
      state: () => this.#state,
      broker: () => this.#broker.state,
      disk: () => this.#disk.level,
      onFault: (error) => {
        this.#disk.suspect(error);
      },
      clock: options.clock,
      log: options.log,
    });
  }

  /** Runs until stopped; resolves with the exit status. */
  run(): Promise<number> {
    this.#disk.start();
    this.#broker.start();
    this.#memory.start();
    this.#children[0]?.start();
    return this.#finished;
  }

  /** Why it gave up, if it did. */
  get reason(): string | undefined {
    return this.#reason;
  }

  /** Stops the workers, all at once. May be called again: all callers get the same end. */
  stop(): Promise<number> {
    return this.#end("stopped", EXIT.ok);
  }

  #onReady(child: Child): void {
    for (const other of this.#children) {
      if (other !== child && other.state === "running") child.wireTo(other);
    }
    this.#goOn();
  }

  /** Starts the next worker, if it is its turn: one that failed for good keeps none of the others waiting. */
  #goOn(): void {
    if (this.#stopping !== undefined) return;
    const settled = (child: Child): boolean => child.state === "running" || child.state === "failed";
    const waiting = this.#children.find((child) => child.state === "idle");
    if (waiting !== undefined) {
      waiting.start();
    } else if (this.#state === "starting" && this.#children.every(settled)) {
      this.#state = "running";
      this.#options.log.info({ version: this.#options.version }, "running");
      this.#status.touch();
      this.#ping.start();
    }
  }

  #isWell(): boolean {
    const isRunning = this.#state === "running" && this.#children.every((child) => child.state === "running");
    return isRunning && this.#disk.level === "ok";
  }

  #end(state: "stopped" | "gave-up", status: number): Promise<number> {
    this.#stopping ??= this.#stopAll(state, status);
    return this.#stopping;
  }

  async #stopAll(state: "stopped" | "gave-up", status: number): Promise<number> {
    this.#state = "stopping";
    this.#status.touch();
    this.#broker.stop();
    this.#ping.stop();
    this.#memory.stop();
    await Promise.all(this.#children.map((child) => child.stop()));
    await this.#options.agents.close();
    await this.#disk.stop();
    this.#state = state;
    await this.#status.close();
    this.#options.log.info({ state, status }, "ended");
    this.#settle(status);
    return status;
  }
}
