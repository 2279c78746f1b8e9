import assert from "node:assert/strict";
import { appendFile, readFile, readdir, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { test, type TestContext } from "node:test";
import { systemClock } from "../../../src/core/clock.ts";
import { chunkId, openDeliveries, type Deliveries } from "../../../src/workers/telegram/deliveries.ts";
import { temporaryDirectory } from "./support.ts";

const LEFTOVER = ".deliveries.jsonl.0b9e2f0c-3c1d-4f1a-9a7e-5d2c8b6a1f00.tmp";

interface Ledger {
  readonly path: string;
  /** Opens it as the next process would: what was open is not closed before. */
  readonly open: (now?: number) => Promise<Deliveries>;
}

async function ledger(t: TestContext): Promise<Ledger> {
  const opened: Deliveries[] = [];
  const dir = await temporaryDirectory(t, () => {
    for (const one of opened) one.close();
    return Promise.resolve();
  });
  const path = join(dir, "deliveries.jsonl");
  return {
    path,
    async open(now = Date.now()) {
      const one = await openDeliveries(path, { ...systemClock, now: () => now });
      opened.push(one);
      return one;
    },
  };
}

test("of a chunk that was about to go out when the process died nobody knows whether it is there", async (t) => {
  const { open } = await ledger(t);
  const first = await open();
  assert.equal(first.stateOf("u1", "0"), "unsent");
  await first.intend("u1", "0");
  const next = await open();
  assert.deepEqual([next.stateOf("u1", "0"), next.stateOf("u1", "1")], ["interrupted", "unsent"]);
});

test("what is in the chat is known before the disk has it, and to the next process", async (t) => {
  const { open } = await ledger(t);
  const first = await open();
  await first.intend("u1", "0");
  const durable = first.posted("u1", "0", 101);
  assert.equal(first.stateOf("u1", "0"), "sent");
  assert.equal((await open()).stateOf("u1", "0"), "sent");
  await durable;
});

test("what Telegram refused is unsent, to the next process too", async (t) => {
  const { open } = await ledger(t);
  const first = await open();
  await first.intend("u1", "0");
  first.refused("u1", "0");
  for (const one of [first, await open()]) assert.equal(one.stateOf("u1", "0"), "unsent");
});

test("what a rewrite that was killed has left is removed at the next start", async (t) => {
  const { path, open } = await ledger(t);
  await writeFile(join(dirname(path), LEFTOVER), "half");
  await open();
  assert.deepEqual(await readdir(dirname(path)), ["deliveries.jsonl"]);
});

test("a torn line spoils neither those before it nor the next", async (t) => {
  const { path, open } = await ledger(t);
  const first = await open();
  await first.posted("u1", "0", 101);
  await appendFile(path, '{"timestamp":1,"key":"u2","chu');
  await first.posted("u3", "0", 103);
  const next = await open();
  assert.deepEqual(
    ["u1", "u2", "u3"].map((key) => next.stateOf(key, "0")),
    ["sent", "unsent", "sent"],
  );
});

test("the file is for owner and group, and grows no further than what is remembered needs", async (t) => {
  const { path, open } = await ledger(t);
  const now = Date.now();
  const old = await open(now - 8 * 24 * 3_600_000);
  for (let n = 0; n < 1200; n += 1) old.refused("old", String(n));
  assert.equal((await stat(path)).mode & 0o777 & ~process.umask(), 0o640 & ~process.umask());
  const young = await open(now - 1000);
  await young.posted("young", "0", 7);
  assert.equal((await open(now)).stateOf("young", "0"), "sent");
  assert.ok((await readFile(path, "utf8")).length < 1000);
  assert.equal((await open(now)).stateOf("old", "5"), "unsent");
});

test("an answer half posted is known however long the bot was away, and whatever its clock says then", async (t) => {
  const { path, open } = await ledger(t);
  const day = 24 * 3_600_000;
  const now = Date.now();
  const before = await open(now - 30 * day);
  for (let n = 0; n < 1200; n += 1) before.refused("old", "0");
  await before.posted("u1", "0", 101);
  const during = await open(now - 20 * day);
  await during.posted("u1", "1", 102);
  await during.intend("u1", "2");
  const states = (one: Deliveries): string[] => ["0", "1", "2"].map((chunk) => one.stateOf("u1", chunk));
  for (const at of [now, now + 9_000 * day, now - 40 * day]) {
    assert.deepEqual(states(await open(at)), ["sent", "sent", "interrupted"]);
  }
  assert.ok((await readFile(path, "utf8")).length < 1000, "it was compacted");
});

test("a record of a clock that was far ahead makes the others no older", async (t) => {
  const { open } = await ledger(t);
  const now = Date.now();
  const first = await open(now);
  await first.posted("u1", "0", 101);
  const ahead = await open(now + 365 * 24 * 3_600_000);
  await ahead.posted("u2", "0", 102);
  const next = await open(now + 1000);
  assert.deepEqual([next.stateOf("u1", "0"), next.stateOf("u2", "0")], ["sent", "sent"]);
});

test("what was forgotten is not asked for any more, and is nothing to the next process either", async (t) => {
  const { open } = await ledger(t);
  const one = await open();
  await one.posted("u1", "0", 101);
  one.forget("u1");
  for (const each of [one, await open()]) assert.equal(each.stateOf("u1", "0"), "unsent");
});

test("another text in the same place is another chunk", () => {
  assert.equal(chunkId(0, "text"), chunkId(0, "text"));
  assert.equal(new Set([chunkId(0, "text"), chunkId(1, "text"), chunkId(0, "other")]).size, 3);
});
