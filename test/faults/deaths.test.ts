/**
 * Each way to die of a worker thread, in the real bot: the supervisor brings it back, its sibling notices nothing, and what
 * it was at work on is answered. Rounds of each way: 1, with FAULTS=full 5. A message that is cut off twice: by 2 of the
 * ways, with FAULTS=full by all. The poll that never ends takes 95 s: with FAULTS=full alone.
 */
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { postedIn, readJsonl, waitForPost } from "../support/bot.ts";
import { eventually } from "../support/eventually.ts";
import { logOf, namesIn, workerIn, type LogLine, type WorkerStatus } from "./support/bot.ts";
import { count, isFull } from "./support/counts.ts";
import type { Way } from "./support/deadly.ts";
import { Ward, type Thread } from "./support/ward.ts";

const timeout = 180_000;
const ROUNDS = count(1, 5);
/** How many tests run side by side. */
const ABREAST = 3;

interface Death {
  readonly way: Way;
  readonly what: string;
  readonly lastError: RegExp;
  /** From the deed to its being known, ms. */
  readonly known: { readonly from: number; readonly to: number };
}

/** A loaded machine is late with each of its looks; how late a quiet one is, the benchmark says. */
const SOON = { from: 0, to: 20_000 };
/** V8 collects garbage at length before it gives up half a gigabyte. */
const HEAP = { from: 0, to: 20_000 };
const STALL = { from: 8_500, to: 20_000 };

const DEATHS: readonly Death[] = [
  { way: "throw", what: "a throw that nobody catches", lastError: /^internal: ordered to throw$/, known: SOON },
  { way: "reject", what: "a rejection that nobody handles", lastError: /^internal: ordered to reject$/, known: SOON },
  { way: "exit", what: "process.exit", lastError: /^ended with status 9$/, known: SOON },
  { way: "objects", what: "a full heap", lastError: /reaching memory limit/, known: HEAP },
  { way: "loop", what: "a loop without end", lastError: /^no beat for 10 s$/, known: STALL },
  { way: "wait", what: "an Atomics.wait without end", lastError: /^no beat for 10 s$/, known: STALL },
];

/** From the poll that hangs to its being known. */
const POLL_MS = { from: 85_000, to: 95_000 };

/** The first restart comes after 100 ms ± 20 %. */
const PAUSE = { from: 80, to: 120 };
/** From the pause's end to the start of the thread: a machine under load. */
const LATE_MS = 20_000;

const found = new Map<string, number[]>();
after(() => {
  for (const [what, times] of found) process.stdout.write(`# ${what}: known after ${times.join(", ")} ms\n`);
});

