/** Two bots on one data directory, from one network and from two. Each pair once; there is no larger count. */
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { eventually } from "../support/eventually.ts";
import { needsSuccess } from "../support/needs.ts";
import { readStatus } from "./support/bot.ts";
import { Ward } from "./support/ward.ts";

const timeout = 120_000;
/** For so long what a bot of another network has last told keeps the directory for it. */
const FRESH_MS = 5_000;
const OTHER_NETWORK = ["unshare", "--net"];

describe("two bots on one data directory", { concurrency: true }, () => {
  test("started at once: one runs, the other ends with 75 and says who holds it", { timeout }, async (t) => {
    const ward = await Ward.open(t);
    const bots = [ward.bot(), ward.bot()];
    const [refused, end] = await Promise.race(bots.map(async (bot) => [bot, await bot.ended] as const));
    assert.deepEqual(end, { code: 75, signal: null });
    const holder = bots.find((bot) => bot !== refused);
    assert.ok(holder !== undefined);
    assert.match(
      refused.stderr,
      // Who is asked while it starts may be slow to say who it is.
      new RegExp(
        `^${ward.stage.dir} is in use by (process ${holder.process.pid}|a process that does not say who it is): stop that bot first, [^\n]+\n$`,
      ),
    );
    assert.equal((await holder.running()).pid, holder.process.pid);
    // One that comes later, and by another path.
    const late = ward.bot({
      environment: { TINYCLAW_DIR: `${ward.stage.root}/../${ward.stage.root.split("/").at(-1)}/data/.` },
    });
    assert.deepEqual(await late.ended, { code: 75, signal: null });
    assert.match(
      late.stderr,
      new RegExp(` is in use by process ${holder.process.pid}: stop that bot first, [^\n]+\n$`),
    );
    ward.say(1, "hello");
    await ward.answered(1, "hello");
    assert.deepEqual(ward.answersTo(1, "hello"), { answers: 1, repeats: 0 });
    holder.kill("SIGKILL");
    await holder.ended;
    // The kernel has freed it: nothing has to be waited for.
    await ward.bot().running();
  });

  const skip = needsSuccess([...OTHER_NETWORK, "true"], "needs root, for a network namespace of its own");
  test(
    "from another network: refused while the first tells of itself, and let in 5 s after its last word",
    { timeout, skip },
    async (t) => {
      const ward = await Ward.open(t);
      const first = ward.bot();
      await first.running();
      // Longer than its word would last if it were not renewed.
      await pause(FRESH_MS + 1_000);
      await refusedFromOutside(ward);
      first.kill("SIGKILL");
      await first.ended;
      const lastWord = (await readStatus(ward.stage))?.timestamp ?? 0;
      const next = await eventually("a bot that is let in", async () => {
        const bot = ward.bot({ by: OTHER_NETWORK });
        const early = await Promise.race([bot.ended, bot.statusWhere("its status", () => true)]);
        return "code" in early ? undefined : { bot, startedAt: early.startedAt };
      });
      assert.ok(next.startedAt - lastWord >= FRESH_MS, `let in after ${next.startedAt - lastWord} ms`);
      assert.ok(next.startedAt - lastWord < FRESH_MS + 10_000, `let in after ${next.startedAt - lastWord} ms`);
      // And the other way round.
      const back = ward.bot();
      assert.deepEqual(await back.ended, { code: 75, signal: null });
      assert.match(back.stderr, /is in use by process \d+ of another container/);
    },
  );

  async function refusedFromOutside(ward: Ward): Promise<void> {
    const second = ward.bot({ by: OTHER_NETWORK });
    assert.deepEqual(await second.ended, { code: 75, signal: null });
    assert.match(
      second.stderr,
      /is in use by process \d+ of another container, which told of itself less than 5 s ago/,
    );
  }
});
