/** What the bot takes while nobody writes, beside the two programs of the older design. */
import { setTimeout as pause } from "node:timers/promises";
import type { BenchRow } from "../bench.ts";
import { cpuMs, memoryOf } from "./proc.ts";
import type { Memory } from "./proc.ts";
import { compared } from "./rows.ts";
import type { Sizes } from "./sizes.ts";
import { Stage } from "./stage.ts";

const MB = 1e6;
const SAMPLE_MS = 1000;
const MOST_MB = 129;
const MOST_CPU_PERCENT = 0.5;

export async function footprint({ idle }: Sizes): Promise<BenchRow[]> {
  const ours = await Stage.use(async (stage) => {
    const bot = await stage.bot("plain");
    return watch([bot.pid], idle);
  });
  const older = await Stage.use(async (stage) => {
    const { halves } = await stage.older();
    return watch([halves.queue.pid ?? 0, halves.telegram.pid ?? 0], idle);
  });
  const memory = (what: string, of: keyof Memory, most?: number): BenchRow[] => {
    const figure = { what: `idle memory of the bot, ${what}`, unit: "MB", ...(most === undefined ? {} : { most }) };
    return compared(figure, ours.memory[of] / MB, older.memory[of] / MB, 1);
  };
  return [
    ...memory("VmRSS", "resident", MOST_MB),
    ...memory("Pss: what it shares with others divided among them", "share"),
    ...memory("RssAnon: without what it maps of files", "own"),
    ...compared({ what: "nobody writes", unit: "% of a core", most: MOST_CPU_PERCENT }, ours.percent, older.percent),
  ];
}

async function watch(pids: readonly number[], { settleMs, samples, ms }: Sizes["idle"]) {
  await pause(settleMs);
  const [before, since] = [await cpuMs(pids), performance.now()];
  await pause(ms);
  const percent = (((await cpuMs(pids)) - before) / (performance.now() - since)) * 100;
  const seen: Memory[] = [];
  while (seen.length < samples) {
    seen.push(await memoryOf(pids));
    await pause(SAMPLE_MS);
  }
  const least = (of: keyof Memory): number => Math.min(...seen.map((memory) => memory[of]));
  return { percent, memory: { resident: least("resident"), share: least("share"), own: least("own") } };
}