describe("a worker that dies", { concurrency: ABREAST }, () => {
  for (const death of DEATHS) {
    test(
      `by ${death.what}, is back, and what was in work is answered once`,
      { timeout: timeout * ROUNDS },
      async (t) => {
        for (let round = 0; round < ROUNDS; round += 1) {
          const ward = await Ward.open(t);
          const bot = ward.bot();
          await bot.running();
          await inTurn(ward, death);
          await inPost(ward, death);
          const status = await bot.running();
          assert.deepEqual(
            status.workers.map(({ name, restarts }) => [name, restarts]),
            [
              ["queue", 1],
              ["telegram", 1],
            ],
          );
          assert.equal(bot.hasEnded, false);
          await ward.close();
        }
      },
    );
  }

  /** The queue's worker dies while an agent works. */
  async function inTurn(ward: Ward, death: Death): Promise<void> {
    const topic = ward.stage.telegram.createTopic("In a turn");
    ward.hold("one");
    ward.say(topic, "one");
    await ward.asked("one");
    await diesAlone(ward, "queue", "telegram", death);
    await ward.asked("one", 2);
    ward.letGo("one");
    await ward.answered(topic, "one");
    assert.deepEqual(await ward.triesOf("one"), [false, true], "the second try's agent is told of the first");
    assert.deepEqual(ward.answersTo(topic, "one"), { answers: 1, repeats: 0 });
  }

  /** Telegram's worker dies while an answer is on its way, and another message comes when it is gone. */
  async function inPost(ward: Ward, death: Death): Promise<void> {
    const topic = ward.stage.telegram.createTopic("In a post");
    const posting = ward.swallow("sendMessage");
    ward.say(topic, "two");
    await posting;
    await diesAlone(ward, "telegram", "queue", death, () => ward.say(topic, "three"));
    await ward.answered(topic, "two");
    await ward.answered(topic, "three");
    // The call may have had its effect, for all that the bot can know.
    assert.deepEqual(ward.answersTo(topic, "two"), { answers: 1, repeats: 1 });
    assert.deepEqual(ward.answersTo(topic, "three"), { answers: 1, repeats: 0 });
    assert.deepEqual([await ward.triesOf("two"), await ward.triesOf("three")], [[false], [false]]);
  }

  test(
    "twice in the turn of one message gives that up, tells its topic, and goes on with the next",
    {
      timeout: timeout * DEATHS.length,
    },
    async (t) => {
      for (const death of isFull ? DEATHS : DEATHS.slice(0, 2)) await twice(t, death);
    },
  );

  async function twice(t: Parameters<typeof Ward.open>[0], death: Death): Promise<void> {
    const ward = await Ward.open(t);
    const bot = ward.bot();
    await bot.running();
    const topic = ward.stage.telegram.createTopic("Twice");
    ward.hold("deadly");
    ward.say(topic, "deadly");
    ward.say(topic, "harmless");
    await ward.asked("deadly");
    await ward.order("queue", death.way);
    await ward.asked("deadly", 2);
    await ward.order("queue", death.way);
    await waitForPost(ward.stage, topic, /^⚠️ TinyClaw was killed 2 times while it worked on this message/);
    await ward.answered(topic, "harmless");
    assert.equal((await namesIn(ward.stage, "dead-letter")).length, 1);
    assert.equal(postedIn(ward.stage, topic).length, 2, "told once, and answered once");
    assert.deepEqual(await ward.triesOf("deadly"), [false, true]);
    await ward.close();
  }

  test(
    "a turn that never ends is ended at its deadline and tried again, by the same worker",
    { timeout },
    async (t) => {
      const ward = await Ward.open(t);
      const bot = ward.bot();
      const before = await bot.running();
      const settings = join(ward.stage.dir, "settings.json");
      const topic = ward.stage.telegram.createTopic("Never ends");
      // The agent's start takes its time too.
      ward.say(topic, "begin");
      await ward.answered(topic, "begin");
      await writeFile(settings, JSON.stringify({ turnDeadlineMinutes: 0.05 }));
      ward.hold("stuck");
      ward.say(topic, "stuck");
      await ward.asked("stuck");
      // The second turn is not to end so: only its first is stuck.
      await writeFile(settings, JSON.stringify({ turnDeadlineMinutes: 60 }));
      await ward.asked("stuck", 2);
      ward.letGo("stuck");
      await ward.answered(topic, "stuck");
      assert.deepEqual(await ward.triesOf("stuck"), [false, true]);
      assert.deepEqual(ward.answersTo(topic, "stuck"), { answers: 1, repeats: 0 });
      const ends = (await readJsonl(ward.stage, "activity.jsonl")).filter(({ detail }) => detail === "aborted");
      const ms = Number(ends[0]?.["ms"]);
      assert.ok(ms >= 1_000 && ms < 20_000, `ended after ${ms} ms`);
      assert.deepEqual(lives(await bot.running()), lives(before));
    },
  );

  const pollSkip = isFull ? false : "takes 95 s: run it with FAULTS=full";
  test("a poll that never ends has its worker started anew within 95 s", { timeout, skip: pollSkip }, async (t) => {
    const ward = await Ward.open(t);
    const topic = ward.stage.telegram.createTopic("No poll");
    const bot = ward.bot();
    const before = await bot.running();
    await ward.stage.telegram.waitForPoll({ timeoutMs: 30_000 });
    await ward.order("telegram", "deaf");
    const hanging = ward.swallow("getUpdates");
    // Ends the poll that waits; the next one is the one that hangs.
    ward.say(topic, "first");
    await hanging;
    const since = Date.now();
    await ward.answered(topic, "first");
    ward.say(topic, "second");
    // Not before, and longer than anything else here is waited for.
    await pause(POLL_MS.from);
    assert.deepEqual(await deaths(ward), []);
    const [end] = await deathsOf(ward, 1);
    assert.equal(end.verdict?.action, "restart");
    const took = end.time - since;
    note("a poll that never ends", took);
    assert.ok(took <= POLL_MS.to, `found after ${took} ms`);
    await ward.answered(topic, "second");
    const status = await bot.running();
    assert.equal(workerIn(status, "telegram").lastError, "no poll ended for 90 s");
    assert.deepEqual(workerIn(status, "queue").startedAt, workerIn(before, "queue").startedAt);
  });
});

