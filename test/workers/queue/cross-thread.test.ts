import assert from "node:assert/strict";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { systemClock } from "../../../src/core/clock.ts";
import type { DiskLevel } from "../../../src/core/disk.ts";
import { incomingKind } from "../../../src/core/queue/kinds.ts";
import { MemoryQueue } from "../../../src/core/queue/memory-queue.ts";
import type { IncomingMessage } from "../../../src/core/queue/message.ts";
import type { Producer } from "../../../src/core/queue/queue.ts";
import type { AgentTools } from "../../../src/workers/queue/agent-port.ts";
import { createAgentTools } from "../../../src/workers/queue/cross-thread.ts";
import { ThreadStore } from "../../../src/workers/queue/sessions.ts";
import { memoryLog } from "../../support/memory-log.ts";
import { tempDir } from "../../support/temp-dir.ts";

const message: IncomingMessage = {
  channel: "telegram",
  source: "user",
  threadId: 5,
  messageId: "u1",
  sender: "Tester",
  message: "Ask the web topic",
  timestamp: 1,
};

/** Threads 1 (General), 5 (API), 9 (Web) and 11 (Old, closed). */
async function open(t: TestContext) {
  const path = join(await tempDir(t), "threads.json");
  const threads = await ThreadStore.open({
    path,
    workspaceRoot: "/srv/claw",
    clock: systemClock,
    log: memoryLog().log,
  });
  for (const [threadId, name] of [
    [1, undefined],
    [5, "API"],
    [9, "Web"],
    [11, "Old"],
  ] as const) {
    await threads.ensure(threadId, name);
  }
  await threads.setClosed(11, true);
  const queue = new MemoryQueue<IncomingMessage>({ kind: incomingKind, clock: systemClock });
  let rung = 0;
  const disk: { level: DiskLevel } = { level: "ok" };
  const toolsFor = (change: Partial<IncomingMessage> = {}, incoming: Producer<IncomingMessage> = queue): AgentTools =>
    createAgentTools(
      { ...message, ...change },
      { threads, incoming, clock: systemClock, disk, onPublished: () => rung++ },
    );
  const sent = (): IncomingMessage[] => queue.store.published.map((entry) => entry.message);
  return { toolsFor, sent, rung: () => rung, queue, disk };
}

test("a message to another thread is published there, in the name of its own thread", async (t) => {
  const { toolsFor, sent, rung } = await open(t);
  assert.deepEqual(await toolsFor().sendMessage(9, "Is the page up?"), { status: "sent" });
  const [{ messageId, timestamp, ...rest } = message, ...more] = sent();
  assert.deepEqual(rest, {
    channel: "telegram",
    source: "cross-thread",
    threadId: 9,
    sender: "API",
    message: "Is the page up?",
    sourceThreadId: 5,
    hops: 1,
  });
  assert.match(messageId, /^x[0-9a-f]{24}$/);
  assert.ok(timestamp > 1);
  assert.deepEqual([more, rung()], [[], 1]);
});

const refusals: [string, number, string, Partial<IncomingMessage>, RegExp][] = [
  ["an empty message", 9, " \n", {}, /empty/],
  ["a message to the own thread", 5, "hello", {}, /your own thread/],
  ["a message to a thread that does not exist", 99, "hello", {}, /no thread 99.*list_threads/],
  ["a message to a closed thread", 11, "hello", {}, /thread 11 is closed/],
  ["a message that six threads have handed on", 9, "hello", { hops: 6 }, /6 times/],
];
for (const [what, target, text, change, said] of refusals) {
  test(`${what} is refused with the reason, and nothing is published`, async (t) => {
    const { toolsFor, sent, rung } = await open(t);
    const outcome = await toolsFor(change).sendMessage(target, text);
    assert.ok(outcome.status === "refused");
    assert.match(outcome.reason, said);
    assert.deepEqual([sent(), rung()], [[], 0]);
  });
}

