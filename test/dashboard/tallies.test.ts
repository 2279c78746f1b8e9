import assert from "node:assert/strict";
import { appendFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { systemClock } from "../../src/core/clock.ts";
import { DashboardError } from "../../src/dashboard/errors.ts";
import { MessageCounts } from "../../src/dashboard/services/message-counts.ts";
import { Tallies } from "../../src/dashboard/tallies.ts";
import type { Stream } from "../../src/dashboard/tail/stream.ts";
import { TestLog } from "../core/queue/support.ts";
import { PATIENCE_MS } from "../support/eventually.ts";
import { openPool } from "./scan/support.ts";
import { handClock, started, temporaryFolder } from "./tail/support.ts";

const NOTHING = { input: 0, output: 0, cacheRead: 0, cacheWrite: 0 };

interface Started {
  readonly folder: string;
  readonly messages: Stream;
  readonly activity: Stream;
  readonly tallies: Tallies;
  readonly counts: MessageCounts;
  readonly log: TestLog;
}

async function open(t: TestContext, given: { messages?: string; activity?: string } = {}): Promise<Started> {
  const folder = await temporaryFolder(t);
  await writeFile(join(folder, "m.jsonl"), given.messages ?? "");
  await writeFile(join(folder, "a.jsonl"), given.activity ?? "");
  const messages = await started(t, { path: join(folder, "m.jsonl"), rolled: "jsonl" });
  const activity = await started(t, { path: join(folder, "a.jsonl"), rolled: "jsonl" });
  const counts = new MessageCounts(systemClock);
  const log = new TestLog();
  const streams = { messages, activity };
  const tallies = new Tallies({ streams, pool: openPool(t), clock: handClock, log, messages: counts });
  t.after(() => tallies.close());
  return { folder, messages, activity, tallies, counts, log };
}

function said(threadId: number, direction: "in" | "out", age = 0, text = ""): string {
  return `${JSON.stringify({ timestamp: Date.now() - age, threadId, direction, message: text })}\n`;
}

function ended(threadId: number, costUsd: number): string {
  const usage = { inputTokens: 1, outputTokens: 2, cacheReadTokens: 3, cacheWriteTokens: 4 };
  return `${JSON.stringify({ timestamp: Date.now(), threadId, kind: "turn_end", ms: 5, usage, costUsd })}\n`;
}

/** Of what lay there when counting began: it may be counted some turns of the event loop later. */
async function until(condition: () => boolean): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS;
  while (!condition()) {
    assert.ok(performance.now() < deadline, "not counted");
    await new Promise(setImmediate);
  }
}

test("messages, turns, costs and tokens of a thread are summed up", async (t) => {
  const other =
    '{"threadId":5,"kind":"turn_start"}\n{"threadId":5,"kind":"turn_end","usage":null,"costUsd":"x"}\nno JSON\n';
  const { tallies } = await open(t, {
    messages: `${said(5, "in")}${said(5, "out")}${said(6, "in")}${said(5, "in")}{"threadId":5}\n{"direction":"in"}\n`,
    activity: `${ended(5, 0.25)}${other}${ended(5, 0.5)}${ended(6, 1)}`,
  });
  assert.equal(tallies.isCounting, true);
  await tallies.start();
  assert.equal(tallies.isCounting, false);
  assert.deepEqual(tallies.of(5), {
    messages: { in: 2, out: 1 },
    turns: 3,
    costUsd: 0.75,
    tokens: { input: 2, output: 4, cacheRead: 6, cacheWrite: 8 },
  });
  assert.deepEqual(tallies.of(99), { messages: { in: 0, out: 0 }, turns: 0, costUsd: 0, tokens: NOTHING });
});

