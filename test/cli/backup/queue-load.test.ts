import assert from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { readEndings } from "../../../src/core/queue/ledger.ts";
import type { Claim, Consumer } from "../../../src/core/queue/queue.ts";
import { answer, boot } from "../../core/queue/file-support.ts";
import type { Run } from "../../core/queue/file-support.ts";
import { message, temporaryFolder } from "../../core/queue/support.ts";
import { eventually } from "../../support/eventually.ts";
import { backUp, restoreTo } from "./scene.ts";

const timeout = 600_000;
const BATCH = 12;
/** Messages of this thread are in work until they are let go. */
const HELD_THREAD = 7;

/** Claims without end, one a lane at a time as the bot does, until stopped. */
function work<M>(consumer: Consumer<M>, handle: (claim: Claim<M>) => Promise<void>): () => Promise<void> {
  const stopping = new AbortController();
  const loops = Array.from({ length: 6 }, async () => {
    while (!stopping.signal.aborted) {
      consumer.notify();
      const claim = await consumer.claim();
      if (claim === undefined) await pause(2);
      else await handle(claim);
    }
  });
  return async () => {
    stopping.abort();
    await Promise.all(loops);
  };
}

interface Bot {
  /** Keys that were posted, in order, with repeats. */
  readonly posted: string[];
  readonly buried: Set<string>;
  stop(): Promise<void>;
}

/** Answers and posts; every seventh message fails once, some for good. `hold` keeps a message of its thread in work. */
async function run(bot: Run, hold = async (_key: string): Promise<void> => undefined): Promise<Bot> {
  const posted: string[] = [];
  const buried = new Set<string>();
  await bot.incoming.consumer.open();
  await bot.outgoing.consumer.open();
  const numberOf = (key: string): number => Number(key.slice(1));
  const stopIn = work(bot.incoming.consumer, async (claim) => {
    if (claim.message.threadId === HELD_THREAD) await hold(claim.key);
    else await pause(numberOf(claim.key) % 4);
    if (numberOf(claim.key) % 7 === 0 && claim.failures === 0) {
      await bot.incoming.consumer.retry(claim, { delayMs: 0, counts: true, reason: "once" });
    } else if (/[05]3$/.test(claim.key)) {
      await bot.incoming.consumer.bury(claim, "for good");
      buried.add(claim.key);
    } else {
      await bot.outgoing.producer.publish(answer(claim.key, { threadId: claim.message.threadId }), claim.key);
      await bot.incoming.consumer.commit(claim);
    }
  });
  const stopOut = work(bot.outgoing.consumer, async (claim) => {
    posted.push(claim.key);
    await bot.outgoing.consumer.commit(claim);
  });
  return {
    posted,
    buried,
    async stop() {
      await stopIn();
      await stopOut();
    },
  };
}

/** Messages in six threads, as fast as they are taken, until stopped; answers the ids whose publishing has resolved. */
function publish(bot: Run): { readonly published: string[]; stop(): Promise<void> } {
  const published: string[] = [];
  const stopping = new AbortController();
  const loop = (async () => {
    for (let n = 1; !stopping.signal.aborted; n += BATCH) {
      // Several at once, so that some always wait.
      const ids = Array.from({ length: BATCH }, (_, at) => `u${n + at}`);
      await Promise.all(ids.map((id, at) => bot.incoming.producer.publish(message(id, { threadId: (at % 6) + 1 }))));
      published.push(...ids);
      while (bot.incoming.consumer.depth().waiting > 2 * BATCH && !stopping.signal.aborted) await pause(2);
    }
  })();
  return {
    published,
    async stop() {
      stopping.abort();
      await loop;
    },
  };
}

/** Opens what was restored and runs it until nothing is left to do. */
async function finish(t: TestContext, root: string): Promise<{ bot: Bot; dead: Set<string>; corrupt: number }> {
  const second = await boot(t, root);
  const bot = await run(second);
  // An answer is in its folder before its question is done with.
  await eventually("the end of all questions", () => {
    const { waiting, claimed } = second.incoming.consumer.depth();
    return waiting + claimed === 0 ? true : undefined;
  });
  await eventually("no answer left", async () => ((await second.names("outgoing")).length === 0 ? true : undefined));
  await bot.stop();
  const dead = new Set((await second.names("dead-letter")).map((name) => name.split(".")[2] ?? ""));
  return { bot, dead, corrupt: second.corrupt.length };
}

test(
  "of a queue under load, every message that was stored is after a restore answered once, whenever the backup was taken",
  { timeout },
  async (t) => {
    const dir = await temporaryFolder(t);
    const data = join(dir, "data");
    const first = await boot(t, join(data, "queue"));
    const [inHand, letGo] = [new Set<string>(), new Set<string>()];
    const bot = await run(first, async (key) => {
      inHand.add(key);
      while (!letGo.has(key)) await pause(2);
    });
    const writer = publish(first);
    const backups: { archive: Buffer; before: string[]; held: string[] }[] = [];
    for (let n = 0; n < 8; n += 1) {
      await pause(50 + 23 * n);
      while (writer.published.length < 25 * (n + 1)) await pause(5);
      // The one in work from the first look of the backup to its last, the other behind it, whatever the load does.
      const [held, behind] = [`h${10 * n + 1}`, `h${10 * n + 2}`];
      for (const id of [held, behind]) await first.incoming.producer.publish(message(id, { threadId: HELD_THREAD }));
      while (!inHand.has(held)) await pause(2);
      const before = [...writer.published, held, behind];
      backups.push({ archive: await backUp(data), before, held: [held, behind] });
      letGo.add(held).add(behind);
    }
    await writer.stop();
    await bot.stop();
    assert.ok(bot.buried.size > 0);

    for (const [n, { archive, before, held }] of backups.entries()) {
      const copy = join(dir, `copy-${n}`);
      await restoreTo(archive, copy);
      const queue = join(copy, "queue");
      const postedBefore = (await readEndings(join(queue, "sent.jsonl"))).keys();
      const { bot: second, dead, corrupt } = await finish(t, queue);
      assert.equal(corrupt, 0);
      const times = new Map<string, number>();
      for (const key of [...postedBefore, ...second.posted, ...dead]) times.set(key, (times.get(key) ?? 0) + 1);
      const lost = before.filter((key) => !times.has(key));
      const twice = [...times].filter(([, count]) => count > 1).map(([key]) => key);
      assert.deepEqual({ n, lost, twice }, { n, lost: [], twice: [] });
      const rerun = second.posted.filter((key) => held.includes(key));
      assert.deepEqual({ n, rerun }, { n, rerun: held });
    }
  },
);

test(
  "a message that was in work is put back by the bot's own recovery, with its try counted as cut off",
  { timeout },
  async (t) => {
    const dir = await temporaryFolder(t);
    const first = await boot(t, join(dir, "data", "queue"));
    await first.incoming.consumer.open();
    await first.incoming.producer.publish(message("u1"));
    await first.incoming.consumer.claim();
    await restoreTo(await backUp(join(dir, "data")), join(dir, "copy"));
    const second = await boot(t, join(dir, "copy", "queue"));
    assert.deepEqual(await second.names("processing"), ["0000000000000001.5.u1.json"]);
    await second.incoming.consumer.open();
    const claim = await second.incoming.consumer.claim();
    assert.deepEqual([claim?.key, claim?.crashes], ["u1", 1]);
  },
);
