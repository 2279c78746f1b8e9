import { Worker, type MessagePort } from "node:worker_threads";
import { openChannel, type Channel } from "../core/channel/channel.ts";
import type { AgentNotice, OrderNotices, ReportNotices, SpawnRequest } from "../core/channel/protocol.ts";
import { describeError } from "../core/errors.ts";
import type { Logger } from "../core/log.ts";
import type { WorkerData } from "../core/worker-data.ts";
import type { WorkerSpec } from "./manifest.ts";

/** For what lives shortly. A worker that waits keeps what it took of it at its start, so that more of it is idle memory. */
const YOUNG_MB = 4;

export interface LifeEvents {
  readonly onReady: () => void;
  readonly onExit: () => void;
  readonly onAgents: (agents: readonly AgentNotice[]) => void;
  /** It wants an agent's process. */
  readonly onSpawn: (request: SpawnRequest, port: MessagePort) => void;
}

/** One life of a worker: its thread from birth to exit, and what is known of its end. It begins its work when told to. */
export class Life {
  readonly worker: Worker;
  readonly channel: Channel<OrderNotices>;
  /** Resolves when the thread is gone. */
  readonly ended: Promise<void>;
  /** The status it ended with; undefined while it is there. */
  code: number | undefined;
  /** It said that a new start would find the same fault. */
  permanent = false;
  /** Why it ended, as far as known before its exit. */
  cause: string | undefined;
  /** What ended it outside its own harness, which would have told its stack: at its import, or for want of memory. */
  thrown: unknown;

  constructor(spec: WorkerSpec, data: WorkerData, env: Record<string, string>, log: Logger, events: LifeEvents) {
    this.worker = new Worker(spec.entry, {
      name: spec.name,
      env,
      workerData: data,
      resourceLimits: { maxOldGenerationSizeMb: spec.heapMb, maxYoungGenerationSizeMb: YOUNG_MB },
    });
    this.channel = openChannel<OrderNotices, ReportNotices>(
      this.worker,
      {
        ready: events.onReady,
        failed: ({ error, permanent }) => {
          this.cause = `${error.code}: ${error.message}`;
          this.permanent = permanent;
        },
        stopped: () => undefined,
        agents: ({ agents }) => {
          events.onAgents(agents);
        },
        spawn: ({ request, port }) => {
          events.onSpawn(request, port);
        },
      },
      (error) => {
        log.error({ worker: spec.name, code: error.code }, error.message);
      },
    );
    this.worker.on("error", (error) => {
      this.thrown = error;
      this.cause ??= describeError(error);
    });
    this.worker.on("messageerror", (error) => {
      log.error({ worker: spec.name, err: error }, describeError(error));
    });
    this.ended = new Promise((resolve) => {
      this.worker.once("exit", (code) => {
        this.code = code;
        events.onExit();
        resolve();
      });
    });
  }
}