test("each row counts once, whether it lay there, came while that was counted, or came later", async (t) => {
  const { folder, messages, tallies, counts } = await open(t, {
    messages: said(5, "in", 0, "x".repeat(200)).repeat(90_000),
  });
  const path = join(folder, "m.jsonl");
  const counted = tallies.start();
  let rows = 90_000;
  for (let n = 0; n < 20; n += 1) {
    await appendFile(path, said(5, "in").repeat(10));
    rows += 10;
    await messages.look();
    if (n !== 10) continue;
    await rename(path, join(folder, "m.1.jsonl"));
  }
  await counted;
  await appendFile(path, `${said(5, "in")}${said(5, "in").trim()}`);
  await messages.look();
  await until(() => tallies.of(5).messages.in >= rows + 1);
  await rename(path, join(folder, "m.2.jsonl"));
  await writeFile(path, said(5, "in"));
  await messages.look();
  await until(() => tallies.of(5).messages.in >= rows + 3);
  await tallies.start();
  assert.equal(tallies.of(5).messages.in, rows + 3);
  assert.equal(counts.totals().lastDay, rows + 3);
});

test("rolled files count too, and messages of the last day are told", async (t) => {
  const folder = await temporaryFolder(t);
  const hour = 3_600_000;
  await writeFile(
    join(folder, "m.1.jsonl"),
    said(5, "in", 48 * hour) + said(5, "in", 5 * hour) + said(5, "out", hour).trim(),
  );
  await writeFile(join(folder, "m.jsonl"), said(5, "in"));
  const messages = await started(t, { path: join(folder, "m.jsonl"), rolled: "jsonl" });
  const activity = await started(t, { path: join(folder, "none.jsonl"), rolled: "jsonl" });
  const counts = new MessageCounts(systemClock);
  const streams = { messages, activity };
  const tallies = new Tallies({ streams, pool: openPool(t), clock: handClock, log: new TestLog(), messages: counts });
  t.after(() => tallies.close());
  await tallies.start();
  assert.deepEqual(tallies.of(5).messages, { in: 3, out: 1 });
  assert.deepEqual(counts.totals(), { lastHour: 1, lastDay: 2 });
});

test("files that come later are counted from their first row", async (t) => {
  const { folder, activity, tallies } = await open(t);
  await tallies.start();
  await appendFile(join(folder, "a.jsonl"), ended(5, 1));
  await activity.look();
  await until(() => tallies.of(5).turns === 1);
});

test("what was cut or deleted stays counted, and what comes after it is", async (t) => {
  const { folder, messages, tallies, log } = await open(t, { messages: said(5, "in", 9).repeat(3) });
  const path = join(folder, "m.jsonl");
  await tallies.start();
  await writeFile(path, said(5, "in", 5));
  await messages.look();
  await until(() => tallies.of(5).messages.in === 4);
  await rm(path);
  await messages.look();
  await writeFile(path, said(5, "out"));
  await messages.look();
  await until(() => tallies.of(5).messages.out === 1);
  assert.deepEqual(tallies.of(5).messages, { in: 4, out: 1 });
  assert.deepEqual(log.lines, []);
});

test("closed while it counts, it ends, and says nothing", async (t) => {
  const { tallies, log } = await open(t, { messages: said(5, "in").repeat(400_000) });
  const counted = tallies.start();
  await new Promise(setImmediate);
  const at = performance.now();
  await tallies.close();
  await tallies.close();
  await counted;
  await tallies.start();
  assert.ok(performance.now() - at < 10_000);
  assert.deepEqual(log.lines, []);
});

test("what cannot be read for a while is counted later, and said once", async (t) => {
  const { folder, messages, activity, log, counts } = await open(t, { messages: said(5, "in") });
  let failures = 0;
  const failing: Stream = {
    ...messages,
    async after(...given) {
      failures += 1;
      if (failures <= 3) throw new DashboardError("file_unreadable", "no more files can be open");
      return messages.after(...given);
    },
  };
  const clock = { ...systemClock, sleep: () => Promise.resolve() };
  const streams = { messages: failing, activity };
  const tallies = new Tallies({ streams, pool: openPool(t), clock, log, messages: counts });
  t.after(() => tallies.close());
  await tallies.start();
  await appendFile(join(folder, "m.jsonl"), said(5, "out"));
  await messages.look();
  assert.deepEqual(tallies.of(5).messages, { in: 1, out: 1 });
  assert.equal(log.lines.filter(({ level }) => level === "warn").length, 1);
});
