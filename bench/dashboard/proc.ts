/** What Linux tells of a process. */
import { readdir, readFile, writeFile } from "node:fs/promises";
import { setTimeout as pause } from "node:timers/promises";

const WINDOW_MS = 200;
const IDLE_SHARE = 0.05;
const MOST_WINDOWS = 600;

/** Resident memory now, and the most there was, KiB. */
export async function memory(pid: number): Promise<{ rss: number; peak: number }> {
  const status = await readFile(`/proc/${pid}/status`, "utf8");
  const field = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(status)?.[1]);
  return { rss: field("VmRSS"), peak: field("VmHWM") };
}

/** The most there was is what there is now. */
export async function forgetPeak(pid: number): Promise<void> {
  await writeFile(`/proc/${pid}/clear_refs`, "5");
}

/** Processor time, ms, of the threads there are now: finer than ticks. */
export async function threadsMs(pid: number): Promise<number> {
  const threads = await readdir(`/proc/${pid}/task`);
  const times = threads.map(async (id) => {
    const text = await readFile(`/proc/${pid}/task/${id}/schedstat`, "utf8").catch(() => "0");
    return Number.parseInt(text, 10) / 1e6;
  });
  return (await Promise.all(times)).reduce((sum, time) => sum + time, 0);
}

/** Waits until the process has nothing to do; resolves with the ms that took. */
export async function untilIdle(pid: number): Promise<number> {
  const started = performance.now();
  for (let n = 0; n < MOST_WINDOWS; n += 1) {
    const [before, since] = [await threadsMs(pid), performance.now()];
    await pause(WINDOW_MS);
    const share = ((await threadsMs(pid)) - before) / (performance.now() - since);
    if (share <= IDLE_SHARE) return since - started;
  }
  throw new Error(`process ${pid} is busy after ${(MOST_WINDOWS * WINDOW_MS) / 1000} s`);
}
