/**
 * The queue's worker dies again and again, and then the whole bot, while real agents are at work or at rest: nothing of
 * them is left, and the bot holds no more than before. Every second death is in the middle of commands that have left
 * others running in sessions of their own.
 *
 * Deaths of the worker: 12, with FAULTS=full 100; where agents have a user of their own 4, with FAULTS=full 20, of those
 * also where the bot may not look into that user's processes. Deaths of the bot: 1 each, with FAULTS=full 5.
 */
import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { noConfinement } from "../support/confined.ts";
import { eventually } from "../support/eventually.ts";
import { needsRoot } from "../support/needs.ts";
import type { Bot } from "./support/bot.ts";
import { count } from "./support/counts.ts";
import type { Way } from "./support/deadly.ts";
import { holdingsOf, isLeft, zombiesOf, type Holdings } from "./support/leak-processes.ts";
import { Scene, type SceneOptions } from "./support/leak-scene.ts";

const NOBODY = { uid: 65_534, gid: 65_534 };

interface Variant {
  readonly what: string;
  readonly options: SceneOptions;
  readonly skip: string | false;
  readonly deaths: number;
}

const VARIANTS: readonly Variant[] = [
  { what: "agents of the bot's own user", options: {}, skip: false, deaths: count(12, 100) },
  {
    what: "agents of another user",
    options: { runAs: NOBODY },
    skip: needsRoot("to become another user"),
    deaths: count(4, 20),
  },
  {
    what: "agents of another user, whose processes the bot may not look into",
    options: { runAs: NOBODY, isConfined: true },
    skip: noConfinement,
    deaths: count(4, 20),
  },
];

const WAYS: readonly Way[] = ["exit", "throw", "reject"];
/**
 * Every so many deaths one that the supervisor has to find and to bring about itself, which takes 10 s. In all others the
 * thread's last act is to have its agents ended; here they are known to be left behind by their closed lines alone.
 */
const HANG_EVERY = 25;
/** Deaths after which memory, files and threads have to stay as they are: a part of all. */
const WARM = 0.34;
/** By how much they may grow. */
const FLAT = 0.1;
/** So many measurements have medians worth comparing. */
const ENOUGH = 9;
/** An agent is told to end, and killed 5 s later; then what it has left is looked for. */
const GONE_MS = 8_000;

for (const { what, options, skip, deaths } of VARIANTS) {
  const timeout = 120_000 + deaths * 20_000;

  test(`${deaths} deaths of the worker leave nothing: ${what}`, { timeout, skip }, async (t) => {
    const scene = await Scene.open(t, options);
    const bot = await scene.start();
    const pid = bot.process.pid ?? 0;
    const held: Holdings[] = [];
    const took: { readonly work: number[]; readonly rest: number[] } = { work: [], rest: [] };
    for (let n = 0; n < deaths; n += 1) {
      const way = n % HANG_EVERY === 1 ? "loop" : (WAYS[Math.floor(n / 2) % WAYS.length] ?? "exit");
      const kind = n % 2 === 0 ? "rest" : "work";
      await scene[kind](String(n));
      const old = scene.marked();
      assert.ok(old.length >= scene.topics.length, "there are agents to be left behind");
      // A hang has to be found first.
      const ms = await scene.crash(way);
      if (way !== "loop") took[kind].push(ms);
      await scene.answeredAgain(kind === "work" ? "work" : "wait", String(n));
      assert.deepEqual(scene.sleepers(), [], `after death ${n + 1}`);
      if (kind === "work") held.push(await settled(pid));
    }
    await onlyLive(scene);
    assert.deepEqual(zombiesOf(pid), []);
    assert.equal(scene.startedByWorkers(), 0);
    tell(t, took, held);
    const warm = Math.floor(held.length * WARM);
    steady("open files", held.map(({ files }) => files).slice(warm));
    steady("threads", held.map(({ threads }) => threads).slice(warm));
    // A few figures of memory say nothing.
    if (held.length - warm >= ENOUGH) flat("MiB", held.map(({ mib }) => mib).slice(warm));
    for (const ms of [...took.work, ...took.rest]) assert.ok(ms < GONE_MS, `${ms} ms until the agents were gone`);
    await end(bot);
    assert.deepEqual(scene.left(), []);
  });

  test(`what outlives a killed bot is gone when the next is ready: ${what}`, { timeout, skip }, async (t) => {
    const scene = await Scene.open(t, options);
    let bot = await scene.start();
    for (let n = 0; n < count(1, 5); n += 1) {
      await scene.work(String(n));
      bot.kill("SIGKILL");
      await bot.ended;
      // Agents end by themselves when nobody speaks to them any more.
      await pause(1000);
      const survivors = scene.left();
      assert.ok(scene.sleepers().length > 0, "there is something to be ended");
      const begun = performance.now();
      const left = (): number[] => survivors.filter((pid) => isLeft(pid, 0));
      const gone = eventually("the end of the survivors", () => (left().length === 0 ? performance.now() : undefined));
      bot = await scene.start();
      assert.deepEqual(left(), []);
      const [ready, cleared] = [performance.now() - begun, (await gone) - begun].map(Math.round);
      t.diagnostic(`${survivors.length} outlived the bot; gone ${cleared} ms after its start, ready after ${ready} ms`);
      await scene.answeredAgain("work", String(n));
      await onlyLive(scene);
    }
    assert.deepEqual(zombiesOf(bot.process.pid ?? 0), []);
    await end(bot);
    assert.deepEqual(scene.left(), []);
  });
}

