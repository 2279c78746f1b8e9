/** What an earlier use of an id means for a message that bears it: within 48 h all, after that nothing. */
import assert from "node:assert/strict";
import { appendFile, rename, rm } from "node:fs/promises";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { answer, boot } from "./file-support.ts";
import type { Run } from "./file-support.ts";
import { claimNow, drain, message, mustClaim } from "./support.ts";

const WEEK_MS = 7 * 24 * 3_600_000;

/** A queue whose ledgers know of an id that was used a week ago. */
async function weekLater(t: TestContext, event: "done" | "dead" = "done"): Promise<Run> {
  const run = await boot(t);
  await run.incoming.consumer.open();
  await run.incoming.producer.publish(message("before"));
  await run.outgoing.producer.publish(answer("before"));
  await drain(run.incoming.consumer);
  await run.outgoing.consumer.open();
  await drain(run.outgoing.consumer);
  await run.incoming.consumer.close();
  await run.outgoing.consumer.close();
  const timestamp = run.clock.now() - WEEK_MS;
  const line = (seq: number): string => `${JSON.stringify({ timestamp, key: "weekly", event, seq })}\n`;
  await appendFile(run.path("ledger.jsonl"), line(1));
  await appendFile(run.path("sent.jsonl"), line(2));
  return boot(t, run.root);
}

for (const event of ["done", "dead"] as const) {
  test(`an id that was ${event} a week ago is a new message, over a restart while it waits`, async (t) => {
    const run = await weekLater(t, event);
    await run.incoming.consumer.open();
    await run.incoming.producer.publish(message("weekly"));
    await run.incoming.consumer.close();
    const next = await boot(t, run.root);
    await next.incoming.consumer.open();
    assert.deepEqual(await drain(next.incoming.consumer), ["weekly"]);
  });

  test(`an id that was ${event} a week ago is a new message, over a kill while it is in work`, async (t) => {
    const run = await weekLater(t, event);
    await run.incoming.consumer.open();
    await run.incoming.producer.publish(message("weekly"));
    await mustClaim(run.incoming.consumer);
    const next = await boot(t, run.root);
    await next.incoming.consumer.open();
    const claim = await mustClaim(next.incoming.consumer);
    assert.deepEqual([claim.key, claim.crashes], ["weekly", 1]);
  });

  test(`the answer to an id that was ${event} a week ago goes out, also after a restart while its question waits`, async (t) => {
    const run = await weekLater(t, event);
    await run.incoming.consumer.open();
    await run.incoming.producer.publish(message("weekly"));
    const claim = await mustClaim(run.incoming.consumer);
    await run.outgoing.consumer.open();
    await run.outgoing.producer.publish(answer("weekly"));
    await run.incoming.consumer.commit(claim);
    await run.outgoing.consumer.close();
    const next = await boot(t, run.root);
    await next.outgoing.consumer.open();
    assert.deepEqual(await drain(next.outgoing.consumer), ["weekly"]);
  });
}

test("after 48 hours without any other message an id is a new message too", async (t) => {
  const run = await boot(t);
  await run.incoming.consumer.open();
  await run.incoming.producer.publish(message("weekly"));
  assert.deepEqual(await drain(run.incoming.consumer), ["weekly"]);
  run.clock.advance(WEEK_MS);
  await run.incoming.producer.publish(message("weekly"));
  assert.deepEqual(await drain(run.incoming.consumer), ["weekly"]);
});

test("a dead letter that is moved back by hand under another name is run", async (t) => {
  const run = await boot(t);
  await run.incoming.consumer.open();
  await run.incoming.producer.publish(message("u1"));
  await run.incoming.consumer.bury(await mustClaim(run.incoming.consumer), "no");
  const [name = ""] = await run.names("dead-letter");
  await rename(run.path("dead-letter", name), run.path("incoming", "0000000000000009.5.u1.json"));
  assert.deepEqual(await drain(run.incoming.consumer), ["u1"]);
});

test("the repeat of a dead letter is removed while that lies there, and run when nothing else is left of it", async (t) => {
  const run = await boot(t);
  await run.incoming.consumer.open();
  const bury = async (id: string): Promise<void> => {
    await run.incoming.producer.publish(message(id));
    await run.incoming.consumer.bury(await mustClaim(run.incoming.consumer), "no");
  };
  await bury("u1");
  await run.incoming.producer.publish(message("u1"));
  assert.deepEqual(await drain(run.incoming.consumer), []);
  await rm(run.path("dead-letter"), { recursive: true });
  for (const text of ["once", "twice"]) await run.incoming.producer.publish(message("u1", { message: text }));
  const claim = await mustClaim(run.incoming.consumer);
  assert.equal(await claimNow(run.incoming.consumer), undefined);
  assert.deepEqual([claim.message.message, await run.names("incoming")], ["once", []]);
  await run.incoming.consumer.commit(claim);
  assert.equal(await claimNow(run.incoming.consumer), undefined);
});

for (const isSent of [true, false]) {
  const where = isSent ? "was sent" : "waits";
  test(`within 48 hours a message is answered by an answer that ${where}, whatever their numbers`, async (t) => {
    const first = await boot(t);
    await first.incoming.consumer.open();
    await first.incoming.producer.publish(message("u1"));
    const [name = ""] = await first.names("incoming");
    await mustClaim(first.incoming.consumer);
    await first.outgoing.producer.publish(answer("u1"));
    await first.outgoing.consumer.open();
    if (isSent) assert.deepEqual(await drain(first.outgoing.consumer), ["u1"]);
    await first.incoming.consumer.close();
    // Numbers that a power failure takes back are given again.
    await rename(first.path("processing", name), first.path("processing", "0000000000000009.5.u1.json"));
    await rm(first.path("ledger.jsonl"));
    const next = await boot(t, first.root);
    await next.incoming.consumer.open();
    assert.deepEqual(await drain(next.incoming.consumer), []);
  });
}
