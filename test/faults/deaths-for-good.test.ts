/**
 * Faults that no new start mends: a worker that dies at each start, a bad variable, a token that Telegram refuses while the
 * bot runs. Each once; there is no larger count.
 */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { describe, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { send } from "../../src/cli/send.ts";
import { eventually } from "../support/eventually.ts";
import { logOf, namesIn, readStatus, workerIn } from "./support/bot.ts";
import type { Bot } from "./support/bot.ts";
import { Ward } from "./support/ward.ts";

const timeout = 120_000;
const PROGRAM = fileURLToPath(new URL("../../src/supervisor/main.js", import.meta.url));

/** 100 ms, doubled six times: seven pauses, each ± 20 %, between eight starts. */
const PAUSES_MS = { from: 12_700 * 0.8, to: 12_700 * 1.2 };
/** Eight starts of a thread on a loaded machine. */
const STARTS_MS = 20_000;

describe("a fault that no new start mends", { concurrency: true }, () => {
  test(
    "the queue's worker dying at its first eight starts ends the bot with 70, and says of what",
    { timeout },
    async (t) => {
      const ward = await Ward.open(t);
      await ward.atEachStart("queue", "throw");
      const bot = ward.bot();
      await givesUp(ward, bot);
      const status = await readStatus(ward.stage);
      assert.equal(status?.state, "gave-up");
      assert.deepEqual(
        status.workers.map(({ name, state, restarts }) => [name, state, restarts]),
        [
          ["queue", "stopped", 7],
          ["telegram", "stopped", 0],
        ],
      );
      assert.match(workerIn(status, "queue").lastError ?? "", /ordered to throw/);
    },
  );

  test(
    "one that dies once it ran, and then at each start, leaves its sibling to end in order",
    { timeout },
    async (t) => {
      const ward = await Ward.open(t);
      const topic = ward.stage.telegram.createTopic("Before");
      const bot = ward.bot();
      await bot.running();
      ward.say(topic, "hello");
      await ward.answered(topic, "hello");
      await ward.atEachStart("telegram", "throw");
      await ward.order("telegram", "throw");
      await send(ward.stage.dir, { threadId: topic, message: "in its last seconds" });
      await givesUp(ward, bot);
      const telegram = await readStatus(ward.stage);
      assert.ok(telegram !== undefined);
      assert.match(workerIn(telegram, "telegram").lastError ?? "", /ordered to throw/);
      const queue = (await logOf(ward.stage, "queue")).at(-1);
      const supervisor = (await logOf(ward.stage, "supervisor")).at(-1);
      assert.deepEqual([queue?.msg, supervisor?.msg], ["stopped", "ended"]);
      assert.ok((queue?.time ?? 0) <= (supervisor?.time ?? 0), "the supervisor is the last to end");
      // What the sibling did meanwhile is kept for the next start.
      assert.deepEqual(await namesIn(ward.stage, "processing"), []);
      assert.ok((await namesIn(ward.stage, "outgoing")).length > 0);
    },
  );

  test("a bad variable ends the start with 125 and one line, before anything runs", { timeout }, async (t) => {
    const ward = await Ward.open(t);
    const bot = ward.bot({ environment: { TELEGRAM_CHAT_ID: "my-group" } });
    assert.deepEqual(await bot.ended, { code: 125, signal: null });
    assert.match(bot.stderr, /^TELEGRAM_CHAT_ID [^\n]+\n$/);
    assert.equal(bot.stdout, "");
    assert.equal(await readStatus(ward.stage), undefined);
  });

  test(
    "a token that Telegram refuses leaves that worker failed, the bot up and ill, and nobody asking again",
    { timeout },
    async (t) => {
      const ward = await Ward.open(t);
      const bot = ward.bot();
      const before = await bot.running();
      assert.deepEqual(check(ward), { status: 0, stdout: "the bot is running\n" });
      await ward.stage.telegram.waitForPoll({ timeoutMs: 30_000 });
      ward.stage.telegram.order({ method: "*", fault: { kind: "status", code: 401 }, times: Infinity });
      // Ends the poll that waits.
      ward.say(1, "ends the poll");
      const failed = await bot.statusWhere(
        "a worker that failed",
        (status) => workerIn(status, "telegram").state === "failed",
      );
      assert.match(workerIn(failed, "telegram").lastError ?? "", /^telegram_unauthorized: /);
      const asked = ward.stage.telegram.calls.length;
      const id = await send(ward.stage.dir, { threadId: 1, message: "still there?" });
      await ward.asked("still there?");
      await eventually("the answer that waits", async () =>
        (await namesIn(ward.stage, "outgoing")).some((name) => name.includes(id)) ? true : undefined,
      );
      await pause(3_000);
      assert.equal(ward.stage.telegram.calls.length, asked, "Telegram is left alone");
      const now = await bot.statusWhere("the bot that stays up", () => true);
      assert.deepEqual(
        now.workers.map(({ name, state, restarts }) => [name, state, restarts]),
        [
          ["queue", "running", 0],
          ["telegram", "failed", 0],
        ],
      );
      assert.deepEqual([now.state, now.pid], ["running", before.pid]);
      const ill = check(ward);
      assert.equal(ill.status, 1);
      assert.match(ill.stdout, /^worker telegram failed for good: telegram_unauthorized: [^\n]+\n$/);
      bot.kill("SIGTERM");
      assert.deepEqual(await bot.ended, { code: 0, signal: null });
    },
  );
});

/** Holds a bot whose worker dies at each start to its end: eight deaths, growing pauses, 70, the last error. */
async function givesUp(ward: Ward, bot: Bot): Promise<void> {
  assert.deepEqual(await bot.ended, { code: 70, signal: null });
  const ends = (await logOf(ward.stage, "supervisor")).filter(({ msg }) => msg === "a worker ended unasked");
  const verdicts = ends.map(({ verdict }) => verdict?.action);
  // One that was up for less than 30 s counts too.
  assert.deepEqual(verdicts, [...Array.from({ length: 7 }, () => "restart"), "give-up"]);
  const paused = ends.reduce((sum, { verdict }) => sum + (verdict?.delayMs ?? 0), 0);
  assert.ok(paused >= PAUSES_MS.from && paused <= PAUSES_MS.to, `pauses of ${paused} ms`);
  const took = (ends.at(-1)?.time ?? 0) - (ends[0]?.time ?? 0);
  assert.ok(took >= PAUSES_MS.from && took <= PAUSES_MS.to + STARTS_MS, `${took} ms from the first to the last`);
  assert.match(bot.stderr, /ordered to throw/, "standard error has the last error");
}

function check(ward: Ward): { readonly status: number | null; readonly stdout: string } {
  const env = { PATH: process.env["PATH"], TINYCLAW_DIR: ward.stage.dir };
  const { status, stdout } = spawnSync(process.execPath, [PROGRAM, "--check"], { env, encoding: "utf8" });
  return { status, stdout };
}
