import { monitorEventLoopDelay } from "node:perf_hooks";
import type { LoopDelay } from "./deps.ts";

const RESOLUTION_MS = 100;
const NANOSECONDS = 1e9;

/** Measures how late the event loop is. `read` tells of the time since it was last called. */
export function watchLoopDelay(): { read(): LoopDelay; stop(): void } {
  const histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  histogram.enable();
  // What it measures is the time between two of its own ticks.
  const late = (nanoseconds: number): number =>
    Number.isFinite(nanoseconds) ? Math.max(0, nanoseconds / NANOSECONDS - RESOLUTION_MS / 1_000) : 0;
  return {
    read() {
      const delay = { mean: late(histogram.mean), p99: late(histogram.percentile(99)), max: late(histogram.max) };
      histogram.reset();
      return delay;
    },
    stop() {
      histogram.disable();
    },
  };
}