/** What the process holds when nothing is in work: a file that is just being read is no leak. */
async function settled(pid: number): Promise<Holdings> {
  const all: Holdings[] = [];
  for (let n = 0; n < 5; n += 1) {
    await pause(100);
    all.push(holdingsOf(pid));
  }
  const least = (of: (one: Holdings) => number): number => Math.min(...all.map(of));
  return { files: least((one) => one.files), threads: least((one) => one.threads), mib: least((one) => one.mib) };
}

/** The agents that the bot knows of are all there is of its agents. */
async function onlyLive(scene: Scene): Promise<void> {
  let marked: number[] = [];
  let live: number[] = [];
  await eventually("a status that names the agents", async () => {
    marked = scene
      .marked()
      .map(({ pid }) => pid)
      .toSorted((a, b) => a - b);
    live = await scene.live();
    return marked.join() === live.join() && live.length > 0 ? true : undefined;
  }).catch(() => undefined);
  assert.deepEqual(marked, live);
}

/** What each death leaves behind is one more for each: where there are enough measurements, by medians. */
function steady(what: string, values: readonly number[]): void {
  if (values.length >= ENOUGH) {
    flat(what, values);
    return;
  }
  const [first = Number.NaN, last = Number.NaN] = [values[0], values.at(-1)];
  // One at work and one at rest between two measurements.
  const deaths = 2 * (values.length - 1);
  assert.ok(deaths > 0, "there is something to compare");
  assert.ok(last - first < deaths, `${what}: ${values.join(", ")} in ${deaths} deaths`);
}

/** By medians, for memory goes up and down with each collection of garbage; to hold less is no leak. */
function flat(what: string, values: readonly number[]): void {
  const some = Math.max(1, Math.floor(values.length / 3));
  const [first, last] = [median(values.slice(0, some)), median(values.slice(-some))];
  assert.ok(last <= first * (1 + FLAT), `${what}: ${first} after the first deaths, ${last} after the last`);
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

async function end(bot: Bot): Promise<void> {
  bot.kill("SIGTERM");
  assert.deepEqual(await bot.ended, { code: 0, signal: null });
}

function tell(t: TestContext, took: { work: readonly number[]; rest: readonly number[] }, held: Holdings[]): void {
  for (const [kind, ms] of Object.entries(took)) {
    const told = `median ${median(ms)} ms, at the most ${Math.max(...ms)} ms (${ms.length})`;
    t.diagnostic(`nothing left after a death at ${kind}: ${told}`);
  }
  const row = (of: (one: Holdings) => number): string => held.map(of).join(" ");
  t.diagnostic(`open files: ${row((one) => one.files)}`);
  t.diagnostic(`threads: ${row((one) => one.threads)}`);
  t.diagnostic(`MiB: ${row((one) => one.mib)}`);
}
