import assert from "node:assert/strict";
import { describe, test } from "node:test";
import type { TestContext } from "node:test";
import type { IncomingMessage } from "../../src/core/queue/message.ts";
import type { Claim, Consumer, Producer } from "../../src/core/queue/queue.ts";
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
      const { clock, producer, consumer } = await opened(t);
      const sent = message("u1", { topicName: "API", message: "line\nline 🦀 \ud800" });
      await producer.publish(sent);
      const claim = await mustClaim(consumer);
      assert.deepEqual(
        { ...claim },
        {
          key: "u1",
          lane: 5,
          message: { ...sent, message: claim.message.message },
          failures: 0,
          crashes: 0,
          firstTried: clock.now(),
        },
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

  describe(`${name}: ranks`, () => {
    test("threads with a person's message come first, then those with a machine's, then heartbeats", async (t) => {
      const { producer, consumer } = await opened(t);
      for (const [n, source] of (["heartbeat", "system", "cross-thread", "cli", "user"] as const).entries()) {
        await producer.publish(message(source, { source, threadId: n + 1 }));
      }
      assert.deepEqual(await drain(consumer), ["cli", "user", "system", "cross-thread", "heartbeat"]);
    });

    test("threads of a rank take turns, and a better rank that comes meanwhile goes before them", async (t) => {
      const { producer, consumer } = await opened(t);
      for (const id of ["a0", "a1", "b0", "b1"]) {
        await producer.publish(message(id, { source: "cross-thread", threadId: id.startsWith("a") ? 1 : 2 }));
      }
      const first = await mustClaim(consumer);
      await consumer.commit(first);
      await producer.publish(message("u0", { threadId: 3 }));
      assert.deepEqual([first.key, ...(await drain(consumer))], ["a0", "u0", "b0", "a1", "b1"]);
    });

    test("a thread keeps its order whatever the sources, and a person's message draws forward what is before it", async (t) => {
      const { producer, consumer } = await opened(t);
      await producer.publish(message("x1", { source: "cross-thread", threadId: 2 }));
      await producer.publish(message("h1", { source: "heartbeat", threadId: 1 }));
      await producer.publish(message("x2", { source: "cross-thread", threadId: 1 }));
      await producer.publish(message("u1", { threadId: 1 }));
      assert.deepEqual(await drain(consumer), ["h1", "x2", "u1", "x1"]);
    });

    test("one heartbeat is in work at a time, and the next is announced and claimed when it ends, however it ends", async (t) => {
      const { producer, consumer } = await opened(t);
      for (const n of [1, 2, 3, 4]) await producer.publish(message(`h${n}`, { source: "heartbeat", threadId: n }));
      await producer.publish(message("u1", { threadId: 5 }));
      let calls = 0;
      consumer.onReady(() => {
        calls += 1;
      });
      assert.equal((await mustClaim(consumer)).key, "u1");
      const endings = [
        (claim: Claim<IncomingMessage>) => consumer.retry(claim, { delayMs: 5000, counts: true, reason: "refused" }),
        (claim: Claim<IncomingMessage>) => consumer.bury(claim, "refused"),
        (claim: Claim<IncomingMessage>) => consumer.commit(claim),
      ];
      for (const [n, end] of endings.entries()) {
        const claim = await mustClaim(consumer);
        assert.equal(claim.key, `h${n + 1}`);
        assert.equal(await claimNow(consumer), undefined);
        const before = calls;
        await end(claim);
        assert.ok(calls > before, "the next heartbeat is announced");
      }
      assert.equal((await mustClaim(consumer)).key, "h4");
    });

    test("a heartbeat behind which a person waits does not wait for the one in work; another waits for both", async (t) => {
      const { producer, consumer } = await opened(t);
      await producer.publish(message("h1", { source: "heartbeat", threadId: 1 }));
      const running = await mustClaim(consumer);
      await producer.publish(message("h2", { source: "heartbeat", threadId: 2 }));
      await producer.publish(message("h3", { source: "heartbeat", threadId: 3 }));
      await producer.publish(message("u3", { threadId: 3 }));
      const drawn = await mustClaim(consumer);
      assert.equal(drawn.key, "h3", "the thread keeps its order");
      await producer.publish(message("x4", { source: "cross-thread", threadId: 4 }));
      assert.equal((await mustClaim(consumer)).key, "x4");
      await consumer.commit(running);
      assert.equal(await claimNow(consumer), undefined);
      await consumer.commit(drawn);
      assert.deepEqual(await drain(consumer), ["u3", "h2"]);
    });

    test("ranks outlive the consumer", async (t) => {
      const harness = await opened(t);
      for (const [n, source] of (["heartbeat", "cross-thread", "heartbeat", "user"] as const).entries()) {
        await harness.producer.publish(message(`${source}-${n}`, { source, threadId: n + 1 }));
      }
      harness.consumer.notify();
      const consumer = await harness.restart();
      assert.deepEqual(await drain(consumer), ["user-3", "cross-thread-1", "heartbeat-0", "heartbeat-2"]);
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

    test("a buried message is gone, its lane goes on, and its key is not taken a second time", async (t) => {
      const { producer, consumer } = await opened(t);
      await producer.publish(message("u1"));
      await producer.publish(message("u2"));
      await consumer.retry(await mustClaim(consumer), { delayMs: 0, counts: true, reason: "refused" });
      await consumer.bury(await mustClaim(consumer), "five failures");
      await producer.publish(message("u1", { threadId: 9 }));
      assert.deepEqual(await drain(consumer), ["u2"]);
      assert.deepEqual(consumer.depth(), { waiting: 0, claimed: 0 });
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

    test("the time of the first try is kept over retries, deaths and restarts", async (t) => {
      const harness = await opened(t);
      const { clock, producer } = harness;
      const retry = { delayMs: 0, counts: true, reason: "refused" };
      await producer.publish(message("u1"));
      const first = await mustClaim(harness.consumer);
      assert.equal(first.firstTried, clock.now());
      clock.advance(1000);
      await harness.consumer.retry(first, retry);
      await mustClaim(harness.consumer);
      clock.advance(1000);
      const consumer = await harness.restart();
      const last = await mustClaim(consumer);
      assert.equal(last.firstTried, first.firstTried);
    });

    test("a buried message that its sender repeats is not run after a restart either", async (t) => {
      const harness = await opened(t);
      await harness.producer.publish(message("u1"));
      await harness.consumer.bury(await mustClaim(harness.consumer), "refused");
      const consumer = await harness.restart();
      await harness.producer.publish(message("u1"));
      assert.equal(await claimNow(consumer), undefined);
      assert.deepEqual(consumer.depth(), { waiting: 0, claimed: 0 });
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
