import assert from "node:assert/strict";
import { mkdir, readdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { encodeEnvelope } from "../../../src/core/queue/envelope.ts";
import type { OutgoingMessage } from "../../../src/core/queue/message.ts";
import { boot } from "../../core/queue/file-support.ts";
import { claimNow, drain, message, mustClaim, temporaryFolder } from "../../core/queue/support.ts";
import { runCli } from "../run-cli.ts";
import type { CliEnd } from "../run-cli.ts";

/** A data directory with its queue, and the command on it. */
async function open(t: TestContext) {
  const dir = await temporaryFolder(t);
  const root = join(dir, "queue");
  const run = (...words: string[]): Promise<CliEnd> => runCli(["queue", ...words], { TINYCLAW_DIR: dir });
  const must = async (...words: string[]): Promise<string> => {
    const { code, stdout, stderr } = await run(...words);
    assert.equal(code, 0, stderr);
    return stdout;
  };
  const idOf = async (text: string | RegExp): Promise<string> => {
    const line = (await must("list")).split("\n").find((found) => found.match(text) !== null);
    assert.ok(line !== undefined, `nothing listed matches ${String(text)}`);
    return line.slice(0, 8);
  };
  const put = async (name: string | Buffer, content: string | Buffer): Promise<void> => {
    const path = Buffer.concat([Buffer.from(`${root}/`), Buffer.from(name)]);
    await mkdir(dirname(path.toString("utf8")), { recursive: true });
    await writeFile(path, content);
  };
  const names = (folder: string): Promise<string[]> => readdir(join(root, folder)).catch(() => []);
  return { dir, root, run, must, idOf, put, names };
}

function answer(messageId: string): OutgoingMessage {
  return {
    channel: "telegram",
    threadId: 5,
    messageId,
    sender: "assistant",
    message: "Done",
    timestamp: 1_760_000_000_000,
  };
}

test("a queue that does not exist has nothing put aside", async (t) => {
  const { run } = await open(t);
  const { code, stdout, stderr } = await run("list");
  assert.deepEqual([code, stdout], [0, ""]);
  assert.match(stderr, /Nothing is put aside/);
});

test("a dead letter is listed in a line with its reason, and shown whole", async (t) => {
  const { root, must } = await open(t);
  const bot = await boot(t, root);
  await bot.incoming.consumer.open();
  await bot.incoming.producer.publish(message("u1", { threadId: 7, message: "first\nsecond \u001b[2J" }));
  await bot.incoming.consumer.bury(await mustClaim(bot.incoming.consumer), "it failed five times");
  const list = await must("list");
  assert.match(
    list,
    /^[0-9a-f]{8} {2}dead-letter {2}\d{4}-\d\d-\d\dT\d\d:\d\dZ {2}#7 Tester: first\\nsecond \\x1b\[2J {2}\(it failed five times\)\n$/,
  );
  const page = await must("show", list.slice(0, 8));
  assert.match(page, /^reason: it failed five times$/m);
  assert.match(page, /^threadId: 7$/m);
  assert.match(page, /\n\nfirst\nsecond \\x1b\[2J\n$/);
});

test("a dead letter that is put back is run by the bot that is running, with all its tries", async (t) => {
  const { root, must, idOf, names } = await open(t);
  const { incoming } = await boot(t, root);
  await incoming.consumer.open();
  await incoming.producer.publish(message("u1"));
  for (let n = 0; n < 3; n += 1) {
    await incoming.consumer.retry(await mustClaim(incoming.consumer), { delayMs: 0, counts: true, reason: "no" });
  }
  await incoming.consumer.bury(await mustClaim(incoming.consumer), "enough");
  const ready = new Promise<void>((resolve) => {
    incoming.consumer.onReady(resolve);
  });
  assert.match(
    await must("retry", await idOf("enough")),
    /^[0-9a-f]{8} is back: queue\/incoming\/0{15}1\.5\.u1\.json\n$/,
  );
  await ready;
  const claim = await incoming.consumer.claim();
  assert.deepEqual([claim?.key, claim?.failures, claim?.crashes, claim?.message.message], ["u1", 0, 0, "text of u1"]);
  assert.deepEqual(await names("dead-letter"), []);
});

test("a dead letter that is put back while no bot runs is run at the next start", async (t) => {
  const { root, must, names } = await open(t);
  const first = await boot(t, root);
  await first.incoming.consumer.open();
  await first.incoming.producer.publish(message("any id, with spaces"));
  await first.incoming.consumer.bury(await mustClaim(first.incoming.consumer), "enough");
  await first.incoming.consumer.close();
  await must("retry", "any id, with spaces");
  const second = await boot(t, root);
  await second.incoming.consumer.open();
  assert.equal((await mustClaim(second.incoming.consumer)).message.messageId, "any id, with spaces");
  assert.deepEqual(await names("dead-letter"), []);
});

test("an answer that could not be posted goes back to where answers wait", async (t) => {
  const { root, must, idOf } = await open(t);
  const { outgoing } = await boot(t, root);
  await outgoing.consumer.open();
  await outgoing.producer.publish(answer("u9"));
  await outgoing.consumer.bury(await mustClaim(outgoing.consumer), "Telegram refuses it");
  assert.match(await must("retry", await idOf("refuses")), /queue\/outgoing\//);
  assert.equal((await mustClaim(outgoing.consumer)).key, "u9");
});

test("a dead letter whose messageId was answered since stays, and says so", async (t) => {
  const { root, run, must, put, names } = await open(t);
  const { incoming } = await boot(t, root);
  await incoming.consumer.open();
  await incoming.producer.publish(message("u1"));
  await incoming.consumer.bury(await mustClaim(incoming.consumer), "enough");
  await must("retry", "u1");
  await incoming.consumer.commit(await mustClaim(incoming.consumer));
  await put("dead-letter/0000000000000001.5.u1.json", encodeEnvelope(message("u1")));
  await put("dead-letter/0000000000000001.5.u1.json.why", "{}");
  const { code, stderr } = await run("retry", "u1");
  assert.equal(code, 1);
  assert.match(stderr, /stays in queue\/dead-letter.*was answered since/);
  assert.equal((await names("dead-letter")).length, 2);
});

test("a dead letter that its sender repeats is not run, dropped or not; put back by hand it is", async (t) => {
  const { root, must, names } = await open(t);
  const first = await boot(t, root);
  await first.incoming.consumer.open();
  for (const id of ["u1", "u2"]) await first.incoming.producer.publish(message(id));
  for (const _ of ["u1", "u2"]) await first.incoming.consumer.bury(await mustClaim(first.incoming.consumer), "enough");
  await must("drop", "u2");
  for (const id of ["u1", "u2"]) await first.incoming.producer.publish(message(id));
  assert.equal(await claimNow(first.incoming.consumer), undefined);
  await first.incoming.consumer.close();
  const second = await boot(t, root);
  await second.incoming.consumer.open();
  for (const id of ["u1", "u2"]) await second.incoming.producer.publish(message(id));
  assert.equal(await claimNow(second.incoming.consumer), undefined);
  await must("retry", "u1");
  await second.incoming.producer.publish(message("u1"));
  assert.deepEqual(await drain(second.incoming.consumer), ["u1"]);
  assert.deepEqual([await names("incoming"), await names("dead-letter")], [[], []]);
});

test("a corrupt file does not keep its messageId from being run when its sender repeats it, and stays then", async (t) => {
  const { root, put, run } = await open(t);
  const name = "0000000000000042.5.u42.json";
  await put(`incoming/${name}`, encodeEnvelope(message("u42")).subarray(0, 50));
  const { incoming } = await boot(t, root);
  await incoming.consumer.open();
  assert.equal(await claimNow(incoming.consumer), undefined);
  await incoming.producer.publish(message("u42"));
  assert.deepEqual(await drain(incoming.consumer), ["u42"]);
  await put(`corrupt/${name}`, JSON.stringify(message("u42")));
  assert.match((await run("retry", name)).stderr, /was answered since/);
});

const repeats: [string, string, string][] = [
  ["of the bot's own", "0000000000000042.5.u1.json", JSON.stringify(message("u1"))],
  ["of another program", "mine.json", '{"message": "hello", "messageId": "u1"}'],
];
for (const [what, name, text] of repeats) {
  test(`a file ${what} with the messageId of a dead letter stays: the bot would take it for a repeat`, async (t) => {
    const { root, put, run, names } = await open(t);
    const { incoming } = await boot(t, root);
    await incoming.consumer.open();
    await incoming.producer.publish(message("u1"));
    await incoming.consumer.bury(await mustClaim(incoming.consumer), "enough");
    await put(`corrupt/${name}`, text);
    const { code, stderr } = await run("retry", name);
    assert.deepEqual([code, await names("corrupt")], [1, [name]]);
    assert.match(stderr, /is that of another dead letter: retry that one/);
  });
}

for (const folder of ["incoming", "processing"]) {
  test(`a letter stays while another message of its id lies in ${folder}: the bot would remove one of them`, async (t) => {
    const { put, run, names } = await open(t);
    const name = "0000000000000003.5.u3.json";
    await put(`dead-letter/${name}`, encodeEnvelope(message("u3")));
    await put(`${folder}/0000000000000009.5.u3.json`, encodeEnvelope(message("u3", { message: "the other" })));
    const { code, stderr } = await run("retry", "u3");
    assert.deepEqual([code, await names("dead-letter")], [1, [name]]);
    assert.match(stderr, /another message of its messageId waits or is in work/);
  });
}

test("a name that waits already is not overwritten", async (t) => {
  const { root, put, run, names } = await open(t);
  await boot(t, root);
  const again = async (text: string) => {
    await put("corrupt/mine.json", JSON.stringify({ message: text }));
    return run("retry", "mine.json");
  };
  assert.equal((await again("the one")).code, 0);
  const { code, stderr } = await again("the other");
  assert.deepEqual([code, await names("corrupt")], [1, ["mine.json"]]);
  assert.match(stderr, /holds a file of its name already/);
});

test("a corrupt file that was mended by hand is sealed anew and run under its old key and number", async (t) => {
  const { root, put, must, run } = await open(t);
  const name = "0000000000000042.5.u42.json";
  await put(`incoming/${name}`, encodeEnvelope(message("u42")).subarray(0, 50));
  const { incoming } = await boot(t, root);
  await incoming.consumer.open();
  assert.equal(await claimNow(incoming.consumer), undefined);
  const early = await run("retry", name);
  assert.equal(early.code, 1);
  assert.match(early.stderr, /it is still no message/);
  await put(`corrupt/${name}`, JSON.stringify(message("u42", { threadId: 8 })));
  assert.match(await must("retry", name), /queue\/incoming\/0{14}42\.8\.u42\.json/);
  const claim = await mustClaim(incoming.consumer);
  assert.deepEqual([claim.key, claim.lane, claim.message.message], ["u42", 8, "text of u42"]);
});

test("another program's file that was mended by hand is taken in as if it were dropped anew", async (t) => {
  const { root, put, must } = await open(t);
  const { incoming } = await boot(t, root);
  await incoming.consumer.open();
  await put("corrupt/mine.json", '{"message": "hello", "threadId": 3}');
  await put("corrupt/mine.json.why", '{"reason": "not valid JSON"}');
  assert.match(await must("list"), /#3 \?: hello {2}\(not valid JSON\)/);
  await must("retry", "mine.json");
  assert.equal((await mustClaim(incoming.consumer)).message.message, "hello");
});

test("a broken answer is not taken for a question when it is mended", async (t) => {
  const { root, put, must } = await open(t);
  await boot(t, root);
  await put("corrupt/0000000000000004.5.u4.json", JSON.stringify(answer("u4")));
  assert.match(await must("retry", "u4"), /queue\/outgoing\//);
});

test("what is dropped lies in queue/dropped with its reason, and is listed no more", async (t) => {
  const { put, must, run, names, idOf } = await open(t);
  await put("dead-letter/0000000000000001.5.u1.json", encodeEnvelope(message("u1")));
  await put("dead-letter/0000000000000001.5.u1.json.why", '{"reason": "enough"}');
  await must("drop", await idOf("enough"));
  assert.equal((await run("list")).stdout, "");
  assert.deepEqual(await names("dropped"), ["0000000000000001.5.u1.json", "0000000000000001.5.u1.json.why"]);
  await put("dead-letter/0000000000000001.5.u1.json", "second");
  await must("drop", "u1");
  assert.equal((await names("dropped")).length, 3, "the first of the name was overwritten");
});

test("names that nobody can type, and things that are no files, are listed on their lines and can be dropped", async (t) => {
  const { put, must, root, idOf, names } = await open(t);
  await put("corrupt/two\nlines \u001b[31m.json", "{");
  await put(Buffer.concat([Buffer.from("corrupt/"), Buffer.from([0xff, 0xfe]), Buffer.from(".json")]), "{");
  await mkdir(join(root, "corrupt", "folder.json"));
  const list = await must("list");
  assert.equal(list.trimEnd().split("\n").length, 3);
  assert.ok(!list.includes("\u001b"));
  for (const what of [/two\\nlines \\x1b\[31m/, /\uFFFD/, /folder\.json.*a directory/])
    await must("drop", await idOf(what));
  assert.deepEqual(await names("corrupt"), []);
  assert.equal((await readdir(join(root, "dropped"), { encoding: "buffer" })).length, 3);
});

test("what is not text is shown without harm, and a large file cut", async (t) => {
  const { put, must } = await open(t);
  await put("corrupt/binary.json", Buffer.concat([Buffer.from("\u001b]0;title\u0007"), Buffer.alloc(200_000, 0x41)]));
  const page = await must("show", "binary.json");
  assert.match(page, /\\x1b\]0;title\\x07A+/);
  assert.match(page, /\(and 134474 bytes more\)/);
});

test("a message with fields of other types is shown with all that is in it", async (t) => {
  const { put, must } = await open(t);
  await put("corrupt/number.json", '{"threadId": 1e999, "message": "hello"}');
  assert.match(await must("show", "number.json"), /^threadId: not readable\n\nhello$/m);
  const deep = `${"[".repeat(100_000)}${"]".repeat(100_000)}`;
  await put("corrupt/deep.json", `{"mine": ${deep}, "message": "hello"}`);
  await put("corrupt/deep.json.why", `{"theirs": ${deep.slice(80_000, -80_000)}}`);
  assert.match(await must("show", "deep.json"), /^theirs: nested too deeply\nmine: nested too deeply\n\nhello$/m);
  await put("corrupt/list.json", '{"sender": "Guest", "message": ["hello"]}');
  assert.match(await must("show", "list.json"), /^sender: Guest\n\n\{"sender": "Guest", "message": \["hello"\]\}$/m);
});

const misused: [string[], number, RegExp][] = [
  [[], 2, /^usage: queue list/],
  [["show"], 2, /^usage/],
  [["list", "u1"], 2, /^usage/],
  [["drop", ""], 2, /^usage/],
  [["drop", "a", "b"], 2, /^usage/],
  [["constructor", "a"], 2, /^usage/],
  [["show", "no\nthing"], 1, /Nothing put aside is no\\nthing: queue list shows/],
];
for (const [words, status, said] of misused) {
  test(`queue ${JSON.stringify(words)} ends with ${status} and a line`, async (t) => {
    const { code, stdout, stderr } = await (await open(t)).run(...words);
    assert.deepEqual([code, stdout, stderr.split("\n").length], [status, "", 2]);
    assert.match(stderr, said);
  });
}

test("a messageId that names two of them is told with their ids", async (t) => {
  const { put, run } = await open(t);
  await put("dead-letter/0000000000000001.5.u1.json", encodeEnvelope(message("u1")));
  await put("corrupt/0000000000000002.5.u1.json", "{");
  const { code, stderr } = await run("drop", "u1");
  assert.equal(code, 1);
  assert.match(stderr, /u1 names 2 of them: give one of the ids [0-9a-f]{8}, [0-9a-f]{8}\./);
});