test("while the disk is full nothing is sent, and the agent is told to say it in its answer", async (t) => {
  const { toolsFor, sent, disk } = await open(t);
  const tools = toolsFor();
  disk.level = "hard";
  const outcome = await tools.sendMessage(9, "hello");
  assert.match(outcome.status === "refused" ? outcome.reason : "", /disk is full.*in your answer/);
  assert.deepEqual(sent(), []);
  disk.level = "soft";
  assert.equal((await tools.sendMessage(9, "hello")).status, "sent");
});

test("a turn sends fifty messages at most, also at once, and the next turn may again", async (t) => {
  const { toolsFor, sent } = await open(t);
  const tools = toolsFor();
  const outcomes = await Promise.all(Array.from({ length: 60 }, (_, n) => tools.sendMessage(9, `message ${n}`)));
  assert.equal(outcomes.filter(({ status }) => status === "sent").length, 50);
  const last = outcomes.at(-1);
  assert.match(last?.status === "refused" ? last.reason : "", /sent 50 messages.*in your answer/);
  assert.equal(sent().length, 50);
  assert.equal((await toolsFor({ messageId: "u2" }).sendMessage(9, "hello")).status, "sent");
});

test("threads that hand a message on in a circle come to an end", async (t) => {
  const { toolsFor, sent } = await open(t);
  let at = message;
  let target = 9;
  while ((await toolsFor(at).sendMessage(target, "Thank you!")).status === "sent") {
    at = sent().at(-1) ?? message;
    target = at.sourceThreadId ?? 0;
  }
  assert.deepEqual(
    sent().map(({ threadId, hops }) => [threadId, hops]),
    [
      [9, 1],
      [5, 2],
      [9, 3],
      [5, 4],
      [9, 5],
      [5, 6],
    ],
  );
});

test("a turn run again after a crash sends the same messages under the same ids", async (t) => {
  const { toolsFor, sent, queue } = await open(t);
  for (let life = 0; life < 2; life += 1) {
    const tools = toolsFor();
    for (const text of ["first", "second", "first"]) await tools.sendMessage(9, text);
  }
  const ids = sent().map(({ messageId }) => messageId);
  assert.deepEqual(ids.slice(3), ids.slice(0, 3));
  assert.equal(new Set(ids).size, 3, "what was said twice on purpose counts twice");
  await queue.open();
  assert.equal(queue.depth().waiting, 3);
});

test("another message, another target or another text makes another id", async (t) => {
  const { toolsFor, sent } = await open(t);
  await toolsFor().sendMessage(9, "hello");
  await toolsFor({ messageId: "u2" }).sendMessage(9, "hello");
  await toolsFor().sendMessage(1, "hello");
  await toolsFor().sendMessage(9, "hello!");
  assert.equal(new Set(sent().map(({ messageId }) => messageId)).size, 4);
});

test("a message that could not be stored is the same one when it is sent again", async (t) => {
  const { toolsFor, queue } = await open(t);
  const ids: string[] = [];
  const failing: Producer<IncomingMessage> = {
    publish(message) {
      ids.push(message.messageId);
      return ids.length === 1 ? Promise.reject(new Error("disk full")) : queue.publish(message);
    },
  };
  const tools = toolsFor({}, failing);
  await assert.rejects(tools.sendMessage(9, "hello"), /disk full/);
  for (let n = 0; n < 50; n += 1) assert.equal((await tools.sendMessage(9, "hello")).status, "sent");
  assert.equal(ids.length, 51, "what failed does not count");
  assert.equal(ids[0], ids[1]);
});

test("the list of threads names each with its state and directory", async (t) => {
  const { toolsFor } = await open(t);
  assert.deepEqual(toolsFor().listThreads(), [
    { threadId: 1, name: "General", status: "idle", cwd: "/srv/claw" },
    { threadId: 5, name: "API", status: "idle", cwd: "/srv/claw/api" },
    { threadId: 9, name: "Web", status: "idle", cwd: "/srv/claw/web" },
    { threadId: 11, name: "Old", status: "closed", cwd: "/srv/claw/old" },
  ]);
});
