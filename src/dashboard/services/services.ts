import { join } from "node:path";
import type { Clock } from "../../core/clock.ts";
import type { HostMetrics } from "../host/metrics.ts";
import { HealthLog, type Health, type ServiceName } from "./health.ts";
import { JsonFile } from "./json-file.ts";
import { MessageCounts } from "./message-counts.ts";
import { QueueDepthReader, type QueueDepth } from "./queue-depth.ts";
import { parseSupervisorRecord } from "../../core/supervisor-record.ts";
import { parseThreads, type ThreadEntry } from "./threads.ts";

/** What `/api/status` answers. */
export interface StatusSnapshot {
  readonly services: Readonly<Record<ServiceName, Health>>;
  readonly queue: QueueDepth;
  readonly threads: readonly ThreadEntry[];
  readonly messages: { readonly lastHour: number; readonly lastDay: number };
  readonly metrics: HostMetrics;
  /** `status/supervisor.json` as it was last read whole; null before that. */
  readonly supervisor: Readonly<Record<string, unknown>> | null;
}

export interface ServicesDeps {
  /** `.tinyclaw/`; it need not be there yet. */
  readonly dir: string;
  readonly clock: Clock;
  /** Of the dashboard, epoch ms. */
  readonly startedAt: number;
  readonly metrics: () => HostMetrics;
}

/** The state of the whole system, from the files its programs leave behind. Reads alone. */
export class Services {
  /** To be given each row of the message history once, those of the last day among them. */
  readonly messages: MessageCounts;
  readonly #deps: ServicesDeps;
  readonly #supervisor;
  readonly #threads;
  readonly #queue: QueueDepthReader;
  readonly #health: HealthLog;

  constructor(deps: ServicesDeps) {
    const { dir, clock } = deps;
    this.#deps = deps;
    this.messages = new MessageCounts(clock);
    const path = join(dir, "status", "supervisor.json");
    this.#supervisor = new JsonFile({ path, parse: parseSupervisorRecord, clock });
    this.#threads = new JsonFile({ path: join(dir, "threads.json"), parse: parseThreads, clock });
    this.#queue = new QueueDepthReader(join(dir, "queue"), clock);
    this.#health = new HealthLog(deps.startedAt);
  }

  /** The state now. Never rejects: what cannot be read is as it last was, empty, or null. */
  async snapshot(): Promise<StatusSnapshot> {
    const { clock, metrics } = this.#deps;
    const [supervisor, threads, queue] = await Promise.all([
      this.#supervisor.read(),
      this.threads(),
      this.#queue.read(),
    ]);
    return {
      services: this.#health.observe(supervisor.value, clock.now()),
      queue,
      threads,
      messages: this.messages.totals(),
      metrics: metrics(),
      supervisor: supervisor.value?.whole ?? null,
    };
  }

  /** `threads.json`, by id; empty where there is none, the last good one where it is caught half written. */
  async threads(): Promise<readonly ThreadEntry[]> {
    const state = await this.#threads.read();
    return state.status === "missing" ? [] : (state.value ?? []);
  }
}
