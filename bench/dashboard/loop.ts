/** How long the event loop is held while everything goes on at once. */
import { setTimeout as pause } from "node:timers/promises";
import type { BenchRow } from "../bench.ts";
import { LAST, fill, searchPath, timeSearch, timeToFirst } from "./big-file.ts";
import { rowsOf } from "./compare.ts";
import { Lines } from "./lines.ts";
import { appending } from "./live.ts";
import { untilIdle } from "./proc.ts";
import { openReader } from "./reader.ts";
import type { Sizes } from "./sizes.ts";
import { Stage } from "./stage.ts";

const STEP_MS = 10;
const LINES_A_STEP = 20;
const SEARCH_EVERY_MS = 1000;
const LIST_EVERY_MS = 100;

/**
 * While a client is sent 2000 lines a second, another searches the file each second, and a third asks for its end ten
 * times a second: all at once, and yet not more than two cores can do, or it would be the others that are measured.
 */
export async function loopWaits(sizes: Sizes): Promise<BenchRow[]> {
  return Stage.use(async (stage) => {
    const file = await stage.file();
    await fill(file, sizes.bigFileBytes);
    const ours = await stage.start("monitored", { file });
    // Sees what else goes on on the machine in the same seconds.
    const bare = await stage.start("bare");
    await untilIdle(ours.pid);
    await timeToFirst(ours, `/api/messages/recent?n=${LAST}`);
    await Promise.all([ours.loopWaits(), bare.loopWaits()]);
    const steps = Math.ceil((sizes.loopSeconds * 1000) / STEP_MS);
    const reader = await openReader(ours, steps * LINES_A_STEP);
    const lines = new Lines(LINES_A_STEP);
    const over = new AbortController();
    const each = async (ms: number, task: () => Promise<unknown>): Promise<void> => {
      while (!over.signal.aborted) await Promise.all([task(), pause(ms)]);
    };
    const others = [
      each(SEARCH_EVERY_MS, () => timeSearch(ours, searchPath())),
      each(LIST_EVERY_MS, () => timeToFirst(ours, `/api/messages/recent?n=${LAST}`)),
    ];
    await appending(ours, async (handle) => {
      for (let n = 0; n < steps; n += 1) {
        await handle.write(lines.block(n * LINES_A_STEP));
        await pause(STEP_MS);
      }
    });
    over.abort();
    await Promise.all([...others, reader.all()]);
    const [waits, noise] = await Promise.all([ours.loopWaits(), bare.loopWaits()]);
    reader.close();
    const what = "event loop held while lines are sent, searched and listed";
    const figure = { unit: "ms", better: "less" } as const;
    // The aim is for our own work: the threads that search and those who ask fill both cores of a small machine, and
    // how long who is ready waits for one of them the bare process tells.
    const own = `${what}, processor time of its own`;
    return [
      ...rowsOf({ ours: waits.busyP99 }, { ...figure, what: `${own}, p99`, aim: 2 }),
      ...rowsOf({ ours: waits.busyP999 }, { ...figure, what: `${own}, p99.9` }),
      ...rowsOf({ ours: waits.busyMax }, { ...figure, what: `${own}, most` }),
      ...rowsOf(
        { ours: waits.p99 },
        { ...figure, what: `${what}, p99`, reference: { "a bare process beside it": noise.p99 } },
      ),
      ...rowsOf(
        { ours: waits.p999 },
        { ...figure, what: `${what}, p99.9`, reference: { "a bare process beside it": noise.p999 } },
      ),
      ...rowsOf(
        { ours: waits.max },
        { ...figure, what: `${what}, most`, reference: { "a bare process beside it": noise.max } },
      ),
    ];
  });
}
