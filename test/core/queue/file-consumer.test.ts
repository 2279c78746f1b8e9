import assert from "node:assert/strict";
import { EventEmitter, once } from "node:events";
import promises, { mkdir, readFile, readdir, rename, rm, unlink, writeFile } from "node:fs/promises";
import { syncBuiltinESMExports } from "node:module";
import { test } from "node:test";
import { encodeEnvelope } from "../../../src/core/queue/envelope.ts";
import { answer, boot } from "./file-support.ts";
import { claimNow, drain, message, mustClaim } from "./support.ts";

test("a claim moves the file to processing, a retry moves it back under its name, a commit deletes it", async (t) => {
  const { incoming, names } = await boot(t);
  await incoming.consumer.open();
  await incoming.producer.publish(message("u1"));
  const name = "0000000000000001.5.u1.json";
  const claim = await mustClaim(incoming.consumer);
  assert.deepEqual([await names("incoming"), await names("processing")], [[], [name]]);
  await incoming.consumer.retry(claim, { delayMs: 0, counts: true, reason: "refused" });
  assert.deepEqual([await names("incoming"), await names("processing")], [[name], []]);
  await incoming.consumer.commit(await mustClaim(incoming.consumer));
  assert.deepEqual([await names("incoming"), await names("processing")], [[], []]);
});

test("outgoing messages are claimed in their place and go when they are committed", async (t) => {
  const { outgoing, names, path } = await boot(t);
  await outgoing.consumer.open();
  await outgoing.producer.publish(answer("u1"));
  await outgoing.producer.publish(answer("u1", { kind: "notice" }));
  const claim = await mustClaim(outgoing.consumer);
  assert.equal((await names("outgoing")).length, 2);
  await outgoing.consumer.commit(claim);
  assert.equal((await names("outgoing")).length, 1);
  assert.match(await readFile(path("sent.jsonl"), "utf8"), /"key":"u1","event":"done","seq":1/);
  assert.equal((await drain(outgoing.consumer)).length, 1);
});

test("a message is found without a doorbell, through the watch", async (t) => {
  const { incoming } = await boot(t);
  await incoming.consumer.open();
  const events = new EventEmitter();
  incoming.consumer.onReady(() => events.emit("ready"));
  const ready = once(events, "ready");
  await incoming.producer.publish(message("u1"));
  await ready;
  assert.equal((await incoming.consumer.claim())?.key, "u1");
});

test("a folder that was deleted and made again is looked through by the rescan, and watched again", async (t) => {
  const { incoming, clock, path } = await boot(t);
  await incoming.consumer.open();
  await rm(path("incoming"), { recursive: true });
  await mkdir(path("incoming"));
  await incoming.producer.publish(message("u1"));
  const events = new EventEmitter();
  incoming.consumer.onReady(() => events.emit("ready"));
  const rescanned = once(events, "ready");
  clock.advance(5000);
  await rescanned;
  assert.equal((await incoming.consumer.claim())?.key, "u1");
  const hinted = once(events, "ready");
  await incoming.producer.publish(message("u2", { threadId: 6 }));
  await hinted;
  assert.equal((await incoming.consumer.claim())?.key, "u2");
});

test("a file that is taken away by hand is forgotten", async (t) => {
  const { incoming, path } = await boot(t);
  await incoming.consumer.open();
  for (const id of ["u1", "u2"]) await incoming.producer.publish(message(id));
  const claim = await mustClaim(incoming.consumer);
  await unlink(path("incoming", "0000000000000002.5.u2.json"));
  assert.equal(await claimNow(incoming.consumer), undefined);
  assert.deepEqual(incoming.consumer.depth(), { waiting: 0, claimed: 1 });
  await unlink(path("processing", "0000000000000001.5.u1.json"));
  await incoming.consumer.commit(claim);
  assert.deepEqual(incoming.consumer.depth(), { waiting: 0, claimed: 0 });
});

test("a file of our name that cannot be read goes to corrupt with the reason, and its lane goes on", async (t) => {
  const { incoming, names, why, corrupt, path } = await boot(t);
  const whole = encodeEnvelope(message("u1"));
  const bad = {
    "0000000000000001.5.empty.json": Buffer.alloc(0),
    "0000000000000002.5.cut.json": whole.subarray(0, -9),
    "0000000000000003.5.bare.json": Buffer.from(JSON.stringify(message("u1"))),
    "0000000000000004.5.shape.json": encodeEnvelope({ message: 5 }),
    "0000000000000005.5.list.json": encodeEnvelope([]),
  };
  for (const [name, bytes] of Object.entries(bad)) await writeFile(path("incoming", name), bytes);
  await mkdir(path("incoming", "0000000000000006.5.folder.json"));
  await writeFile(path("incoming", "0000000000000007.5.good.json"), whole);
  await incoming.consumer.open();
  assert.deepEqual(await drain(incoming.consumer), ["good"]);
  const expected = [...Object.keys(bad), "0000000000000006.5.folder.json"];
  assert.deepEqual(
    (await names("corrupt")).filter((name) => !name.endsWith(".why")),
    expected,
  );
  assert.deepEqual(corrupt.map(({ name }) => name).sort(), expected);
  for (const [name, bytes] of Object.entries(bad)) {
    assert.deepEqual(await readFile(path("corrupt", name)), bytes);
    const { reason } = await why("corrupt", name);
    assert.equal(typeof reason, "string");
  }
  assert.equal((await why("corrupt", "0000000000000001.5.empty.json"))["reason"], "empty");
});

