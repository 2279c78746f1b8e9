import { queueEnvironment, telegramEnvironment } from "../core/config.ts";
import type { Environment } from "../core/secrets.ts";
import type { WorkerName } from "../core/worker-data.ts";
import { BEATING, POLLING } from "./liveness.ts";
import type { Sign } from "./liveness.ts";

/** One worker: what to start, with what, and how long it may take to end. */
export interface WorkerSpec {
  readonly name: WorkerName;
  readonly entry: URL;
  /** The part of the environment it gets. */
  readonly environment: (environment: Environment) => Record<string, string>;
  /** Start to ready, ms. */
  readonly startMs: number;
  /** What its own work may take to end when asked to stop, ms. */
  readonly graceMs: number;
  /** From the order to stop to its end, whatever it is at then, ms: the grace, and what it takes to put things back. */
  readonly endMs: number;
  readonly heapMb: number;
  /** By what a life that hangs is found. */
  readonly signs: readonly Sign[];
}

/** In the order of their start. They stop all at once: what the slowest takes is what all take. */
export const MANIFEST: readonly WorkerSpec[] = [
  {
    name: "queue",
    entry: new URL("../workers/queue.worker.js", import.meta.url),
    environment: queueEnvironment,
    startMs: 30_000,
    graceMs: 20_000,
    endMs: 23_500,
    heapMb: 512,
    signs: [BEATING],
  },
  {
    name: "telegram",
    entry: new URL("../workers/telegram.worker.js", import.meta.url),
    environment: telegramEnvironment,
    startMs: 30_000,
    graceMs: 8_000,
    endMs: 10_000,
    heapMb: 256,
    signs: [BEATING, POLLING],
  },
];
