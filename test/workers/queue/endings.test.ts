import assert from "node:assert/strict";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { systemClock } from "../../../src/core/clock.ts";
import { SyncError } from "../../../src/core/errors.ts";
import { QueueError } from "../../../src/core/queue/errors.ts";
import { incomingKind, outgoingKind } from "../../../src/core/queue/kinds.ts";
import { MemoryQueue } from "../../../src/core/queue/memory-queue.ts";
import type { Claim } from "../../../src/core/queue/queue.ts";
import type { IncomingMessage, OutgoingMessage } from "../../../src/core/queue/message.ts";
import { Endings } from "../../../src/workers/queue/endings.ts";
import { History } from "../../../src/workers/queue/history.ts";
import type { Commit } from "../../../src/workers/queue/retry-policy.ts";
import { ThreadStore } from "../../../src/workers/queue/sessions.ts";
import type { Turn } from "../../../src/workers/queue/turn.ts";
import { Voice } from "../../../src/workers/queue/voice.ts";
import { message } from "../../core/queue/support.ts";
import { memoryLog } from "../../support/memory-log.ts";
import { tempDir } from "../../support/temp-dir.ts";

/** Pauses of seconds take a hundredth. */
const clock = {
  ...systemClock,
  sleep: (ms: number, signal?: AbortSignal) => systemClock.sleep(ms / 100, signal),
};

type Refuse = (tries: number) => Error | undefined;

/** A message in work in a queue of which `refuse` says what a retry or a commit fails with. */
async function open(t: TestContext, refuse: Refuse) {
  const dir = await tempDir(t);
  const { log, lines } = memoryLog();
  const incoming = new MemoryQueue<IncomingMessage>({ kind: incomingKind, clock });
  const retry = incoming.retry.bind(incoming);
  const commit = incoming.commit.bind(incoming);
  let tries = 0;
  const attempt = (act: () => Promise<void>): Promise<void> => {
    tries += 1;
    const error = refuse(tries);
    return error === undefined ? act() : Promise.reject(error);
  };
  incoming.retry = (claim, options) => attempt(() => retry(claim, options));
  incoming.commit = (claim) => attempt(() => commit(claim));
  const outgoing = new MemoryQueue<OutgoingMessage>({ kind: outgoingKind, clock });
  const suspected: unknown[] = [];
  const history = await History.open(dir);
  t.after(() => history.close());
  const endings = new Endings({
    incoming,
    history,
    clock,
    log,
    voice: new Voice({
      outgoing,
      clock,
      log,
      scrub: (text) => text.replaceAll("hush", "[secret]"),
      ring: () => undefined,
    }),
    threads: await ThreadStore.open({ path: join(dir, "threads.json"), workspaceRoot: dir, clock, log }),
    disk: { level: "ok", suspect: (error) => void suspected.push(error) },
    onTurn: () => undefined,
  });
  await incoming.publish(message("u1"));
  await incoming.open();
  const claim = (await incoming.claim()) as Claim<IncomingMessage>;
  await outgoing.open();
  const said = (): number => {
    outgoing.notify();
    return outgoing.depth().waiting;
  };
  return { endings, claim, incoming, outgoing, history, suspected, lines, said, tries: () => tries };
}

const noRoom = new QueueError("queue_retry_failed", "no room");

test("a message whose return the disk refuses goes back when there is room, and the disk is looked at each time", async (t) => {
  const { endings, claim, incoming, suspected, tries } = await open(t, (n) => (n < 4 ? noRoom : undefined));
  const cause = new Error("why it came to that");
  await endings.putBack(claim, cause);
  assert.deepEqual([tries(), incoming.depth()], [4, { waiting: 1, claimed: 0 }]);
  assert.deepEqual(suspected, [cause, noRoom, noRoom, noRoom]);
});

test("a message whose return the disk refuses keeps no stop waiting, and stays in work", async (t) => {
  const { endings, claim, incoming, tries } = await open(t, () => noRoom);
  const ended = endings.putBack(claim, new Error("full"));
  endings.close();
  await ended;
  assert.deepEqual([tries(), incoming.depth()], [1, { waiting: 0, claimed: 1 }]);
});

test("a sync that fails on the way back is no reason to try again", async (t) => {
  const error = new QueueError("queue_retry_failed", "lost", {
    cause: new SyncError("ledger.jsonl", new Error("EIO")),
  });
  const { endings, claim, tries } = await open(t, () => error);
  await assert.rejects(endings.putBack(claim, new Error("full")), { code: "queue_retry_failed" });
  assert.equal(tries(), 1);
});

