import { MessageChannel, Worker, type MessagePort } from "node:worker_threads";
import { BeatBlock } from "../core/beat.ts";
import { openChannel, type Channel } from "../core/channel/channel.ts";
import type { AgentNotice, OrderNotices, ReportNotices, SpawnRequest } from "../core/channel/protocol.ts";
import type { Clock } from "../core/clock.ts";
import { describeError } from "../core/errors.ts";
import type { Logger } from "../core/log.ts";
import type { Environment } from "../core/secrets.ts";
import type { WorkerData } from "../core/worker-data.ts";
import type { WorkerSpec } from "./manifest.ts";
import { LOOK_MS, Liveness } from "./liveness.ts";
import { judgeDeath } from "./restart-policy.ts";

export type ChildState =
  | "idle"
  | "starting"
  | "running"
  | "draining"
  | "terminating"
  | "stopped"
  | "backoff"
  | "failed";

export interface ChildDeps {
  readonly environment: Environment;
  readonly sequence: SharedArrayBuffer;
  readonly clock: Clock;
  readonly log: Logger;
  readonly random: () => number;
  /** Anything a status reader would see has changed. */
  readonly onChange: () => void;
  /** Up (again): lines to its neighbours are to be drawn anew. */
  readonly onReady: (child: Child) => void;
  /** Down for good, by a fault that a new start would find again. */
  readonly onFailed: (child: Child) => void;
  /** Too many starts that never got healthy. */
  readonly onGiveUp: (child: Child) => void;
  /** Wants an agent's process. */
  readonly onSpawn: (request: SpawnRequest, port: MessagePort) => void;
  /** A thread that cannot be ended is still there: nothing but the end of the process helps. */
  readonly onStuck: (child: Child) => void;
}

/** For what lives shortly. A worker that waits keeps what it took of it at its start, so that more of it is idle memory. */
const YOUNG_MB = 4;
/** After this, a worker that was told to end is ended; a thread stuck in native code may outlive even that. */
const TERMINATE_MS = 3_000;

/**
 * One worker thread and its life.
 *
 *   idle ── start ──► starting ── ready ──► running ── stop ──► draining ── grace over ──► terminating ──► stopped
 *                        │                     │                   └────── ended ─────────────────────────►  ▲
 *                        └── ended, late ──┬───┘ ended                                                       │
 *                                          ▼                                                                 │
 *                     backoff (restart-policy) ── pause over ──► starting;   stop in backoff or failed ──────┘
 *                     failed: the worker said that a new start would find the same fault, or the policy gave up
 */
export class Child {
  readonly spec: WorkerSpec;
  readonly beat = new BeatBlock();
  restarts = 0;
  startedAt = 0;
  lastError: string | undefined;
  agents: readonly AgentNotice[] = [];
  readonly #deps: ChildDeps;
  #state: ChildState = "idle";
  #worker: Worker | undefined;
  #channel: Channel<OrderNotices> | undefined;
  #failures = 0;
  #readyAt: number | undefined;
  #permanent = false;
  /** Why this life ended, as far as known before its exit. */
  #cause: string | undefined;
  /** What ended it outside its own harness, which would have told its stack: at its import, or for want of memory. */
  #thrown: unknown;
  #cancelTimer: () => void = () => undefined;
  #ended: Promise<void> = Promise.resolve();
  #utilization: ReturnType<typeof performance.eventLoopUtilization> | undefined;

  constructor(spec: WorkerSpec, deps: ChildDeps) {
    this.spec = spec;
    this.#deps = deps;
  }

  get state(): ChildState {
    return this.#state;
  }

