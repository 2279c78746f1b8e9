/**
 * What an operator, Docker or the kernel does to the whole process: killed in the middle of turns, stopped and continued,
 * asked to end. Kills at random moments: 3, with FAULTS=full 100. The process stands still for 15 s, with FAULTS=full 60 s;
 * either is more than any hang is given.
 */
import assert from "node:assert/strict";
import { randomInt } from "node:crypto";
import { describe, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { postedIn, readJsonl } from "../support/bot.ts";
import { eventually, PATIENCE_MS } from "../support/eventually.ts";
import { logOf, namesIn } from "./support/bot.ts";
import { count } from "./support/counts.ts";
import { Ward, type Thread } from "./support/ward.ts";

const timeout = 180_000;
const KILLS = count(3, 100);
/** A kill comes at any time of a turn, which takes two seconds or so. */
const WITHIN_MS = 3_000;
const STILL_MS = count(15_000, 60_000);
/** Who does not show itself in the first seconds after that, while the others look already. */
const DOZERS: readonly (readonly [string, readonly Thread[]])[] = [
  ["its workers are busy", ["queue", "telegram"]],
  ["its main thread is busy", ["main"]],
];
/** The grace of running turns, and the whole that Docker is asked to wait for. */
const GRACE_MS = 20_000;
const EXIT_MS = 25_000;

describe("the bot's process", { concurrency: 3 }, () => {
  test(
    `killed ${KILLS} times at random moments loses no message and answers none twice`,
    { timeout: KILLS * timeout },
    async (t) => {
      const ward = await Ward.open(t);
      const topics = ["One", "Two", "Three"].map((name) => ward.stage.telegram.createTopic(name));
      let said = 0;
      for (let kill = 0; kill < KILLS; kill += 1) {
        const bot = ward.bot();
        await bot.running();
        for (const topic of topics) ward.say(topic, `message ${(said += 1)}`);
        await pause(randomInt(WITHIN_MS));
        bot.kill("SIGKILL");
        await bot.ended;
        // What two kills have struck would be given up: by now nothing waits for the next.
        const next = ward.bot();
        await next.running();
        await Promise.all(topics.map((topic, n) => ward.answered(topic, `message ${said - 2 + n}`)));
        next.kill("SIGKILL");
        await next.ended;
      }
      let repeated = 0;
      for (let n = 1; n <= said; n += 1) {
        const topic = topics[(n - 1) % topics.length] ?? 1;
        const { answers, repeats } = ward.answersTo(topic, `message ${n}`);
        repeated += repeats;
        assert.equal(
          answers - repeats <= 1 && answers >= 1,
          true,
          `message ${n}: ${answers} answers, ${repeats} repeats`,
        );
      }
      t.diagnostic(`${said} messages, ${2 * KILLS} kills, ${repeated} repeated with the word that they may be`);
    },
  );

  for (const [who, dozing] of DOZERS) {
    test(`stopped for ${STILL_MS / 1000} s while ${who} goes on as if nothing had been`, { timeout }, async (t) => {
      const ward = await Ward.open(t);
      const topic = ward.stage.telegram.createTopic("Still");
      const bot = ward.bot();
      const before = await bot.running();
      ward.hold("in work");
      ward.say(topic, "in work");
      await ward.asked("in work");
      await Promise.all(dozing.map((thread) => ward.order(thread, "doze")));
      // Whoever looks each second has seen the last sign of life before the standstill.
      await pause(1_500);
      bot.kill("SIGSTOP");
      ward.say(topic, "meanwhile");
      await pause(STILL_MS);
      bot.kill("SIGCONT");
      const since = Date.now();
      ward.letGo("in work");
      await ward.answered(topic, "in work");
      await ward.answered(topic, "meanwhile");
      // Some looks of whoever would count the standstill.
      const after = await bot.statusWhere("a status of now", ({ timestamp }) => timestamp > since + 6_000);
      assert.deepEqual(after.workers.map(life), before.workers.map(life));
      assert.deepEqual([after.pid, after.state], [before.pid, "running"]);
      const complaints = (await logOf(ward.stage, "supervisor")).filter(({ msg }) =>
        /ended unasked|ending it/.test(msg),
      );
      assert.deepEqual(complaints, []);
      assert.deepEqual([await ward.triesOf("in work"), await ward.triesOf("meanwhile")], [[false], [false]]);
      assert.deepEqual(postedIn(ward.stage, topic), ["re: in work", "re: meanwhile"]);
    });
  }

  test(
    "asked to end polls no more, lets a turn end that does in time, and posts its answer at the next start",
    { timeout },
    async (t) => {
      const ward = await Ward.open(t);
      const topic = ward.stage.telegram.createTopic("In time");
      const bot = ward.bot();
      await bot.running();
      ward.hold("in work");
      ward.say(topic, "in work");
      await ward.asked("in work");
      const asked = performance.now();
      bot.kill("SIGTERM");
      await eventually("a bot that is ending", async () =>
        (await bot.statusWhere("it", () => true)).state === "stopping" ? true : undefined,
      );
      // The poll that waits is given up.
      await ward.stage.telegram.waitFor(
        ({ method, monotonicEndedAt }) => method === "getUpdates" && monotonicEndedAt > asked,
        { timeoutMs: PATIENCE_MS },
      );
      ward.say(topic, "too late");
      await pause(5_000);
      ward.letGo("in work");
      assert.deepEqual(await bot.ended, { code: 0, signal: null });
      const took = performance.now() - asked;
      t.diagnostic(`ended after ${Math.round(took)} ms`);
      assert.ok(took < GRACE_MS, `it waited for no longer than the turn: ${took} ms`);
      const polls = ward.stage.telegram.calls.filter(
        ({ method, monotonicAt, params }) =>
          method === "getUpdates" && monotonicAt > asked && Number(params["timeout"] ?? 0) > 0,
      );
      assert.deepEqual(polls, [], "no poll began after it was asked");
      assert.equal(ward.stage.telegram.pendingUpdates, 1, "what came later is still Telegram's");
      for (const folder of ["incoming", "processing"]) assert.deepEqual(await namesIn(ward.stage, folder), [], folder);
      assert.equal((await namesIn(ward.stage, "outgoing")).length + postedIn(ward.stage, topic).length, 1);
      await ward.bot().running();
      await ward.answered(topic, "too late");
      assert.deepEqual(postedIn(ward.stage, topic), ["re: in work", "re: too late"]);
      assert.deepEqual(await ward.triesOf("in work"), [false], "what was answered is not run again");
    },
  );

  test(
    "asked to end puts a turn back that does not, in its old place, be its agent dead to the world, and ends within 25 s",
    { timeout },
    async (t) => {
      const ward = await Ward.open(t);
      const topics = ["First", "Second"].map((name) => ward.stage.telegram.createTopic(name));
      const bot = ward.bot();
      await bot.running();
      const texts = topics.flatMap((topic, n) => ["a", "b", "c"].map((letter) => ({ topic, text: `${letter}${n}` })));
      for (const { topic, text } of texts) {
        ward.hold(text);
        ward.say(topic, text);
      }
      const running = await eventually("two turns, and four messages behind them", async () => {
        const [inWork, waiting] = await Promise.all([
          namesIn(ward.stage, "processing"),
          namesIn(ward.stage, "incoming"),
        ]);
        return inWork.length === 2 && waiting.length === 4 ? [...inWork, ...waiting].toSorted() : undefined;
      });
      await Promise.all([ward.asked("a0"), ward.asked("a1")]);
      const agents = await bot.statusWhere("two agents", (status) => status.agents.length === 2);
      // It hears neither the interrupt nor SIGTERM.
      process.kill(agents.agents[0]?.pid ?? 0, "SIGSTOP");
      const asked = performance.now();
      bot.kill("SIGTERM");
      assert.deepEqual(await bot.ended, { code: 0, signal: null });
      const took = performance.now() - asked;
      t.diagnostic(`ended after ${Math.round(took)} ms`);
      const tries = (await readJsonl(ward.stage, "queue", "ledger.jsonl")).map(({ event }) => event);
      assert.deepEqual(tries, ["try", "try", "release", "release"], "a stop is no crash of any turn's");
      assert.ok(took >= GRACE_MS - 500 && took <= EXIT_MS, `it ended after ${took} ms`);
      assert.deepEqual(await namesIn(ward.stage, "incoming"), running, "the same files, in the same order");
      assert.deepEqual(await namesIn(ward.stage, "processing"), []);
      for (const { pid } of agents.agents) assert.throws(() => process.kill(pid, 0), { code: "ESRCH" });
      for (const { text } of texts) ward.letGo(text);
      await ward.bot().running();
      for (const { topic, text } of texts) await ward.answered(topic, text);
      for (const [n, topic] of topics.entries()) {
        assert.deepEqual(postedIn(ward.stage, topic), [`re: a${n}`, `re: b${n}`, `re: c${n}`]);
      }
      assert.deepEqual([await ward.triesOf("a0"), await ward.triesOf("b0")], [[false, true], [false]]);
    },
  );

  test("asked a second time ends at once, and the message is answered after the next start", { timeout }, async (t) => {
    const ward = await Ward.open(t);
    const topic = ward.stage.telegram.createTopic("At once");
    const bot = ward.bot();
    await bot.running();
    ward.hold("in work");
    ward.say(topic, "in work");
    await ward.asked("in work");
    bot.kill("SIGTERM");
    await bot.statusWhere("a bot that is ending", ({ state }) => state === "stopping");
    const again = performance.now();
    bot.kill("SIGTERM");
    assert.deepEqual(await bot.ended, { code: 0, signal: null });
    const took = performance.now() - again;
    assert.ok(took < 10_000, `it took ${took} ms`);
    ward.letGo("in work");
    await ward.bot().running();
    await ward.answered(topic, "in work");
    assert.deepEqual(ward.answersTo(topic, "in work"), { answers: 1, repeats: 0 });
  });
});

function life({
  name,
  state,
  startedAt,
  restarts,
}: {
  name: string;
  state: string;
  startedAt: number;
  restarts: number;
}) {
  return { name, state, startedAt, restarts };
}
