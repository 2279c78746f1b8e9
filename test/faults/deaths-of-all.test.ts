/**
 * Each way to die that takes the whole process with it, in the real bot: a new start, as Docker makes one, finds all that
 * was in work, and what was in work at two deaths is given up. Rounds of each way: 1, with FAULTS=full 5.
 */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { postedIn, waitForPost } from "../support/bot.ts";
import { eventually } from "../support/eventually.ts";
import { namesIn } from "./support/bot.ts";
import type { Bot, End } from "./support/bot.ts";
import { count } from "./support/counts.ts";
import type { Way } from "./support/deadly.ts";
import { Ward, type Thread } from "./support/ward.ts";

const timeout = 180_000;
const ROUNDS = count(1, 5);
const ABREAST = 2;

interface Death {
  readonly thread: Thread;
  readonly way: Way;
  readonly what: string;
  readonly end: End;
  /** Standard error of the end. */
  readonly says: RegExp;
  /** From the deed to the end, ms. */
  readonly from: number;
  readonly to: number;
}

const ABORT = { end: { code: null, signal: "SIGABRT" }, says: /^/, from: 0, to: 20_000 } as const;
/** V8 says so and calls abort(3). A core may be written meanwhile. */
const HEAP = { end: { code: null, signal: "SIGABRT" }, says: /FATAL ERROR|Fatal/, from: 0, to: 60_000 } as const;
const HANGS = {
  end: { code: null, signal: "SIGKILL" },
  says: /the main thread has hung for 10 s/,
  from: 8_500,
  // Each of its looks may be late on a loaded machine; how late on a quiet one, the benchmark says.
  to: 20_000,
} as const;

/** Nobody catches it: the bot says what it was, and ends itself. */
const FAULT = {
  end: { code: 70, signal: null },
  says: /^The bot ended on a fault: .*ordered to/,
  from: 0,
  to: 20_000,
} as const;

const DEATHS: readonly Death[] = [
  { thread: "queue", way: "abort", what: "an abort in native code of the queue's worker", ...ABORT },
  { thread: "telegram", way: "abort", what: "an abort in native code of Telegram's worker", ...ABORT },
  { thread: "main", way: "abort", what: "an abort in native code of the main thread", ...ABORT },
  { thread: "queue", way: "arrays", what: "huge arrays in the heap of the queue's worker", ...HEAP },
  { thread: "telegram", way: "arrays", what: "huge arrays in the heap of Telegram's worker", ...HEAP },
  { thread: "main", way: "throw", what: "a throw in the main thread", ...FAULT },
  { thread: "main", way: "reject", what: "a rejection in the main thread", ...FAULT },
  { thread: "main", way: "loop", what: "a main thread that hangs", ...HANGS },
];

describe("a bot whose process dies", { concurrency: ABREAST }, () => {
  for (const death of DEATHS) {
    test(
      `of ${death.what} answers at its next start what was in work, once`,
      { timeout: timeout * ROUNDS },
      async (t) => {
        for (let round = 0; round < ROUNDS; round += 1) await dieAndComeBack(t, death);
      },
    );
  }

  async function dieAndComeBack(t: Parameters<typeof Ward.open>[0], death: Death): Promise<void> {
    const ward = await Ward.open(t);
    const bot = ward.bot();
    await bot.running();
    const [turn, post] = ["In a turn", "In a post"].map((name) => ward.stage.telegram.createTopic(name));
    assert.ok(turn !== undefined && post !== undefined);
    const posting = ward.swallow("sendMessage");
    ward.say(post, "posted");
    await posting;
    ward.hold("cut off");
    ward.say(turn, "cut off");
    ward.say(turn, "behind");
    await ward.asked("cut off");
    const took = await dies(ward, bot, death);
    t.diagnostic(`${death.what}: over after ${took} ms`);
    ward.say(turn, "meanwhile");
    ward.letGo("cut off");
    await ward.bot().running();
    await ward.answered(post, "posted");
    await ward.answered(turn, "meanwhile");
    assert.deepEqual(ward.answersTo(post, "posted"), { answers: 1, repeats: 1 });
    assert.deepEqual(
      postedIn(ward.stage, turn),
      ["cut off", "behind", "meanwhile"].map((text) => `re: ${text}`),
    );
    assert.deepEqual(await ward.triesOf("cut off"), [false, true], "the second try's agent is told of the first");
    assert.deepEqual(await ward.triesOf("posted"), [false], "what was answered is not run again");
    await eventually("an end of all work", async () => {
      const left = await Promise.all(
        ["incoming", "processing", "outgoing"].map((folder) => namesIn(ward.stage, folder)),
      );
      return left.flat().length === 0 ? true : undefined;
    });
    for (const folder of ["dead-letter", "corrupt"]) assert.deepEqual(await namesIn(ward.stage, folder), [], folder);
    await ward.close();
  }

  test(
    "twice in the turn of one message gives that up, tells its topic, and goes on with the next",
    { timeout },
    async (t) => {
      const ward = await Ward.open(t);
      const topic = ward.stage.telegram.createTopic("Twice");
      ward.hold("deadly");
      ward.say(topic, "deadly");
      ward.say(topic, "harmless");
      for (const nth of [1, 2]) {
        const bot = ward.bot();
        await bot.running();
        await ward.asked("deadly", nth);
        await ward.order("queue", "abort");
        assert.deepEqual(await bot.ended, { code: null, signal: "SIGABRT" });
      }
      await ward.bot().running();
      await waitForPost(ward.stage, topic, /^⚠️ TinyClaw was killed 2 times while it worked on this message/);
      await ward.answered(topic, "harmless");
      assert.equal(postedIn(ward.stage, topic).length, 2, "told once, and answered once");
      assert.equal((await namesIn(ward.stage, "dead-letter")).length, 1);
      assert.deepEqual(await ward.triesOf("deadly"), [false, true]);
    },
  );
});

/** Orders the death; resolves with the time it took, ms. */
async function dies(ward: Ward, bot: Bot, { thread, way, end, says, from, to }: Death): Promise<number> {
  const at = await ward.order(thread, way);
  assert.deepEqual(await bot.ended, end);
  const took = Date.now() - at;
  assert.match(bot.stderr, says);
  assert.ok(took >= from && took <= to, `it took ${took} ms`);
  return took;
}
