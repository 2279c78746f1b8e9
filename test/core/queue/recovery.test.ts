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