  /** Share of the time since the last call that the worker's loop was busy, 0–1; null when it is not running. */
  eventLoopUtilization(): number | null {
    if (this.#worker === undefined || this.#state !== "running") return null;
    const now = this.#worker.performance.eventLoopUtilization();
    const share = this.#worker.performance.eventLoopUtilization(now, this.#utilization).utilization;
    this.#utilization = now;
    return Math.round(share * 1000) / 1000;
  }

  start(): void {
    if (this.#state !== "idle" && this.#state !== "backoff") return;
    const { spec } = this;
    this.#enter("starting");
    this.beat.reset();
    this.startedAt = this.#deps.clock.now();
    this.#readyAt = undefined;
    this.#permanent = false;
    this.#cause = undefined;
    this.#thrown = undefined;
    this.#utilization = undefined;
    const data: WorkerData = { name: spec.name, beat: this.beat.buffer, sequence: this.#deps.sequence };
    const worker = new Worker(spec.entry, {
      name: spec.name,
      env: spec.environment(this.#deps.environment),
      workerData: data,
      resourceLimits: { maxOldGenerationSizeMb: spec.heapMb, maxYoungGenerationSizeMb: YOUNG_MB },
    });
    this.#worker = worker;
    this.#listen(worker);
    this.#timer(spec.startMs, () => {
      this.#end(worker, `not ready after ${spec.startMs} ms`);
    });
  }

  #watch(worker: Worker, liveness: Liveness): void {
    this.#timer(LOOK_MS, () => {
      const stalled = liveness.look();
      if (stalled === undefined) this.#watch(worker, liveness);
      else this.#end(worker, stalled.means);
    });
  }

  /** Puts an end to a life, for a reason. */
  #end(worker: Worker, cause: string): void {
    this.#cause = cause;
    this.#deps.log.error({ worker: this.spec.name }, `${cause}: ending it`);
    this.#timer(TERMINATE_MS, () => {
      this.#deps.onStuck(this);
    });
    void worker.terminate();
  }

  /** Asks it to end within its grace, then ends it. Resolves when it is gone; may be called again. */
  async stop(): Promise<void> {
    if (this.#state === "idle" || this.#state === "backoff" || this.#state === "failed") {
      this.#cancelTimer();
      this.#enter("stopped");
      return;
    }
    if (this.#state === "starting" || this.#state === "running") {
      this.#enter("draining");
      this.#channel?.send("stop", { graceMs: this.spec.graceMs });
      this.#timer(this.spec.endMs, () => {
        this.#enter("terminating");
        void this.#worker?.terminate();
      });
    }
    const late = new Promise<void>((resolve) => {
      const cancel = this.#deps.clock.after(this.spec.endMs + TERMINATE_MS, resolve);
      // A timer left behind would keep the process alive long after its workers.
      void this.#ended.then(cancel);
    });
    await Promise.race([this.#ended, late]);
  }

  /** Has it end the agent of that process, if it is idle. */
  endIdle(pid: number): void {
    this.#channel?.send("endIdle", { pid });
  }

  /** Draws a line from this worker to another, both ways. Lines of earlier lives close by themselves. */
  wireTo(other: Child): void {
    const { port1, port2 } = new MessageChannel();
    this.#wire(port1);
    other.#wire(port2);
  }

  #wire(port: MessagePort): void {
    this.#channel?.send("wire", { port }, [port]);
  }

  #listen(worker: Worker): void {
    const { log } = this.#deps;
    const worked = this.spec.name;
    this.#channel = openChannel<OrderNotices, ReportNotices>(
      worker,
      {
        ready: () => {
          if (this.#state !== "starting") return;
          this.#cancelTimer();
          this.#readyAt = this.#deps.clock.monotonic();
          this.#enter("running");
          this.#watch(worker, new Liveness(this.beat, this.spec.signs));
          this.#deps.onReady(this);
        },
        failed: ({ error, permanent }) => {
          this.#cause = `${error.code}: ${error.message}`;
          this.#permanent = permanent;
        },
        stopped: () => undefined,
        agents: ({ agents }) => {
          this.agents = agents;
          this.#deps.onChange();
        },
        spawn: ({ request, port }) => {
          this.#deps.onSpawn(request, port);
        },
      },
      (error) => {
        log.error({ worker: worked, code: error.code }, error.message);
      },
    );
    worker.on("error", (error) => {
      this.#thrown = error;
      this.#cause ??= describeError(error);
    });
    worker.on("messageerror", (error) => {
      log.error({ worker: worked, err: error }, describeError(error));
    });
    this.#ended = new Promise((resolve) => {
      worker.once("exit", (code) => {
        if (this.#worker === worker) this.#onExit(code);
        resolve();
      });
    });
  }

  #onExit(code: number): void {
    this.#cancelTimer();
    this.#worker = undefined;
    this.#channel = undefined;
    this.agents = [];
    if (this.#state === "draining" || this.#state === "terminating") {
      this.#enter("stopped");
      return;
    }
    const { clock, log, random } = this.#deps;
    const healthyMs = this.#readyAt === undefined ? 0 : clock.monotonic() - this.#readyAt;
    const verdict = judgeDeath({ failures: this.#failures, healthyMs, permanent: this.#permanent }, random());
    this.lastError = this.#cause ?? `ended with status ${code}`;
    const fields = { worker: this.spec.name, code, verdict, lastError: this.lastError, err: this.#thrown };
    log.error(fields, "a worker ended unasked");
    if (verdict.action === "restart") {
      this.#failures = verdict.failures;
      this.restarts += 1;
      this.#enter("backoff");
      this.#timer(verdict.delayMs, () => {
        this.start();
      });
      return;
    }
    this.#enter("failed");
    if (verdict.action === "give-up") this.#deps.onGiveUp(this);
    else this.#deps.onFailed(this);
  }

  /** The one place that changes the state. */
  #enter(state: ChildState): void {
    this.#state = state;
    if (state === "starting") this.#deps.log.info({ worker: this.spec.name, restarts: this.restarts }, "starting");
    this.#deps.onChange();
  }

  #timer(ms: number, task: () => void): void {
    this.#cancelTimer();
    this.#cancelTimer = this.#deps.clock.after(ms, task);
  }
}
