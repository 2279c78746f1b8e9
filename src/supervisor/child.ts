import { MessageChannel, type MessagePort } from "node:worker_threads";
import { BeatBlock } from "../core/beat.ts";
import type { AgentNotice, SpawnRequest } from "../core/channel/protocol.ts";
import type { Clock } from "../core/clock.ts";
import type { Logger } from "../core/log.ts";
import type { Environment } from "../core/secrets.ts";
import { busyShare } from "./busy-share.ts";
import type { LoopTimes } from "./busy-share.ts";
import { Life } from "./life.ts";
import { LOOK_MS, Liveness } from "./liveness.ts";
import type { WorkerSpec } from "./manifest.ts";
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

/** After this, a worker that was told to end is ended; a thread stuck in native code may outlive even that. */
const TERMINATE_MS = 3_000;

/**
 * One worker and its lives.
 *
 *   idle ── start ──► starting ── ready ──► running ── stop ──► draining ── grace over ──► terminating ──► stopped
 *                        │                     │                   └────── ended ─────────────────────────►  ▲
 *                        └── ended, late ──┬───┘ ended                                                       │
 *                                          ▼                                                                 │
 *                     backoff (restart-policy) ── pause over ──► starting;   stop in backoff: terminating ────┤
 *                     failed: the worker said that a new start would find the same fault,    stop ────────────┘
 *                             or the policy gave up
 *
 * The pause of backoff holds up the work, not the thread: the next one is there at once, and loads its program meanwhile.
 * If it does not live that long, its end counts when the pause is over.
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
  #life: Life | undefined;
  #failures = 0;
  #readyAt: number | undefined;
  #cancelTimer: () => void = () => undefined;
  #loopTimes: LoopTimes | undefined;

  constructor(spec: WorkerSpec, deps: ChildDeps) {
    this.spec = spec;
    this.#deps = deps;
  }

  get state(): ChildState {
    return this.#state;
  }

  /** Share of the time since the last call, or its start, that the worker's loop was busy, 0–1; null when it is not running. */
  eventLoopUtilization(): number | null {
    if (this.#life === undefined || this.#state !== "running") return null;
    const now = this.#life.worker.performance.eventLoopUtilization();
    const share = busyShare(now, this.#loopTimes);
    this.#loopTimes = now;
    return share;
  }

  start(): void {
    if (this.#state !== "idle") return;
    this.#begin(this.#bear());
  }

  /** A thread that loads its program. */
  #bear(): Life {
    const { spec, beat } = this;
    const { environment, sequence, log, onSpawn } = this.#deps;
    beat.reset();
    const life: Life = new Life(
      spec,
      { name: spec.name, beat: beat.buffer, sequence },
      spec.environment(environment),
      log,
      {
        onReady: () => {
          this.#onReady(life);
        },
        onExit: () => {
          if (this.#state !== "backoff") this.#onExit(life);
        },
        onAgents: (agents) => {
          this.agents = agents;
          this.#deps.onChange();
        },
        onSpawn,
      },
    );
    this.#life = life;
    return life;
  }

  #begin(life: Life): void {
    const { spec } = this;
    this.#enter("starting");
    this.startedAt = this.#deps.clock.now();
    this.#readyAt = undefined;
    this.#loopTimes = undefined;
    if (life.code !== undefined) {
      this.#onExit(life);
      return;
    }
    life.channel.send("begin", {});
    this.#timer(spec.startMs, () => {
      this.#end(life, `not ready after ${spec.startMs} ms`);
    });
  }

  #onReady(life: Life): void {
    if (this.#state !== "starting") return;
    this.#cancelTimer();
    this.#readyAt = this.#deps.clock.monotonic();
    this.#enter("running");
    this.#watch(life, new Liveness(this.beat, this.spec.signs));
    this.#deps.onReady(this);
  }

  #watch(life: Life, liveness: Liveness): void {
    this.#timer(LOOK_MS, () => {
      const stalled = liveness.look();
      if (stalled === undefined) this.#watch(life, liveness);
      else this.#end(life, stalled.means);
    });
  }

  /** Puts an end to a life, for a reason. */
  #end(life: Life, cause: string): void {
    life.cause = cause;
    this.#deps.log.error({ worker: this.spec.name }, `${cause}: ending it`);
    this.#timer(TERMINATE_MS, () => {
      this.#deps.onStuck(this);
    });
    void life.worker.terminate();
  }

  /** Asks it to end within its grace, then ends it. Resolves when it is gone; may be called again. */
  async stop(): Promise<void> {
    if (this.#state === "idle" || this.#state === "failed") {
      this.#enter("stopped");
      return;
    }
    const life = this.#life;
    if (life === undefined) return;
    if (this.#state === "backoff") {
      this.#cancelTimer();
      if (life.code === undefined) this.#terminate(life);
      else this.#enter("stopped");
    }
    if (this.#state === "starting" || this.#state === "running") {
      this.#enter("draining");
      life.channel.send("stop", { graceMs: this.spec.graceMs });
      this.#timer(this.spec.endMs, () => {
        this.#terminate(life);
      });
    }
    const late = new Promise<void>((resolve) => {
      const cancel = this.#deps.clock.after(this.spec.endMs + TERMINATE_MS, resolve);
      // A timer left behind would keep the process alive long after its workers.
      void life.ended.then(cancel);
    });
    await Promise.race([life.ended, late]);
  }

  #terminate(life: Life): void {
    this.#enter("terminating");
    void life.worker.terminate();
  }

  /** Has it end the agent of that process, if it is idle. */
  endIdle(pid: number): void {
    this.#life?.channel.send("endIdle", { pid });
  }

  /** Draws a line from this worker to another, both ways. Lines of earlier lives close by themselves. */
  wireTo(other: Child): void {
    const { port1, port2 } = new MessageChannel();
    this.#wire(port1);
    other.#wire(port2);
  }

  #wire(port: MessagePort): void {
    this.#life?.channel.send("wire", { port }, [port]);
  }

  #onExit(life: Life): void {
    this.#cancelTimer();
    this.agents = [];
    if (this.#state === "draining" || this.#state === "terminating") {
      this.#enter("stopped");
      return;
    }
    const { clock, log, random } = this.#deps;
    const healthyMs = this.#readyAt === undefined ? 0 : clock.monotonic() - this.#readyAt;
    const verdict = judgeDeath({ failures: this.#failures, healthyMs, permanent: life.permanent }, random());
    this.lastError = life.cause ?? `ended with status ${life.code}`;
    const fields = { worker: this.spec.name, code: life.code, verdict, lastError: this.lastError, err: life.thrown };
    log.error(fields, "a worker ended unasked");
    if (verdict.action === "restart") {
      this.#failures = verdict.failures;
      this.restarts += 1;
      this.#enter("backoff");
      const next = this.#bear();
      this.#timer(verdict.delayMs, () => {
        if (this.#state === "backoff") this.#begin(next);
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
