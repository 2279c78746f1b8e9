import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { link, mkdir, readFile, rename, symlink, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { Adoption, adoptDropped } from "../../../src/core/queue/adoption.ts";
import { parseEnvelope } from "../../../src/core/queue/envelope.ts";
import { incomingKind } from "../../../src/core/queue/kinds.ts";
import { answer, boot } from "./file-support.ts";
import type { Run } from "./file-support.ts";
import { ManualClock, claimNow, drain, message, mustClaim, temporaryFolder } from "./support.ts";

/** Drops a file whole, as one that was last written `ageMs` ago. */
async function drop(run: Run, name: string, content: string | Buffer, ageMs = 60_000): Promise<void> {
  const elsewhere = run.path("elsewhere");
  await writeFile(elsewhere, content);
  const at = new Date(run.clock.now() - ageMs);
  await utimes(elsewhere, at, at);
  await rename(elsewhere, run.path("incoming", name));
}

test("a dropped file with a text alone becomes a message of General under a name of ours", async (t) => {
  const run = await boot(t);
  await run.incoming.consumer.open();
  await drop(run, "hello.json", '{"message":"hello"}\n', 0);
  const claim = await mustClaim(run.incoming.consumer);
  assert.match(claim.key, /^d[0-9a-f]{32}$/);
  const { message: text, threadId, source, channel, sender, timestamp } = claim.message;
  assert.deepEqual([text, threadId, source, channel, sender], ["hello", 1, "cli", "telegram", "cli"]);
  assert.equal(timestamp, run.clock.now());
  assert.deepEqual(await run.names("incoming"), []);
  const [name = ""] = await run.names("processing");
  assert.equal(name, `0000000000000001.1.${claim.key}.json`);
  assert.equal(parseEnvelope(await readFile(run.path("processing", name))).status, "ok");
});

test("dropped files come in the order in which they were written, and those with one messageId once", async (t) => {
  const run = await boot(t);
  await drop(run, "b.json", JSON.stringify({ messageId: "first", message: "1" }), 3000);
  await drop(run, "a.json", JSON.stringify({ messageId: "second", message: "2", ts: 17 }, null, 2), 2000);
  await drop(run, "c.json", JSON.stringify({ messageId: "first", message: "1" }), 1000);
  await run.incoming.consumer.open();
  assert.deepEqual(await drain(run.incoming.consumer), ["first", "second"]);
  await drop(run, "d.json", JSON.stringify({ messageId: "second", message: "2" }));
  assert.equal(await claimNow(run.incoming.consumer), undefined);
  assert.deepEqual(await run.names("incoming"), []);
});

test("a stop between the storing of a dropped message and the removal of its file does not double it", async (t) => {
  const run = await boot(t);
  await run.incoming.consumer.open();
  await writeFile(run.path("hello"), '{"message":"hello"}');
  await link(run.path("hello"), run.path("kept"));
  await rename(run.path("hello"), run.path("incoming", "hello.json"));
  const claim = await mustClaim(run.incoming.consumer);
  await rename(run.path("kept"), run.path("incoming", "hello.json"));
  assert.equal(await claimNow(run.incoming.consumer), undefined);
  await run.incoming.consumer.commit(claim);
  assert.equal(await claimNow(run.incoming.consumer), undefined);
  assert.deepEqual(await run.names("incoming"), []);
});

test("a file that is still being written gets a second look, and is corrupt when it stays as it was", async (t) => {
  const run = await boot(t);
  await run.incoming.consumer.open();
  await drop(run, "slow.json", '{"mess', 0);
  await drop(run, "stuck.json", "", 0);
  assert.equal(await claimNow(run.incoming.consumer), undefined);
  assert.deepEqual(await run.names("incoming"), ["slow.json", "stuck.json"]);
  run.clock.advance(500);
  assert.equal(await claimNow(run.incoming.consumer), undefined);
  assert.equal((await run.names("incoming")).length, 2);
  await drop(run, "slow.json", '{"message":"done"}', 0);
  run.clock.advance(600);
  const claim = await mustClaim(run.incoming.consumer);
  assert.equal(claim.message.message, "done");
  assert.equal(await claimNow(run.incoming.consumer), undefined);
  assert.deepEqual(await run.names("corrupt"), ["stuck.json", "stuck.json.why"]);
});

test("a file that went away before its second look is forgotten", async (t) => {
  const dir = await temporaryFolder(t);
  const clock = new ManualClock();
  const adoption = new Adoption({ adopt: adoptDropped, schema: incomingKind.schema, clock });
  // Of a time to come, so that its age alone never makes it corrupt.
  const later = new Date(clock.now() + 3_600_000);
  const look = async (name: string): Promise<string> => {
    await writeFile(join(dir, name), "");
    await utimes(join(dir, name), later, later);
    return (await adoption.look(join(dir, name), name)).status;
  };
  assert.equal(await look("a.json"), "later");
  clock.advance(1000);
  assert.equal(await look("a.json"), "corrupt");
  assert.equal(await look("a.json"), "later");
  clock.advance(60_001);
  assert.equal(await look("b.json"), "later");
  assert.equal(await look("a.json"), "later");
});

test("whatever is no message goes to corrupt, unopened and unfollowed, and the good one beside it is run", async (t) => {
  const run = await boot(t);
  await writeFile(run.path("secret"), '{"message":"secret"}');
  await symlink(run.path("secret"), run.path("incoming", "link.json"));
  await symlink(run.path("incoming", "loop.json"), run.path("incoming", "loop.json"));
  await mkdir(run.path("incoming", "folder.json"));
  await writeFile(run.path("incoming", "folder.json", "x"), "kept");
  execFileSync("mkfifo", [run.path("incoming", "fifo.json")]);
  await drop(run, "new\nline.json", '{"message":"hello"}');
  await drop(run, "text.json", "hello");
  await drop(run, "utf8.json", Buffer.from([0x7b, 0xff, 0x7d]));
  await drop(run, "empty.json", "");
  await drop(run, "shape.json", '{"text":"hello"}');
  await drop(run, "thread.json", '{"message":"hello","threadId":"1"}');
  await drop(run, "deep.json", "[".repeat(1_000_000));
  await drop(run, "huge.json", Buffer.alloc(16 * 1024 * 1024 + 1, " "));
  await drop(run, `${"é".repeat(124)}.json`, "rubbish");
  await drop(run, "good.json", '{"messageId":"good","message":"hello"}');
  await run.incoming.consumer.open();
  assert.deepEqual(await drain(run.incoming.consumer), ["good"]);
  assert.deepEqual(await run.names("incoming"), []);
  const put = (await run.names("corrupt")).filter((name) => !name.endsWith(".why"));
  const long = put.find((name) => name.startsWith("é"));
  assert.ok(long);
  assert.deepEqual(
    put.filter((name) => name !== long),
    [
      "deep.json",
      "empty.json",
      "fifo.json",
      "folder.json",
      "huge.json",
      "link.json",
      "loop.json",
      "new_line.json",
      "shape.json",
      "text.json",
      "thread.json",
      "utf8.json",
    ],
  );
  assert.equal(run.corrupt.length, put.length);
  const reasons = await Promise.all(put.map(async (name) => [name, (await run.why("corrupt", name))["reason"]]));
  const reason = Object.fromEntries(reasons) as Record<string, string>;
  assert.equal(reason["link.json"], "a symbolic link");
  assert.equal(reason["fifo.json"], "a fifo");
  assert.equal(reason["folder.json"], "a directory");
  assert.match(reason["thread.json"] ?? "", /threadId/);
  assert.equal(await readFile(run.path("corrupt", "folder.json", "x"), "utf8"), "kept");
});

test("nothing is adopted into outgoing", async (t) => {
  const run = await boot(t);
  await writeFile(run.path("outgoing", "hello.json"), JSON.stringify(answer("u1")));
  await run.outgoing.consumer.open();
  assert.equal(await claimNow(run.outgoing.consumer), undefined);
  assert.deepEqual(await run.names("corrupt"), ["hello.json", "hello.json.why"]);
});

test("a dropped message that cannot be stored stays where it is and is taken in later", async (t) => {
  const run = await boot(t);
  await run.incoming.consumer.open();
  await rename(run.path("tmp"), run.path("away"));
  await drop(run, "hello.json", JSON.stringify(message("u1")));
  assert.equal(await claimNow(run.incoming.consumer), undefined);
  assert.deepEqual(await run.names("incoming"), ["hello.json"]);
  await rename(run.path("away"), run.path("tmp"));
  assert.equal((await mustClaim(run.incoming.consumer)).key, "u1");
});
