/** Workers that hang: until that is found, and until they are gone. The older design finds none of it. */
import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { BeatBlock } from "../../src/core/beat.ts";
import { CHANNEL_VERSION } from "../../src/core/channel/protocol.ts";
import { prepareQueue } from "../../src/core/queue/file-queue.ts";
import type { WorkerData } from "../../src/core/worker-data.ts";
import { MANIFEST } from "../../src/supervisor/manifest.ts";
import { quantile } from "../bench.ts";
import type { BenchRow } from "../bench.ts";
import type { Program } from "./program.ts";
import { row } from "./rows.ts";
import type { Sizes } from "./sizes.ts";
import { Stage } from "./stage.ts";

const MOST_LOOP_S = 12;
const MOST_POLL_S = 95;
const MOST_END_MS = 50;
/** For a Telegram that never answers. */
const FOR_EVER_MS = 3_600_000;

interface Found {
  /** ms. */
  readonly after: number;
  /** From the order to end it to its end, ms. */
  readonly end: number;
}

export async function stalls({ loops, polls }: Sizes): Promise<BenchRow[]> {
  const { looping, polling } = await Stage.use(async (stage) => {
    const bot = await stage.bot("obeying");
    const polling = polls ? hangPolls(stage, bot) : undefined;
    const looping: Found[] = [];
    for (let n = 0; n < loops; n += 1) looping.push(await loop(bot));
    return { looping, polling: await polling };
  });
  const longest = Math.max(...looping.map(({ after }) => after)) / 1000;
  const ends = [...looping, ...(polling === undefined ? [] : [polling])].map(({ end }) => end);
  return [
    row({ what: `a worker loops for ever → found, longest of ${loops}`, unit: "s", most: MOST_LOOP_S }, longest),
    ...(polling === undefined
      ? []
      : [row({ what: "polls of Telegram hang → found", unit: "s", most: MOST_POLL_S }, polling.after / 1000)]),
    row(
      { what: `one that hangs is told to end → gone, longest of ${ends.length}`, unit: "ms", most: MOST_END_MS },
      Math.max(...ends),
    ),
  ];
}

async function loop(bot: Program): Promise<Found> {
  const [from, at] = [bot.count, Date.now()];
  bot.send({ worker: "queue", what: "loop" });
  const found = await endOf(bot, "queue", at, from);
  await bot.line(({ source, msg }) => source === "queue" && msg === "ready", from);
  return found;
}

async function hangPolls(stage: Stage, bot: Program): Promise<Found> {
  const { telegram } = stage;
  const from = bot.count;
  bot.send({ worker: "telegram", what: "hang" });
  // A poll that had begun before would still end by the worker's own patience.
  await bot.line(({ source, msg }) => source === "telegram" && msg === "as ordered", from);
  const lift = telegram.order({ method: "getUpdates", times: Infinity, fault: { kind: "delay", ms: FOR_EVER_MS } });
  const after = telegram.calls.at(-1)?.index ?? -1;
  // Ends the poll that waits, by what it brings.
  telegram.createTopic("bench");
  await telegram.waitFor((call) => call.method === "getUpdates" && call.status === 200, { after });
  const found = await endOf(bot, "telegram", Date.now(), from);
  lift();
  return found;
}

async function endOf(bot: Program, worker: string, since: number, from: number): Promise<Found> {
  const told = await bot.line((line) => line.worker === worker && line.msg.endsWith(": ending it"), from);
  const gone = await bot.line((line) => line.worker === worker && line.verdict !== undefined, from);
  return { after: told.time - since, end: gone.time - told.time };
}

/** Workers without work, started and ended by themselves. */
export async function ends({ ends: count }: Sizes): Promise<BenchRow[]> {
  const sample = await Stage.use(async (stage) => {
    const sequence = await prepareQueue(`${stage.environment["TINYCLAW_DIR"]}/queue`);
    const times: number[] = [];
    for (let n = 0; n < count; n += 1) {
      const spec = MANIFEST[n % MANIFEST.length];
      if (spec === undefined) continue;
      const data: WorkerData = { name: spec.name, beat: new BeatBlock().buffer, sequence };
      const env = { ...spec.environment(stage.environment), LOG_LEVEL: "fatal" };
      const worker = new Worker(spec.entry, { env, workerData: data });
      worker.postMessage({ v: CHANNEL_VERSION, name: "begin", data: {} });
      await once(worker, "message");
      const since = performance.now();
      await worker.terminate();
      times.push(performance.now() - since);
    }
    return times;
  });
  const what = `a worker is told to end → gone, p99 of ${count}`;
  return [row({ what, unit: "ms", most: MOST_END_MS }, quantile(sample, 0.99))];
}
