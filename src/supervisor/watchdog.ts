import { Worker } from "node:worker_threads";
import type { Clock } from "../core/clock.ts";

const PULSE_MS = 250;

/** Has a small thread of its own look whether this one still turns; the returned function ends that. */
export function startWatchdog(clock: Clock): () => Promise<void> {
  const pulse = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT);
  const beats = new Int32Array(pulse);
  let cancel = (): void => undefined;
  const beat = (): void => {
    Atomics.add(beats, 0, 1);
    cancel = clock.after(PULSE_MS, beat);
  };
  beat();
  const worker = new Worker(new URL("watchdog.worker.js", import.meta.url), {
    name: "watchdog",
    env: {},
    workerData: { pulse },
    resourceLimits: { maxOldGenerationSizeMb: 16, maxYoungGenerationSizeMb: 1, stackSizeMb: 1 },
  });
  worker.unref();
  // Without it the bot runs on as it would have without a watchdog.
  worker.on("error", () => undefined);
  return async () => {
    cancel();
    await worker.terminate();
  };
}