const full = Object.assign(new Error("write"), { code: "ENOSPC" });
const uncommitted = new QueueError("queue_commit_failed", "no room", { cause: full });
const lost = new SyncError("ledger.jsonl", new Error("EIO"));
const turn: Turn = {
  thread: {} as Turn["thread"],
  model: "sonnet",
  decision: { tier: "MEDIUM" } as unknown as Turn["decision"],
  result: { status: "aborted" },
};
const usage = { inputTokens: 0, outputTokens: 0, cacheReadTokens: 0, cacheWriteTokens: 0 };
const result: Commit["result"] = { status: "answered", text: "done", sessionId: "s", usage, costUsd: 0, ms: 0 };

test("an answer that the history and the ledger have no room for is said once, and ended when there is room", async (t) => {
  const { endings, claim, incoming, history, suspected, lines, said, tries } = await open(t, (n) =>
    n < 4 ? uncommitted : undefined,
  );
  history.record = () => Promise.reject(full);
  await endings.answer(claim, turn, result);
  assert.deepEqual([tries(), said(), incoming.depth()], [4, 1, { waiting: 0, claimed: 0 }]);
  assert.deepEqual(suspected, [full, uncommitted, uncommitted, uncommitted]);
  assert.equal(lines.filter(({ message: text }) => text.includes("could not be ended")).length, 1, "logged once");
});

test("an answered message that a stop finds uncommitted stays in work, and nothing gives it back", async (t) => {
  const { endings, claim, incoming, said, tries } = await open(t, () => uncommitted);
  endings.close();
  await endings.answer(claim, turn, result);
  await endings.giveBack(claim, { delayMs: 0, counts: false, reason: "stopped" });
  await assert.rejects(endings.putBack(claim, full), full);
  assert.deepEqual([tries(), said(), incoming.depth()], [1, 1, { waiting: 0, claimed: 1 }]);
});

test("a sync that fails at the commit or in the history of an answer is no reason to go on", async (t) => {
  const atCommit = await open(t, () => new QueueError("queue_commit_failed", "lost", { cause: lost }));
  await assert.rejects(atCommit.endings.answer(atCommit.claim, turn, result), { code: "queue_commit_failed" });
  const inHistory = await open(t, () => undefined);
  inHistory.history.record = () => Promise.reject(lost);
  await assert.rejects(inHistory.endings.answer(inHistory.claim, turn, result), { code: "sync_failed" });
  assert.deepEqual([atCommit.tries(), inHistory.tries()], [1, 0]);
});

test("an answer that finds no room is stored when there is some, and its turn does not run again", async (t) => {
  const { endings, claim, incoming, outgoing, suspected, said } = await open(t, () => undefined);
  const publish = outgoing.publish.bind(outgoing);
  let refusals = 3;
  outgoing.publish = (saying, key) => ((refusals -= 1) >= 0 ? Promise.reject(full) : publish(saying, key));
  await endings.answer(claim, turn, result);
  assert.deepEqual([said(), incoming.depth(), suspected.length], [1, { waiting: 0, claimed: 0 }, 3]);
});

test("an answer that a stop finds without room goes back unanswered", async (t) => {
  const { endings, claim, incoming, outgoing, said } = await open(t, () => undefined);
  outgoing.publish = () => Promise.reject(full);
  endings.close();
  await endings.answer(claim, turn, result);
  assert.deepEqual([said(), incoming.depth()], [0, { waiting: 1, claimed: 0 }]);
});

test("an answer of more than a million characters is cut, and says so", async (t) => {
  const { endings, claim, outgoing } = await open(t, () => undefined);
  await endings.answer(claim, turn, { ...result, text: "x".repeat(17 * 1024 * 1024) });
  outgoing.notify();
  const { message: text = "" } = (await outgoing.claim())?.message ?? {};
  assert.match(text, /^x{1000}.* … \(17825792 characters in all\)$/);
  assert.ok(text.length < 1_000_100);
});

test("the reason of a burial is kept without secrets", async (t) => {
  const { endings, claim, incoming } = await open(t, () => undefined);
  const reasons: string[] = [];
  incoming.bury = (_claim, reason) => {
    reasons.push(reason);
    return Promise.resolve();
  };
  await endings.bury(claim, { reason: "it said hush", tell: "It failed." });
  assert.deepEqual(reasons, ["it said [secret]"]);
});
