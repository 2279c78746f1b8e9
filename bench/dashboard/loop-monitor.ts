/**
 * How long the event loop of this process keeps a timer waiting that is due each millisecond; told on SIGUSR2, of the
 * time since it was told last. Put before another program (`--import`), or alone: then the process does nothing else.
 */
import { monitorEventLoopDelay } from "node:perf_hooks";
import { fileURLToPath } from "node:url";

const NS_A_MS = 1e6;
const TICK_MS = 1;

const delays = monitorEventLoopDelay({ resolution: TICK_MS });
delays.enable();
process.on("SIGUSR2", () => {
  const [p99, p999, max] = [delays.percentile(99), delays.percentile(99.9), delays.max].map(
    (ns) => ns / NS_A_MS - TICK_MS,
  );
  console.log(`loop ${JSON.stringify({ p99, p999, max })}`);
  delays.reset();
});

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  setInterval(() => undefined, 2 ** 30);
  console.log(JSON.stringify({ port: 0 }));
}
