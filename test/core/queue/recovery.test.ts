import assert from "node:assert/strict";
import { appendFile, link, readFile, rename, symlink, writeFile } from "node:fs/promises";
import { test } from "node:test";
import { encodeEnvelope } from "../../../src/core/queue/envelope.ts";
import { answer, boot } from "./file-support.ts";
import { claimNow, drain, message, mustClaim } from "./support.ts";

test("a message in work at the stop is put back under its name and comes first", async (t) => {
  const first = await boot(t);
  await first.incoming.consumer.open();
  for (const id of ["u1", "u2"]) await first.incoming.producer.publish(message(id));
  await mustClaim(first.incoming.consumer);
  const second = await boot(t, first.root);
  await second.incoming.consumer.open();
  assert.deepEqual(await second.names("incoming"), ["0000000000000001.5.u1.json", "0000000000000002.5.u2.json"]);
  await second.incoming.producer.publish(message("u3"));
  const claim = await mustClaim(second.incoming.consumer);
  assert.deepEqual([claim.key, claim.crashes], ["u1", 1]);
  await second.incoming.consumer.commit(claim);
  assert.deepEqual(await drain(second.incoming.consumer), ["u2", "u3"]);
});

test("a message whose answer waits in outgoing is not run again", async (t) => {
  const first = await boot(t);
  await first.incoming.consumer.open();
  await first.incoming.producer.publish(message("u1"));
  await mustClaim(first.incoming.consumer);
  await first.outgoing.producer.publish(answer("u1"));
  const second = await boot(t, first.root);
  await second.incoming.consumer.open();
  assert.equal(await claimNow(second.incoming.consumer), undefined);
  assert.deepEqual(await second.names("processing"), []);
  assert.match(await readFile(second.path("ledger.jsonl"), "utf8"), /"key":"u1","event":"done"/);
});

test("a message whose answer was sent is not run again, though a power failure put it back in incoming", async (t) => {
  const first = await boot(t);
  await first.incoming.consumer.open();
  await first.outgoing.consumer.open();
  await first.incoming.producer.publish(message("u1"));
  await mustClaim(first.incoming.consumer);
  await first.outgoing.producer.publish(answer("u1"));
  assert.deepEqual(await drain(first.outgoing.consumer), ["u1"]);
  const name = "0000000000000001.5.u1.json";
  await rename(first.path("processing", name), first.path("incoming", name));
  const second = await boot(t, first.root);
  await second.incoming.consumer.open();
  assert.equal(await claimNow(second.incoming.consumer), undefined);
  assert.deepEqual(await second.names("incoming"), []);
});

test("a message in processing whose try was not recorded is not run again either when its answer is there", async (t) => {
  const run = await boot(t);
  await writeFile(run.path("processing", "0000000000000001.5.u1.json"), encodeEnvelope(message("u1")));
  await run.outgoing.producer.publish(answer("u1"));
  await run.incoming.consumer.open();
  assert.equal(await claimNow(run.incoming.consumer), undefined);
  assert.deepEqual(await run.names("processing"), []);
});

test("a notice about a message is no answer to it", async (t) => {
  const first = await boot(t);
  await first.incoming.consumer.open();
  await first.incoming.producer.publish(message("u1"));
  await mustClaim(first.incoming.consumer);
  await first.outgoing.producer.publish(answer("u1", { kind: "notice" }));
  const second = await boot(t, first.root);
  await second.incoming.consumer.open();
  assert.equal((await mustClaim(second.incoming.consumer)).key, "u1");
});

test("a finished message whose file was not unlinked is unlinked", async (t) => {
  const first = await boot(t);
  await writeFile(first.path("processing", "0000000000000001.5.u1.json"), encodeEnvelope(message("u1")));
  const done = { timestamp: first.clock.now(), key: "u1", event: "done", seq: 1 };
  await appendFile(first.path("ledger.jsonl"), `${JSON.stringify(done)}\n`);
  await first.incoming.consumer.open();
  assert.equal(await claimNow(first.incoming.consumer), undefined);
  assert.deepEqual(await first.names("processing"), []);
  assert.deepEqual(first.log.lines, []);
});

const DAYS = 24 * 3_600_000;

for (const folder of ["processing", "incoming"]) {
  test(`a finished message that a power failure left in ${folder} is not run after weeks without power`, async (t) => {
    const run = await boot(t);
    await writeFile(run.path(folder, "0000000000000001.5.u1.json"), encodeEnvelope(message("u1")));
    const done = { timestamp: run.clock.now() - 30 * DAYS, key: "u1", event: "done", seq: 1 };
    await appendFile(run.path("ledger.jsonl"), `${JSON.stringify(done)}\n`);
    await run.incoming.consumer.open();
    assert.equal(await claimNow(run.incoming.consumer), undefined);
    assert.deepEqual(await run.names(folder), []);
  });
}

