import assert from "node:assert/strict";
import { appendFile, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { History, type HistoryEntry } from "../../../src/workers/queue/history.ts";
import { tempDir } from "../../support/temp-dir.ts";

function entry(n: number, change: Partial<HistoryEntry> = {}): HistoryEntry {
  return {
    timestamp: n,
    threadId: 5,
    messageId: `u${n}`,
    direction: "in",
    channel: "telegram",
    source: "user",
    sender: "Tester",
    message: `message ${n}`,
    ...change,
  };
}

async function open(t: TestContext, dir?: string) {
  const home = dir ?? (await tempDir(t));
  const history = await History.open(home);
  t.after(() => history.close());
  const path = join(home, "message-history.jsonl");
  const lines = async (): Promise<HistoryEntry[]> =>
    (await readFile(path, "utf8"))
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as HistoryEntry);
  return { dir: home, path, history, lines };
}

const numbers = (entries: readonly HistoryEntry[]): number[] => entries.map(({ timestamp }) => timestamp);

test("a message is written down whole, with all that is known of it", async (t) => {
  const { history, lines } = await open(t);
  const full = entry(1, {
    message: `${"long ".repeat(50_000)}🔥\n"end"`,
    model: "opus",
    tier: "COMPLEX",
    sessionId: "s",
    sourceThreadId: 9,
    replyTo: "before",
  });
  assert.equal(await history.record(full), "new");
  assert.deepEqual(await lines(), [full]);
  assert.deepEqual(await history.recent(1), [full]);
});

test("each direction of a message is written down once, also after a restart", async (t) => {
  const { dir, history } = await open(t);
  assert.equal(await history.record(entry(1)), "new");
  assert.equal(await history.record(entry(1, { timestamp: 2 })), "known");
  assert.equal(await history.record(entry(1, { direction: "out" })), "new");
  await history.close();
  const again = await open(t, dir);
  assert.equal(await again.history.record(entry(1, { timestamp: 3 })), "known");
  assert.equal(await again.history.record(entry(1, { direction: "out" })), "known");
  assert.deepEqual(
    (await again.lines()).map(({ direction, timestamp }) => [direction, timestamp]),
    [
      ["in", 1],
      ["out", 1],
    ],
  );
});

test("a message that could not be written down is written down at the next try", async (t) => {
  const { history } = await open(t);
  const loop: { self?: unknown } = {};
  loop.self = loop;
  await assert.rejects(history.record({ ...entry(1), ...loop }), TypeError);
  assert.equal(await history.record(entry(1)), "new");
});

test("the last entries come oldest first, of one thread or of all", async (t) => {
  const { history } = await open(t);
  for (let n = 1; n <= 60; n += 1) await history.record(entry(n, { threadId: n % 2 === 0 ? 2 : 5 }));
  assert.deepEqual(numbers(await history.recent(3)), [58, 59, 60]);
  assert.deepEqual(numbers(await history.recent(3, 5)), [55, 57, 59]);
  assert.equal((await history.recent(20, 2)).length, 20);
  assert.deepEqual(await history.recent(3, 7), []);
  assert.equal((await history.recent(100)).length, 60);
});

test("older entries are found in files that were rolled", async (t) => {
  const { dir, path, history } = await open(t);
  for (const n of [1, 2, 3]) await history.record(entry(n));
  await history.close();
  await rename(path, join(dir, "message-history.1.jsonl"));
  const second = await open(t, dir);
  for (const n of [4, 5]) await second.history.record(entry(n, { threadId: 6 }));
  await second.history.close();
  await rename(path, join(dir, "message-history.2.jsonl"));
  const third = await open(t, dir);
  await third.history.record(entry(6));
  assert.deepEqual(numbers(await third.history.recent(4)), [3, 4, 5, 6]);
  assert.deepEqual(numbers(await third.history.recent(3, 5)), [2, 3, 6]);
  assert.equal(await third.history.record(entry(2)), "known");
});

test("lines that are torn, foreign or of another shape are skipped", async (t) => {
  const { dir, path, history } = await open(t);
  await history.record(entry(1));
  await appendFile(path, '{"threadId": 5}\nno json\n[1]\n\n{"timestamp": 2, "thre');
  await history.close();
  const again = await open(t, dir);
  await again.history.record(entry(3));
  assert.deepEqual(numbers(await again.history.recent(10)), [1, 3]);
});

test("fields of a newer program are left out, and the time of an older one is read from ts", async (t) => {
  const dir = await tempDir(t);
  const { timestamp, ...rest } = entry(7);
  await writeFile(join(dir, "message-history.jsonl"), `${JSON.stringify({ ts: timestamp, ...rest, mood: "good" })}\n`);
  const { history } = await open(t, dir);
  assert.deepEqual(await history.recent(1), [entry(7)]);
  assert.equal(await history.record(entry(7)), "known");
});