test("what goes to corrupt overwrites nothing there", async (t) => {
  const { incoming, names, path } = await boot(t);
  const name = "0000000000000001.5.u1.json";
  for (const text of ["first", "second", "third"]) {
    await writeFile(path("incoming", name), text);
    if (text === "first") await incoming.consumer.open();
    assert.equal(await claimNow(incoming.consumer), undefined);
    if (text === "first") await unlink(path("corrupt", `${name}.why`));
  }
  const base = name.replace(".json", "");
  assert.deepEqual(await names("corrupt"), [
    `${base}.2.json`,
    `${base}.2.json.why`,
    `${base}.3.json`,
    `${base}.3.json.why`,
    name,
  ]);
  assert.equal(await readFile(path("corrupt", name), "utf8"), "first");
});

test("a second message does not vanish when the first of its key turns out corrupt", async (t) => {
  const { incoming, names, path } = await boot(t);
  await writeFile(path("incoming", "0000000000000001.5.u1.json"), "rubbish");
  await incoming.consumer.open();
  await writeFile(path("incoming", "0000000000000002.5.u1.json"), encodeEnvelope(message("u1")));
  assert.deepEqual(await drain(incoming.consumer), ["u1"]);
  assert.deepEqual((await names("corrupt"))[0], "0000000000000001.5.u1.json");
});

test("a buried message lies in dead-letter whole, with the reason and its tries", async (t) => {
  const { incoming, names, why, path } = await boot(t);
  await incoming.consumer.open();
  await incoming.producer.publish(message("u1"));
  const name = "0000000000000001.5.u1.json";
  const bytes = await readFile(path("incoming", name));
  await incoming.consumer.retry(await mustClaim(incoming.consumer), { delayMs: 0, counts: true, reason: "refused" });
  await incoming.consumer.bury(await mustClaim(incoming.consumer), "refused twice");
  assert.deepEqual(await readFile(path("dead-letter", name)), bytes);
  const { timestamp, ...rest } = await why("dead-letter", name);
  assert.equal(typeof timestamp, "number");
  assert.deepEqual(rest, { reason: "refused twice", key: "u1", failures: 1, crashes: 0 });
  assert.deepEqual([await names("incoming"), await names("processing")], [[], []]);
  await rename(path("dead-letter", name), path("incoming", name));
  const again = await mustClaim(incoming.consumer);
  assert.deepEqual([again.key, again.failures], ["u1", 0]);
});

test("a burial that fails leaves the message in work, and can be tried again", async (t) => {
  const { incoming, names, path } = await boot(t);
  await incoming.consumer.open();
  await incoming.producer.publish(message("u1"));
  const claim = await mustClaim(incoming.consumer);
  await rm(path("dead-letter"), { recursive: true });
  await assert.rejects(incoming.consumer.bury(claim, "refused"), { code: "queue_bury_failed" });
  assert.equal((await names("processing")).length, 1);
  await mkdir(path("dead-letter"));
  await incoming.consumer.bury(claim, "refused");
  assert.deepEqual([await names("processing"), (await names("dead-letter")).length], [[], 2]);
});

test("a buried message whose file cannot be removed is buried all the same, and does not run again", async (t) => {
  const { root, incoming, names, path } = await boot(t);
  await incoming.consumer.open();
  await incoming.producer.publish(message("u1"));
  const claim = await mustClaim(incoming.consumer);
  const real = promises.unlink.bind(promises);
  t.mock.method(promises, "unlink", (file: string) =>
    file.includes("processing")
      ? Promise.reject(Object.assign(new Error("EIO: i/o error"), { code: "EIO" }))
      : real(file),
  );
  syncBuiltinESMExports();
  await incoming.consumer.bury(claim, "refused");
  t.mock.restoreAll();
  syncBuiltinESMExports();
  assert.deepEqual([(await names("processing")).length, (await names("dead-letter")).length], [1, 2]);
  assert.equal(await claimNow(incoming.consumer), undefined);
  assert.match(await readFile(path("ledger.jsonl"), "utf8"), /"event":"dead"[^\n]*\n$/);
  await incoming.consumer.close();
  const { incoming: restarted } = await boot(t, root);
  await restarted.consumer.open();
  assert.equal(await claimNow(restarted.consumer), undefined);
  assert.deepEqual(await names("processing"), []);
});

test("a claim that cannot be moved is a fault, and the message is claimed when the fault is over", async (t) => {
  const { incoming, clock, path } = await boot(t);
  await incoming.consumer.open();
  await incoming.producer.publish(message("u1"));
  await rm(path("processing"), { recursive: true });
  await writeFile(path("processing"), "in the way");
  await assert.rejects(claimNow(incoming.consumer), { code: "queue_claim_failed" });
  await rm(path("processing"));
  await mkdir(path("processing"));
  assert.equal(await claimNow(incoming.consumer), undefined);
  clock.advance(1000);
  assert.equal((await mustClaim(incoming.consumer)).key, "u1");
});

test("names that are not *.json, and hidden ones, are left alone", async (t) => {
  const { incoming, names, path } = await boot(t);
  const others = [".hidden.json", "notes.txt", "x.json.tmp"];
  for (const name of others) await writeFile(path("incoming", name), "{}");
  await incoming.consumer.open();
  assert.equal(await claimNow(incoming.consumer), undefined);
  assert.deepEqual(await names("incoming"), others);
});

test("after close nothing is watched, and a claim is refused", async (t) => {
  const { incoming, path } = await boot(t);
  await incoming.consumer.open();
  await incoming.consumer.close();
  await incoming.consumer.close();
  await assert.rejects(incoming.consumer.claim(), { code: "queue_not_open" });
  assert.deepEqual(await readdir(path("incoming")), []);
});
