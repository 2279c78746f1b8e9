import { randomUUID } from "node:crypto";
import { mkdir, mkdtemp, readFile, rm, watch } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { BroadcastChannel } from "node:worker_threads";
import { systemClock, type Clock } from "../../src/core/clock.ts";
import { sequenceBuffer } from "../../src/core/queue/sequence.ts";
import type { Environment } from "../../src/core/secrets.ts";
import type { WorkerName } from "../../src/core/worker-data.ts";
import { BEATING } from "../../src/supervisor/liveness.ts";
import type { WorkerSpec } from "../../src/supervisor/manifest.ts";
import { Supervisor } from "../../src/supervisor/supervisor.ts";
import { openHost } from "../support/agent-host.ts";
import { memoryLog, type LogLine } from "../support/memory-log.ts";

/**
 * How a player begins and ends. plain: ready at once, ends when asked · gated: ready when ordered, ends when ordered ·
 * deaf: ready at once, ends never · unloadable: throws before it may begin · stillborn: throws before it is ready · hopeless: says that a new start is no use.
 */
export type Part = "plain" | "gated" | "deaf" | "unloadable" | "stillborn" | "hopeless";
export type Order = "ready" | "end" | "die" | "throw" | "hang" | "speak" | "agent";

/** What a player tells. */
export interface Seen {
  readonly worker: WorkerName;
  /** Of the thread: another one is another life. */
  readonly thread: number;
  readonly event: "loaded" | "started" | "ready" | "wired" | "heard" | "hanging" | "stopping" | "ended";
  readonly environment?: Record<string, string | undefined>;
}

/** `status/supervisor.json`, as far as tests look into it. */
export interface Status {
  readonly timestamp: number;
  readonly state: string;
  readonly agents: readonly Record<string, unknown>[];
  readonly workers: readonly { name: string; state: string; restarts: number; lastError?: string }[];
}

/** What a thread has to end in that was told to at once: a loaded machine needs all of it. */
const TERMINATE_MS = 3_000;

/** Pauses are over quickly; limits of twenty seconds and more stay what they are. */
const quickClock: Clock = {
  ...systemClock,
  after: (ms, task) => systemClock.after(ms >= 20_000 || ms === TERMINATE_MS ? ms : ms / 50, task),
};

/** By the quick clock, 2 s: on a busy machine a thread may not get its turn for some tenths. */
const PATIENT = { ...BEATING, stillMs: 100_000 };

interface Cast {
  readonly queue: Part;
  readonly telegram?: Part;
  readonly clock?: Clock;
  readonly environment?: Environment;
  /** Other members of both manifest entries. */
  readonly spec?: Partial<WorkerSpec>;
}

/** A supervisor with players for workers. */
export class Stage {
  readonly events: Seen[] = [];
  readonly supervisor: Supervisor;
  readonly lines: readonly LogLine[];
  /** Why the process would have ended at once. */
  readonly aborted: string[] = [];
  readonly statusDir: string;
  readonly #bus: BroadcastChannel;
  readonly #waiting = new Set<() => void>();

  private constructor(dir: string, cast: Cast) {
    const name = randomUUID();
    this.statusDir = join(dir, "status");
    this.#bus = new BroadcastChannel(name);
    this.#bus.onmessage = (event) => {
      this.events.push((event as { data: Seen }).data);
      for (const look of this.#waiting) look();
    };
    const { log, lines } = memoryLog();
    this.lines = lines;
    this.supervisor = new Supervisor({
      dir,
      agents: openHost().host,
      instance: randomUUID(),
      network: undefined,
      version: "1.2.3",
      environment: cast.environment ?? {},
      manifest: manifest(cast, name),
      sequence: sequenceBuffer(0),
      clock: cast.clock ?? quickClock,
      log,
      random: () => 0.5,
      abort: (reason) => this.aborted.push(reason),
    });
  }

  static async open(t: TestContext, cast: Cast): Promise<Stage> {
    const dir = await mkdtemp(join(tmpdir(), "tinyclaw-test-"));
    await mkdir(join(dir, "status"));
    const stage = new Stage(dir, cast);
    t.after(async () => {
      await stage.supervisor.stop();
      stage.#bus.close();
      await rm(dir, { recursive: true });
    });
    return stage;
  }

  order(worker: WorkerName, order: Order): void {
    this.#bus.postMessage({ to: worker, order });
  }

  /** The nth time that this happened to this worker, now or later. */
  async saw(worker: WorkerName, event: Seen["event"], nth = 1): Promise<Seen> {
    for (;;) {
      const seen = this.events.filter((each) => each.worker === worker && each.event === event)[nth - 1];
      if (seen !== undefined) return seen;
      await new Promise<void>((resolve) => {
        const look = (): void => {
          this.#waiting.delete(look);
          resolve();
        };
        this.#waiting.add(look);
      });
    }
  }

  /** What happened, in order, without the details: `queue started`. */
  story(...events: Seen["event"][]): string[] {
    return this.events.filter(({ event }) => events.includes(event)).map(({ worker, event }) => `${worker} ${event}`);
  }

  async status(): Promise<Status | undefined> {
    const text = await readFile(join(this.statusDir, "supervisor.json"), "utf8").catch(() => undefined);
    return text === undefined ? undefined : (JSON.parse(text) as Status);
  }

  /** The first status file from now on that is as wanted. */
  async statusWhere(wanted: (status: Status) => boolean): Promise<Status> {
    const ended = new AbortController();
    const changes = watch(this.statusDir, { signal: ended.signal });
    try {
      const now = await this.status();
      if (now !== undefined && wanted(now)) return now;
      for await (const _ of changes) {
        const status = await this.status();
        if (status !== undefined && wanted(status)) return status;
      }
    } finally {
      ended.abort();
    }
    throw new Error("the watch of the status ended");
  }
}

function manifest(cast: Cast, bus: string): WorkerSpec[] {
  const parts = { queue: cast.queue, ...(cast.telegram && { telegram: cast.telegram }) };
  return (Object.entries(parts) as [WorkerName, Part][]).map(([name, part]) => ({
    name,
    entry: new URL("fixtures/player.js", import.meta.url),
    startMs: 30_000,
    graceMs: 20_000,
    endMs: 24_000,
    heapMb: 64,
    signs: [PATIENT],
    ...cast.spec,
    environment: (environment) => ({
      ...cast.spec?.environment?.(environment),
      TEST_BUS: bus,
      PART: part,
    }),
  }));
}