test("a message whose answer was posted weeks ago, before a power failure, is not run again", async (t) => {
  const run = await boot(t);
  await writeFile(run.path("processing", "0000000000000001.5.u1.json"), encodeEnvelope(message("u1")));
  const old = run.clock.now() - 30 * DAYS;
  const lines = Array.from({ length: 1001 }, (_, n) => ({ timestamp: old, key: `k${n}`, event: "done", seq: n + 2 }));
  lines.push({ timestamp: old, key: "u1", event: "done", seq: 2000 });
  await appendFile(run.path("sent.jsonl"), lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
  await run.outgoing.consumer.open();
  assert.equal((await readFile(run.path("sent.jsonl"), "utf8")).split("\n").length, 2, "the ledger was not rewritten");
  await run.incoming.consumer.open();
  assert.equal(await claimNow(run.incoming.consumer), undefined);
});

test("an answer that a power failure brought back is not posted again after weeks without power", async (t) => {
  const run = await boot(t);
  await writeFile(run.path("outgoing", "0000000000000001.5.u1.json"), encodeEnvelope(answer("u1")));
  const done = { timestamp: run.clock.now() - 30 * DAYS, key: "u1", event: "done", seq: 1 };
  await appendFile(run.path("sent.jsonl"), `${JSON.stringify(done)}\n`);
  await run.outgoing.consumer.open();
  assert.equal(await claimNow(run.outgoing.consumer), undefined);
  assert.deepEqual(await run.names("outgoing"), []);
});

test("a message that waits keeps its failures over weeks, in this life and the next", async (t) => {
  const first = await boot(t);
  await first.incoming.consumer.open();
  await first.incoming.producer.publish(message("u1"));
  const retry = { delayMs: 0, counts: true, reason: "no" };
  for (const delayMs of [0, 0, 31 * DAYS]) {
    await first.incoming.consumer.retry(await mustClaim(first.incoming.consumer), { ...retry, delayMs });
  }
  first.clock.advance(30 * DAYS);
  await first.incoming.producer.publish(message("u2", { threadId: 6 }));
  assert.deepEqual(await drain(first.incoming.consumer), ["u2"]);
  first.clock.advance(2 * DAYS);
  const late = await mustClaim(first.incoming.consumer);
  assert.deepEqual([late.key, late.failures], ["u1", 3]);
  await first.incoming.consumer.retry(late, { ...retry, counts: false });
  const second = await boot(t, first.root);
  second.clock.advance(90 * DAYS);
  await second.incoming.consumer.open();
  assert.equal((await mustClaim(second.incoming.consumer)).failures, 3);
});

test("a message whose answer could not be posted, and was put aside, is not run again", async (t) => {
  const first = await boot(t);
  await first.incoming.consumer.open();
  await first.outgoing.consumer.open();
  await first.incoming.producer.publish(message("u1"));
  await mustClaim(first.incoming.consumer);
  await first.outgoing.producer.publish(answer("u1"));
  await first.outgoing.consumer.bury(await mustClaim(first.outgoing.consumer), "Telegram refuses it");
  const second = await boot(t, first.root);
  await second.incoming.consumer.open();
  assert.equal(await claimNow(second.incoming.consumer), undefined);
  assert.deepEqual(await second.names("processing"), []);
});

test("a burial that was cut short is completed", async (t) => {
  const first = await boot(t);
  await first.incoming.consumer.open();
  await first.incoming.producer.publish(message("u1"));
  await mustClaim(first.incoming.consumer);
  const name = "0000000000000001.5.u1.json";
  await link(first.path("processing", name), first.path("dead-letter", name));
  const second = await boot(t, first.root);
  await second.incoming.consumer.open();
  assert.equal(await claimNow(second.incoming.consumer), undefined);
  assert.deepEqual([await second.names("processing"), await second.names("dead-letter")], [[], [name]]);
});

test("leftovers in tmp are deleted, what this run or another program writes there is not", async (t) => {
  const first = await boot(t);
  const left = "0000000000000001.5.u1.json";
  await writeFile(first.path("tmp", left), "half");
  const second = await boot(t, first.root);
  assert.equal(second.sequence.next(), 2);
  const own = "0000000000000002.5.u2.json";
  await writeFile(second.path("tmp", own), "being written");
  await writeFile(second.path("tmp", "someone.json"), "being written");
  await second.incoming.consumer.open();
  assert.deepEqual(await second.names("tmp"), [own, "someone.json"]);
});

test("what lies in processing and is no message of ours is adopted or put aside", async (t) => {
  const first = await boot(t);
  await symlink("/etc/passwd", first.path("processing", "link.json"));
  await writeFile(first.path("processing", "hello.json"), '{"messageId":"hi","message":"hello"}');
  await first.incoming.consumer.open();
  assert.deepEqual(await drain(first.incoming.consumer), ["hi"]);
  assert.deepEqual(await first.names("processing"), []);
  assert.deepEqual(await first.names("corrupt"), ["link.json", "link.json.why"]);
});

test("numbers go on after a restart, so that order survives it", async (t) => {
  const first = await boot(t);
  for (const id of ["u1", "u2"]) await first.incoming.producer.publish(message(id));
  const second = await boot(t, first.root);
  for (const id of ["u3", "u4"]) await second.incoming.producer.publish(message(id));
  await second.incoming.consumer.open();
  assert.deepEqual(await drain(second.incoming.consumer), ["u1", "u2", "u3", "u4"]);
});
