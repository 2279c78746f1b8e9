/**
 * How long the event loop of this process keeps a timer waiting that is due each millisecond, and how much processor
 * time it took from one of its turns to the next: what others on the machine take does not count there. Told on
 * SIGUSR2, of the time since it was told last. Put before another program (`--import`), or alone: then the process does
 * nothing else.
 */
import { openSync, readSync } from "node:fs";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { fileURLToPath } from "node:url";
import { isMainThread } from "node:worker_threads";
import { quantile } from "../bench.ts";

const NS_A_MS = 1e6;
const TICK_MS = 1;
const NUMBER_BYTES = 64;

if (isMainThread) watch();

function watch(): void {
  const delays = monitorEventLoopDelay({ resolution: TICK_MS });
  delays.enable();
  const used = processorTime();
  let held: number[] = [];
  let before = used();
  setInterval(() => {
    const now = used();
    held.push(now - before);
    before = now;
  }, TICK_MS).unref();
  process.on("SIGUSR2", () => {
    const [p99, p999, max] = [delays.percentile(99), delays.percentile(99.9), delays.max].map(
      (ns) => ns / NS_A_MS - TICK_MS,
    );
    const [busyP99, busyP999, busyMax] = [0.99, 0.999, 1].map((q) => quantile(held, q));
    console.log(`loop ${JSON.stringify({ p99, p999, max, busyP99, busyP999, busyMax })}`);
    delays.reset();
    held = [];
    before = used();
  });
}

/** Of the main thread so far, ms. */
function processorTime(): () => number {
  const descriptor = openSync(`/proc/self/task/${process.pid}/schedstat`, "r");
  const buffer = Buffer.alloc(NUMBER_BYTES);
  return () =>
    Number.parseInt(buffer.toString("latin1", 0, readSync(descriptor, buffer, 0, NUMBER_BYTES, 0)), 10) / NS_A_MS;
}

if (isMainThread && process.argv[1] === fileURLToPath(import.meta.url)) {
  setInterval(() => undefined, 2 ** 30);
  console.log(JSON.stringify({ port: 0 }));
}
