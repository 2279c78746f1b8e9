/**
 * The whole bot is killed at random while people talk to it over a Telegram that drops, delays, repeats and refuses. Kills:
 * 50, with FAULTS=full 1000, or FAULTS_KILLS; FAULTS_SEED brings the same choices again, though not the same machine.
 */
import assert from "node:assert/strict";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { readdir, watch } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { eventually } from "../support/eventually.ts";
import type { Bot } from "./support/bot.ts";
import { count } from "./support/counts.ts";
import { Chance } from "./support/kill-loop-chance.ts";
import { Talk } from "./support/kill-loop-talk.ts";
import { trouble } from "./support/kill-loop-trouble.ts";
import { Ward } from "./support/ward.ts";

const KILLS = Number(process.env["FAULTS_KILLS"] ?? count(50, 1000));
const SEED = Number(process.env["FAULTS_SEED"] ?? Math.floor(Math.random() * 2 ** 32));
/** A kill's share of the time, on a loaded machine. */
const KILL_MS = 15_000;
const timeout = 300_000 + KILLS * KILL_MS;
/** Of the lives, those that end before their bot has done much; no more, or messages are soon in work at two ends. */
const KILLED_EARLY = 0.3;
const EARLY_MS = 1000;
const WORKER_DIES = 0.12;
const IS_ENDED = 0.12;
const WITHIN_MS = 60;
const SHOWN = 20;
const MOMENTS = [
  "any",
  "Claude has answered",
  "an answer is stored",
  "a post is there",
  "an update is fetched",
] as const;

test("a bot that is killed at random answers every message once, in order", { timeout }, async (t) => {
  t.diagnostic(`FAULTS_SEED=${SEED}`);
  const ward = await Ward.open(t);
  const { telegram, claude } = ward.stage;
  const [chance, calls] = [new Chance(SEED), new Chance(SEED + 1)];
  const struck = trouble(telegram, calls);
  const talk = new Talk(ward, new Chance(SEED + 2));
  t.after(() => talk.stop());
  const began = performance.now();
  const deaths = { kills: 0, early: 0, workers: 0, ends: 0 };
  /** In work at the last kill: they are to end before the next that can strike their turns. */
  let hit: number[] = [];

  while (deaths.kills < KILLS) {
    const bot = ward.bot();
    if (chance.happens(KILLED_EARLY)) {
      await pause(chance.below(EARLY_MS));
      deaths.early += 1;
    } else {
      await bot.running();
      await talk.ended(hit, () => !bot.hasEnded);
      if (chance.happens(WORKER_DIES)) await workerDies(bot);
      await momentOf(chance.of(MOMENTS));
      hit = talk.open();
    }
    await end(bot);
    await talk.lookAtAnswers();
  }

  talk.stop();
  telegram.clearOrders();
  const bot = ward.bot();
  await bot.running();
  for (let open = talk.open(); open.length > 0; open = open.slice(5)) await talk.ended(open.slice(0, 5), () => true);
  await eventually("an empty queue", async () => {
    const left = await leftIn("incoming", "processing", "outgoing", "tmp");
    return (left.length === 0 && telegram.pendingUpdates === 0) || undefined;
  });
  bot.kill("SIGTERM");
  assert.deepEqual(await bot.ended, { code: 0, signal: null });
  const { faults, repeats, dead } = await talk.judge();
  t.diagnostic(
    `${deaths.kills} kills and ${deaths.ends} ends by SIGTERM, ${deaths.early} of these at a start, ${deaths.workers} deaths of a worker, ` +
      `${struck()} calls struck, ${talk.comeAgain} updates twice: ${talk.count} messages, ${repeats} marked repeats, ` +
      `${dead} dead letters, ${Math.round((performance.now() - began) / 1000)} s`,
  );
  assert.deepEqual(faults.slice(0, SHOWN), []);
  assert.deepEqual(await leftIn("corrupt"), []);
  assert.ok(talk.count >= KILLS, "there was something to be killed at");

  async function end(bot: Bot): Promise<void> {
    assert.equal(bot.hasEnded, false, `the bot ended by itself: ${bot.stderr}`);
    const isAsked = chance.happens(IS_ENDED);
    bot.kill(isAsked ? "SIGTERM" : "SIGKILL");
    await bot.ended;
    deaths[isAsked ? "ends" : "kills"] += 1;
  }

  /** The others go on, and it comes back. */
  async function workerDies(bot: Bot): Promise<void> {
    const thread = chance.of(["queue", "telegram"] as const);
    await momentOf(chance.of(MOMENTS));
    const open = talk.open();
    await ward.order(thread, chance.of(["exit", "throw"] as const));
    deaths.workers += 1;
    await bot.statusWhere(`the ${thread} worker back`, ({ workers }) =>
      workers.some(({ name, state, restarts }) => name === thread && restarts > 0 && state === "running"),
    );
    await talk.ended(open, () => !bot.hasEnded);
  }

  /** Up to the moment, or 1.5 s when it does not come. */
  async function momentOf(moment: (typeof MOMENTS)[number]): Promise<void> {
    const signal = AbortSignal.timeout(1500);
    const within = chance.below(WITHIN_MS);
    const came = {
      any: () => pause(chance.below(1500), undefined, { signal }),
      "Claude has answered": () => once(claude, "answered", { signal }).then(() => pause(within)),
      // The next steps of the bot take milliseconds.
      "an answer is stored": () => stored(signal),
      "a post is there": () => once(telegram, "message", { signal }).then(() => pause(within)),
      "an update is fetched": () => once(telegram, "poll", { signal }).then(() => pause(within)),
    };
    await came[moment]().catch(() => undefined);
  }

  async function stored(signal: AbortSignal): Promise<void> {
    const folder = join(ward.stage.dir, "queue", "outgoing");
    for await (const { filename } of watch(folder, { signal })) {
      if (filename !== null && existsSync(join(folder, filename))) return;
    }
  }

  async function leftIn(...folders: readonly string[]): Promise<string[]> {
    return (await Promise.all(folders.map((folder) => readdir(join(ward.stage.dir, "queue", folder))))).flat();
  }
});