/** Orders a death and holds the bot to all that is to come of it; `meanwhile` is done when the worker is dying. */
async function diesAlone(
  ward: Ward,
  thread: Exclude<Thread, "main">,
  sibling: Exclude<Thread, "main">,
  { way, what, lastError, known }: Death,
  meanwhile: () => void = () => undefined,
): Promise<void> {
  const bot = ward.current;
  const before = await bot.running();
  const earlier = (await deaths(ward)).length;
  const at = await ward.order(thread, way);
  meanwhile();
  const ends = await deathsOf(ward, earlier + 1);
  const end = ends[earlier] as LogLine;
  note(`${what}, ${thread}`, end.time - at);
  assert.ok(end.time - at >= known.from && end.time - at <= known.to, `known after ${end.time - at} ms`);
  assert.deepEqual([end.verdict?.action, end.verdict?.failures], ["restart", 1]);
  const pause = end.verdict?.delayMs ?? 0;
  assert.ok(pause >= PAUSE.from && pause <= PAUSE.to, `a pause of ${pause} ms`);
  const status = await bot.statusWhere(`the ${thread} worker again`, (now) => {
    const worker = workerIn(now, thread);
    return worker.state === "running" && worker.restarts > workerIn(before, thread).restarts;
  });
  const again = workerIn(status, thread);
  assert.match(again.lastError ?? "", lastError);
  const paused = again.startedAt - end.time;
  assert.ok(paused >= pause - 20 && paused <= pause + LATE_MS, `started ${paused} ms after its end`);
  assert.deepEqual(lives(status, sibling), lives(before, sibling), "the sibling lives on");
  assert.equal(status.pid, before.pid);
}

/** By what a life of a worker is known from another. */
function lives({ workers }: { readonly workers: readonly WorkerStatus[] }, name?: string): unknown[] {
  const wanted = workers.filter((worker) => name === undefined || worker.name === name);
  return wanted.map(({ name, state, startedAt, restarts }) => ({ name, state, startedAt, restarts }));
}

async function deaths(ward: Ward): Promise<LogLine[]> {
  return (await logOf(ward.stage, "supervisor")).filter(({ msg }) => msg === "a worker ended unasked");
}

/** The first deaths of workers that the supervisor knows of, when there are so many. */
async function deathsOf(ward: Ward, atLeast: number): Promise<[LogLine, ...LogLine[]]> {
  return eventually(`death ${atLeast} of a worker`, async () => {
    const lines = await deaths(ward);
    return lines.length >= atLeast ? (lines as [LogLine, ...LogLine[]]) : undefined;
  });
}

function note(what: string, ms: number): void {
  found.set(what, [...(found.get(what) ?? []), Math.round(ms)]);
}
