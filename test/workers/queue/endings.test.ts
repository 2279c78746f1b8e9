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
import { ThreadStore } from "../../../src/workers/queue/sessions.ts";
import { Voice } from "../../../src/workers/queue/voice.ts";
import { message } from "../../core/queue/support.ts";
import { memoryLog } from "../../support/memory-log.ts";
import { tempDir } from "../../support/temp-dir.ts";

/** Pauses of seconds take a hundredth. */
const clock = {
  ...systemClock,
  sleep: (ms: number, signal?: AbortSignal) => systemClock.sleep(ms / 100, signal),
};

/** A message in work in a queue of which `refuse` says what a retry fails with. */
async function open(t: TestContext, refuse: (tries: number) => Error | undefined) {
  const dir = await tempDir(t);
  const { log } = memoryLog();
  const incoming = new MemoryQueue<IncomingMessage>({ kind: incomingKind, clock });
  const retry = incoming.retry.bind(incoming);
  let tries = 0;
  incoming.retry = (claim, options) => {
    tries += 1;
    const error = refuse(tries);
    return error === undefined ? retry(claim, options) : Promise.reject(error);
  };
  const outgoing = new MemoryQueue<OutgoingMessage>({ kind: outgoingKind, clock });
  const suspected: unknown[] = [];
  const history = await History.open(dir);
  t.after(() => history.close());
  const endings = new Endings({
    incoming,
    history,
    clock,
    log,
    voice: new Voice({ outgoing, clock, log, scrub: (text) => text, ring: () => undefined }),
    threads: await ThreadStore.open({ path: join(dir, "threads.json"), workspaceRoot: dir, clock, log }),
    disk: { level: "ok", suspect: (error) => void suspected.push(error) },
    onTurn: () => undefined,
  });
  await incoming.publish(message("u1"));
  await incoming.open();
  const claim = (await incoming.claim()) as Claim<IncomingMessage>;
  return { endings, claim, incoming, suspected, tries: () => tries };
}

const noRoom = new QueueError("queue_retry_failed", "no room");

test("a message whose return the disk refuses goes back when there is room, and the disk is looked at each time", async (t) => {
  const { endings, claim, incoming, suspected, tries } = await open(t, (n) => (n < 4 ? noRoom : undefined));
  const cause = new Error("why it came to that");
  await endings.putBack(claim, cause);
  assert.deepEqual([tries(), incoming.depth()], [4, { waiting: 1, claimed: 0 }]);
  assert.deepEqual(suspected, [cause, noRoom, noRoom, noRoom]);
});

test("a message whose return the disk refuses keeps no stop waiting", async (t) => {
  const { endings, claim, tries } = await open(t, () => noRoom);
  const ended = endings.putBack(claim, new Error("full"));
  endings.close();
  await assert.rejects(ended, { code: "queue_retry_failed" });
  assert.equal(tries(), 1);
});

test("a sync that fails on the way back is no reason to try again", async (t) => {
  const error = new QueueError("queue_retry_failed", "lost", {
    cause: new SyncError("ledger.jsonl", new Error("EIO")),
  });
  const { endings, claim, tries } = await open(t, () => error);
  await assert.rejects(endings.putBack(claim, new Error("full")), { code: "queue_retry_failed" });
  assert.equal(tries(), 1);
});
