/**
 * Loaded into each thread of the bot, ahead of it: does to a worker what the benchmark orders the process to have done.
 * Nothing of the bot knows of it.
 */
import { writeSync } from "node:fs";
import { BroadcastChannel, isMainThread, workerData } from "node:worker_threads";

/** `hang`: no poll of Telegram ends any more by what the worker itself would do about it. */
export interface Order {
  readonly worker: "queue" | "telegram";
  readonly what: "throw" | "loop" | "hang";
}

/** Longer than any pause of the worker's, and shorter than its patience with a poll. */
const PATIENCE_MS = 40_000;

/** Said by the thread that does as ordered. */
const OBEYING = "as ordered";

const orders = new BroadcastChannel("tinyclaw-bench");
orders.unref();

if (isMainThread) {
  process.on("message", (order) => orders.postMessage(order));
  process.channel?.unref();
} else {
  const { name } = workerData as { name?: string };
  orders.onmessage = (event) => {
    const { worker, what } = (event as { data: Order }).data;
    if (worker !== name) return;
    if (what === "hang") ignoreLongTimers();
    writeSync(1, `${JSON.stringify({ time: Date.now(), source: name, msg: OBEYING })}\n`);
    setImmediate(() => obey(what));
  };
}

function obey(what: Order["what"]): void {
  if (what === "throw") throw new Error("as ordered by the benchmark");
  if (what !== "loop") return;
  for (;;) {
    // For ever.
  }
}

function ignoreLongTimers(): void {
  const real = setTimeout;
  const patient = (task: () => void, ms?: number, ...rest: unknown[]): unknown => {
    const timer = (real as (...words: unknown[]) => NodeJS.Timeout)(task, ms, ...rest);
    if ((ms ?? 0) > PATIENCE_MS) clearTimeout(timer);
    return timer;
  };
  globalThis.setTimeout = patient as typeof setTimeout;
}
