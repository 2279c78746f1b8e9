import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { TestContext } from "node:test";
import type { IncomingMessage } from "../../src/core/queue/message.ts";
import type { Consumer, Producer } from "../../src/core/queue/queue.ts";
import { claimNow, drain, message, mustClaim } from "../core/queue/support.ts";
import type { ManualClock } from "../core/queue/support.ts";

export interface QueueHarness {
  readonly clock: ManualClock;
  readonly producer: Producer<IncomingMessage>;
  /** Not opened yet. */
  readonly consumer: Consumer<IncomingMessage>;
  /** Ends the consumer as a crash would, and opens another over what it left. */
  restart(): Promise<Consumer<IncomingMessage>>;
}

/** What every implementation of the queue's port does. */
export function queueContract(name: string, make: (t: TestContext) => Promise<QueueHarness>): void {
  const opened = async (t: TestContext): Promise<QueueHarness> => {
    const harness = await make(t);
    await harness.consumer.open();
    return harness;
  };

  describe(`${name}: publish and claim`, () => {
    test("a published message is claimed whole, under its key and in its lane", async (t) => {
      const { producer, consumer } = await opened(t);
      const sent = message("u1", { topicName: "API", message: "line\nline 🦀 \ud800" });
      await producer.publish(sent);
      const claim = await mustClaim(consumer);
      assert.deepEqual(
        { ...claim },
        { key: "u1", lane: 5, message: { ...sent, message: claim.message.message }, failures: 0, crashes: 0 },
      );
      assert.equal(claim.message.message, sent.message);
    });

    test("an empty queue has nothing to claim", async (t) => {
      const { consumer } = await opened(t);
      assert.equal(await claimNow(consumer), undefined);
    });

    test("a messageId of any characters and length names its message", async (t) => {
      const { producer, consumer } = await opened(t);
      const ids = ["../../etc/passwd", "ключ", "x".repeat(256), "a b\n"];
      for (const id of [...ids, ...ids]) await producer.publish(message(id));
      const keys = await drain(consumer);
      assert.equal(keys.length, ids.length);
      for (const key of keys) assert.match(key, /^h[0-9a-f]{32}$/);
    });

    test("a message of the wrong shape is refused", async (t) => {
      const { producer, consumer } = await opened(t);
      await assert.rejects(producer.publish(message("u1", { threadId: -1 })), { code: "queue_message_invalid" });
      assert.equal(await claimNow(consumer), undefined);
    });

    test("a lane keeps the order in which its messages were published, at once or one by one", async (t) => {
      const { producer, consumer } = await opened(t);
      const ids = Array.from({ length: 40 }, (_, n) => `u${n}`);
      await Promise.all(ids.slice(0, 30).map((id) => producer.publish(message(id))));
      for (const id of ids.slice(30)) await producer.publish(message(id));
      assert.deepEqual(await drain(consumer), ids);
    });

    test("the queue cannot be used before it is opened", async (t) => {
      const { consumer } = await make(t);
      await assert.rejects(consumer.claim(), { code: "queue_not_open" });
    });
  });

  describe(`${name}: lanes`, () => {
    test("a lane has one message in work, and the others go on", async (t) => {
      const { producer, consumer } = await opened(t);
      await producer.publish(message("a1", { threadId: 1 }));
      await producer.publish(message("a2", { threadId: 1 }));
      await producer.publish(message("b1", { threadId: 2 }));
      const first = await mustClaim(consumer);
      const second = await mustClaim(consumer);
      assert.deepEqual([first.key, second.key], ["a1", "b1"]);
      assert.equal(await claimNow(consumer), undefined);
      await consumer.commit(first);
      assert.equal((await mustClaim(consumer)).key, "a2");
    });

    test("lanes take turns, however many messages one of them has", async (t) => {
      const { producer, consumer } = await opened(t);
      for (let n = 0; n < 4; n += 1) await producer.publish(message(`a${n}`, { threadId: 1 }));
      for (let n = 0; n < 2; n += 1) await producer.publish(message(`b${n}`, { threadId: 2 }));
      await producer.publish(message("c0", { threadId: 3 }));
      assert.deepEqual(await drain(consumer), ["a0", "b0", "c0", "a1", "b1", "a2", "a3"]);
    });

    test("depth and lanes tell what waits and what is in work", async (t) => {
      const { producer, consumer } = await opened(t);
      await producer.publish(message("a1", { threadId: 1 }));
      await producer.publish(message("a2", { threadId: 1 }));
      await producer.publish(message("b1", { threadId: 2 }));
      const claim = await mustClaim(consumer);
      assert.deepEqual(consumer.depth(), { waiting: 2, claimed: 1 });
      const lanes = new Map(consumer.lanes());
      assert.deepEqual(lanes.get(1), { waiting: 1, claimed: true });
      assert.deepEqual(lanes.get(2), { waiting: 1, claimed: false });
      await consumer.commit(claim);
      await drain(consumer);
      assert.deepEqual(consumer.depth(), { waiting: 0, claimed: 0 });
      assert.equal(consumer.lanes().size, 0);
    });

    test("onReady calls when a message comes, and when an ended claim frees its lane", async (t) => {
      const { producer, consumer } = await opened(t);
      let calls = 0;
      const called = new Promise<void>((resolve) => {
        consumer.onReady(() => {
          calls += 1;
          resolve();
        });
      });
      await producer.publish(message("u1"));
      await producer.publish(message("u2"));
      consumer.notify();
      await called;
      const claim = await mustClaim(consumer);
      const before = calls;
      await consumer.commit(claim);
      assert.ok(calls > before, "the next message of the lane is announced");
    });
  });

  describe(`${name}: endings`, () => {
    test("a key that waits, is in work or is finished is not taken a second time", async (t) => {
      const { producer, consumer } = await opened(t);
      await producer.publish(message("u1"));
      await producer.publish(message("u1"));
      const claim = await mustClaim(consumer);
      await producer.publish(message("u1", { threadId: 9 }));
      assert.equal(await claimNow(consumer), undefined);
      await consumer.commit(claim);
      await producer.publish(message("u1"));
      assert.equal(await claimNow(consumer), undefined);
      assert.deepEqual(consumer.depth(), { waiting: 0, claimed: 0 });
    });

    test("a key given to publish stands in for the message's own", async (t) => {
      const { producer, consumer } = await opened(t);
      await producer.publish(message("u1"), "first");
      await producer.publish(message("u1"), "second");
      assert.deepEqual(await drain(consumer), ["first", "second"]);
    });

    test("a retry that counts is a failure, comes first in its lane, and one that does not is none", async (t) => {
      const { producer, consumer } = await opened(t);
      await producer.publish(message("u1"));
      await producer.publish(message("u2"));
      await consumer.retry(await mustClaim(consumer), { delayMs: 0, counts: true, reason: "refused" });
      await consumer.retry(await mustClaim(consumer), { delayMs: 0, counts: false, reason: "out of quota" });
      const claim = await mustClaim(consumer);
      assert.deepEqual([claim.key, claim.failures, claim.crashes], ["u1", 1, 0]);
    });

    test("a delayed retry holds its lane and no other, until the delay has passed", async (t) => {
      const { clock, producer, consumer } = await opened(t);
      await producer.publish(message("a1", { threadId: 1 }));
      await producer.publish(message("a2", { threadId: 1 }));
      await consumer.retry(await mustClaim(consumer), { delayMs: 5000, counts: true, reason: "refused" });
      await producer.publish(message("b1", { threadId: 2 }));
      assert.equal((await mustClaim(consumer)).key, "b1");
      clock.advance(4999);
      assert.equal(await claimNow(consumer), undefined);
      let ready = false;
      consumer.onReady(() => {
        ready = true;
      });
      clock.advance(1);
      assert.ok(ready);
      assert.equal((await mustClaim(consumer)).key, "a1");
    });

    test("a buried message is gone, its lane goes on, and its key may be put again", async (t) => {
      const { producer, consumer } = await opened(t);
      await producer.publish(message("u1"));
      await producer.publish(message("u2"));
      await consumer.retry(await mustClaim(consumer), { delayMs: 0, counts: true, reason: "refused" });
      await consumer.bury(await mustClaim(consumer), "five failures");
      assert.equal((await mustClaim(consumer)).key, "u2");
      await producer.publish(message("u1", { threadId: 9 }));
      const again = await mustClaim(consumer);
      assert.deepEqual([again.key, again.failures], ["u1", 0]);
    });

    test("a claim ends once", async (t) => {
      const { producer, consumer } = await opened(t);
      await producer.publish(message("u1"));
      const claim = await mustClaim(consumer);
      await consumer.commit(claim);
      await assert.rejects(consumer.commit(claim), { code: "queue_claim_unknown" });
      await assert.rejects(consumer.retry(claim, { delayMs: 0, counts: true, reason: "" }), {
        code: "queue_claim_unknown",
      });
      await assert.rejects(consumer.bury(claim, ""), { code: "queue_claim_unknown" });
    });
  });

  describe(`${name}: restart`, () => {
    test("what waited and what was in work comes back in order; the death of the consumer is counted", async (t) => {
      const harness = await opened(t);
      for (const id of ["u1", "u2", "u3"]) await harness.producer.publish(message(id));
      await mustClaim(harness.consumer);
      let consumer = await harness.restart();
      const first = await mustClaim(consumer);
      assert.deepEqual([first.key, first.failures, first.crashes], ["u1", 0, 1]);
      consumer = await harness.restart();
      const second = await mustClaim(consumer);
      assert.deepEqual([second.key, second.crashes], ["u1", 2]);
      await consumer.commit(second);
      assert.deepEqual(await drain(consumer), ["u2", "u3"]);
    });

    test("failures are remembered, finished messages are not run again", async (t) => {
      const harness = await opened(t);
      await harness.producer.publish(message("u1"));
      await harness.producer.publish(message("u2"));
      await harness.consumer.commit(await mustClaim(harness.consumer));
      await harness.consumer.retry(await mustClaim(harness.consumer), { delayMs: 60_000, counts: true, reason: "" });
      const consumer = await harness.restart();
      await harness.producer.publish(message("u1"));
      const claim = await mustClaim(consumer);
      assert.deepEqual([claim.key, claim.failures, claim.crashes], ["u2", 1, 0]);
      await consumer.commit(claim);
      assert.equal(await claimNow(consumer), undefined);
    });
  });
}
