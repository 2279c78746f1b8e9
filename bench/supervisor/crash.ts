/** From the crash of one worker until what it was is there again. */
import { quantile } from "../bench.ts";
import type { BenchRow } from "../bench.ts";
import type { Program } from "./program.ts";
import { compared } from "./rows.ts";
import type { Sizes } from "./sizes.ts";
import { Stage, bothReady } from "./stage.ts";

/** A worker that crashes eight times before it was healthy ends the bot. */
const CRASHES_A_WORKER = 5;
const MOST_MS = 250;
const WORKERS = ["queue", "telegram"] as const;

export async function crashes({ crashes: count }: Sizes): Promise<BenchRow[]> {
  const ours: number[] = [];
  while (ours.length < count) ours.push(...(await Stage.use((stage) => crashWorkers(stage, count - ours.length))));
  const older = await Stage.use((stage) => crashHalves(stage, count));
  const unit = "ms";
  const what = "a worker crashes → it is ready, beyond the pause before the restart";
  return [
    ...compared({ what: `${what}, p50`, unit }, quantile(ours, 0.5), quantile(older, 0.5)),
    ...compared({ what: `${what}, p99`, unit, most: MOST_MS }, quantile(ours, 0.99), quantile(older, 0.99)),
  ];
}

async function crashWorkers(stage: Stage, most: number): Promise<number[]> {
  const bot = await stage.bot("obeying");
  const sample: number[] = [];
  for (let n = 0; n < Math.min(most, CRASHES_A_WORKER * WORKERS.length); n += 1) {
    sample.push(await crash(bot, WORKERS[n % WORKERS.length] ?? "queue"));
  }
  return sample;
}

/** Without the pause that grows from crash to crash. */
async function crash(bot: Program, worker: (typeof WORKERS)[number]): Promise<number> {
  const [from, at] = [bot.count, Date.now()];
  bot.send({ worker, what: "throw" });
  const ended = await bot.line((line) => line.worker === worker && line.verdict !== undefined, from);
  const ready = await bot.line(({ source, msg }) => source === worker && msg === "ready", from);
  return ready.time - at - (ended.verdict?.delayMs ?? Number.NaN);
}

/** There is no pause in that design; what ends is the whole. */
async function crashHalves(stage: Stage, count: number): Promise<number[]> {
  const started = await stage.older();
  const { program } = started;
  let { halves } = started;
  const sample: number[] = [];
  for (let n = 0; n < count; n += 1) {
    const [from, at] = [program.count, Date.now()];
    process.kill(halves[WORKERS[n % WORKERS.length] ?? "queue"].pid ?? 0, "SIGUSR2");
    halves = await bothReady(program, from);
    sample.push(Math.max(halves.queue.time, halves.telegram.time) - at);
  }
  return sample;
}
