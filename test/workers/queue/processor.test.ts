import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { watchSyncs } from "../../core/queue/syncs.ts";
import { eventually } from "../../support/eventually.ts";
import { openRig } from "./processor-rig.ts";

test("a message that fails for its own reason five times becomes a dead letter, and its topic is told once", async (t) => {
  const rig = await openRig(t);
  rig.claude.order({ times: 100, fault: { kind: "status", code: 400 }, match: ({ side }) => !side });
  await rig.publish({});
  await rig.publish({ messageId: "u2", threadId: 6, message: "and this?" });
  await rig.processor.start();
  const dead = await eventually("two dead letters", async () => {
    const found = await rig.names("dead-letter");
    return found.length === 4 ? found : undefined;
  });
  assert.equal(dead.filter((name) => name.endsWith(".why")).length, 2);
  const said = await rig.said();
  assert.deepEqual(said.map(({ kind, messageId }) => `${kind} ${messageId}`).toSorted(), ["failure u1", "failure u2"]);
  assert.match(said[0]?.message ?? "", /^⚠️ I tried this message 5 times/);
  const prompts = await readFile(join(rig.dir, "logs", "prompts.jsonl"), "utf8");
  assert.equal(prompts.trim().split("\n").length, 10, "five tries each");
  await rig.idle();
  assert.deepEqual(await rig.names("processing"), []);
});

test("a turn that is late is ended and counts as a failure", async (t) => {
  const rig = await openRig(t, { turnDeadlineMinutes: 0.1 });
  let asked = 0;
  rig.claude.script = () => {
    asked += 1;
    return asked === 1 ? { text: "too late", delayMs: 30_000 } : { text: "in time" };
  };
  await rig.publish({});
  await rig.processor.start();
  await eventually("the answer", async () => ((await rig.said()).length > 0 ? true : undefined));
  assert.deepEqual(
    (await rig.said()).map(({ message }) => message),
    ["in time"],
  );
  const ledger = await eventually("the end in the ledger", async () => {
    const text = await readFile(join(rig.dir, "queue", "ledger.jsonl"), "utf8");
    return text.includes('"done"') ? text : undefined;
  });
  const events = [...ledger.matchAll(/"event":"(\w+)"/g)].map(([, event]) => event).join(" ");
  // On a slow machine a start of the agent alone may be late, too.
  assert.match(events, /^try fail (try fail )*try done$/);
});

test("a session that is gone is replaced by a new one that is told the history, and the topic is told", async (t) => {
  const rig = await openRig(t);
  rig.claude.script = ({ userText }) => ({ text: userText.includes("first words") ? "I know" : "what?" });
  await rig.publish({ message: "first words" });
  await rig.processor.start();
  await eventually("the first answer", async () => ((await rig.said()).length === 1 ? true : undefined));
  // The turn writes down its session when its answer is out.
  await rig.idle();
  await rig.threads.update(5, { sessionId: "00000000-0000-4000-8000-000000000000" });
  await rig.publish({ messageId: "u2", message: "and now" });
  await eventually("the second answer", async () => ((await rig.said()).length === 3 ? true : undefined));
  const said = await rig.said();
  assert.deepEqual(
    said.map(({ kind }) => kind),
    ["answer", "notice", "answer"],
  );
  assert.equal(said[2]?.message, "I know", "the new session knows what was said");
});

test("a directory that cannot be made fails the message, not the worker", async (t) => {
  const rig = await openRig(t);
  await writeFile(join(rig.dir, "workspace"), "a file where a folder belongs");
  await rig.publish({});
  await rig.processor.start();
  const said = await eventually("the failure", async () => {
    const all = await rig.said();
    return all.length > 0 ? all : undefined;
  });
  assert.match(said[0]?.message ?? "", /cannot be made/);
});

test("while the disk is full nothing is begun; when there is room it goes on in order", async (t) => {
  const rig = await openRig(t);
  rig.claude.script = ({ userText }) => ({ text: userText.includes("first") ? "one" : "two" });
  rig.disk.level = "hard";
  await rig.publish({ message: "first" });
  await rig.publish({ messageId: "u2", message: "second" });
  await rig.processor.start();
  // As long as a turn takes.
  await pause(1_500);
  assert.deepEqual(
    [(await rig.names("incoming")).length, rig.processor.inFlight, rig.claude.requests.length],
    [2, 0, 0],
  );
  rig.disk.level = "soft";
  rig.processor.wake();
  await eventually("both answers", async () => ((await rig.said()).length === 2 ? true : undefined));
  assert.deepEqual(
    (await rig.said()).map(({ message }) => message),
    ["one", "two"],
  );
});

test("a heartbeat is left out while the disk is short, and what stands behind it is not", async (t) => {
  const rig = await openRig(t);
  rig.disk.level = "soft";
  await rig.publish({ source: "heartbeat", messageId: "h1", message: "look around" });
  await rig.publish({ messageId: "u2", message: "hello" });
  await rig.processor.start();
  const said = await eventually("the answer", async () => ((await rig.said()).length > 0 ? rig.said() : undefined));
  assert.deepEqual(
    said.map(({ messageId }) => messageId),
    ["u2"],
  );
  const ledger = await readFile(join(rig.dir, "queue", "ledger.jsonl"), "utf8");
  assert.match(ledger, /"done"[^\n]*"h1"|"h1"[^\n]*"done"/);
});

test("one turn finds Claude away for all: each topic is told once, no try is spent, and all are answered when it is back", async (t) => {
  const rig = await openRig(t, { maxConcurrentSessions: 1 });
  const lift = rig.claude.order({ times: 1000, fault: { kind: "status", code: 529 }, match: ({ side }) => !side });
  for (const threadId of [5, 6, 7, 8]) await rig.publish({ messageId: `u${threadId}`, threadId });
  await rig.publish({ messageId: "h9", threadId: 9, source: "heartbeat" });
  await rig.publish({ messageId: "v5" });
  await rig.processor.start();
  const notices = await eventually("five notices", async () => {
    const said = await rig.said();
    return said.length === 5 ? said : undefined;
  });
  assert.ok((await rig.turnsBegun()).length < 5, "a topic need not ask to be told");
  for (const { kind, message } of notices) assert.match(`${kind} ${message}`, /^notice ⏳ .*overloaded.*kept/);
  assert.deepEqual(new Set(notices.map(({ threadId }) => threadId)), new Set([5, 6, 7, 8, 9]));
  const begun = await eventually("four turns", async () => {
    const times = await rig.turnsBegun();
    return times.length >= 4 ? times : undefined;
  });
  for (const [n, pauseMs] of [1_000, 2_000, 4_000].entries()) {
    const between = (begun[n + 1] ?? 0) - (begun[n] ?? 0);
    assert.ok(between >= pauseMs, `turn ${n + 2} began ${between} ms after the one before`);
  }
  lift();
  const said = await eventually("six answers", async () => {
    const all = await rig.said();
    return all.length === 11 ? all : undefined;
  });
  assert.equal(said.filter(({ kind }) => kind === "answer").length, 6);
  const mine = said.filter(({ threadId, kind }) => threadId === 5 && kind === "answer");
  assert.deepEqual(
    mine.map(({ messageId }) => messageId),
    ["u5", "v5"],
  );
  const ledger = await readFile(join(rig.dir, "queue", "ledger.jsonl"), "utf8");
  assert.doesNotMatch(ledger, /"event":"fail"/);
  assert.deepEqual(await rig.names("dead-letter"), []);
});

for (const [what, events, words] of [
  ["failed five times", ["fail", "fail", "fail", "fail", "fail"], /failed each time/],
  ["in work at two deaths of the program", ["try", "try"], /killed 2 times/],
] as const) {
  test(`a message ${what} is buried at once, and told of once, though its topic was told before a death`, async (t) => {
    const rig = await openRig(t);
    const firstTried = Date.now() - 60_000;
    const lines = events.map((event, n) => JSON.stringify({ timestamp: firstTried + n, key: "u1", event, seq: 1 }));
    await writeFile(join(rig.dir, "queue", "ledger.jsonl"), `${lines.join("\n")}\n`);
    await rig.publish({});
    await rig.processor.start();
    await eventually("the burial", async () => ((await rig.names("dead-letter")).length === 2 ? true : undefined));
    const outgoing = await rig.names("outgoing");
    assert.deepEqual(
      outgoing.map((name) => name.split(".").at(-2)),
      [`u1-failure-${firstTried}`],
    );
    assert.match((await rig.said())[0]?.message ?? "", words);
    assert.equal(await readFile(join(rig.dir, "logs", "prompts.jsonl"), "utf8"), "", "no turn was begun");
  });
}

test("a message whose claim is under way at the stop goes back to its place, and no turn is begun", async (t) => {
  const rig = await openRig(t);
  await rig.publish({});
  const syncs = await watchSyncs(t, join(rig.dir, "queue"));
  let stopped: Promise<void> | undefined;
  const claimed = new Promise<void>((resolve) => {
    syncs.before = async ({ on }) => {
      if (stopped !== undefined || !on.includes("ledger.jsonl")) return;
      stopped = rig.processor.stop(0);
      // The stop has aborted by then what it found running.
      await pause(20);
      resolve();
    };
  });
  await rig.processor.start();
  await claimed;
  await stopped;
  assert.equal((await rig.names("incoming")).length, 1);
  assert.deepEqual(await rig.names("processing"), []);
  const ledger = await readFile(join(rig.dir, "queue", "ledger.jsonl"), "utf8");
  assert.deepEqual(ledger.match(/"event":"\w+"/g), ['"event":"try"', '"event":"release"']);
  assert.equal(await readFile(join(rig.dir, "logs", "prompts.jsonl"), "utf8"), "", "no turn was begun");
});

test("a word of Claude in the turn that asks lets the others begin before it ends", async (t) => {
  const rig = await openRig(t, { maxConcurrentSessions: 2 });
  let asking: string | undefined;
  let otherAsked = (): void => undefined;
  const other = new Promise<string>((resolve) => {
    otherAsked = () => {
      resolve("the other is asked");
    };
  });
  rig.claude.script = async ({ step, userText }) => {
    const name = /message of (\w+)/.exec(userText)?.[1];
    asking ??= name;
    if (asking !== name) otherAsked();
    if (asking !== name) return { text: "Done." };
    if (step === 0) return { text: "Let me see.", tools: [{ name: "Bash", input: { command: "true" } }] };
    return { text: await Promise.race([other, pause(20_000, "alone", { ref: false })]) };
  };
  rig.claude.order({ times: 2, fault: { kind: "status", code: 529 }, match: ({ side }) => !side });
  for (const threadId of [5, 6]) {
    await rig.publish({ messageId: `u${threadId}`, threadId, message: `message of u${threadId}` });
  }
  await rig.processor.start();
  const said = await eventually("two answers", async () => {
    const answers = (await rig.said()).filter(({ kind }) => kind === "answer");
    return answers.length === 2 ? answers : undefined;
  });
  assert.deepEqual(said.map(({ message }) => message).toSorted(), ["Done.", "the other is asked"]);
});

test("a turn that asks and fails of its own leaves the asking to the next one", async (t) => {
  const rig = await openRig(t);
  const order = (code: number) =>
    rig.claude.order({ times: 1000, fault: { kind: "status", code }, match: ({ side }) => !side });
  let lift = order(529);
  await rig.publish({});
  await rig.processor.start();
  await eventually("the notice", async () => (await rig.said())[0]);
  lift();
  lift = order(400);
  await eventually("the failure", async () => {
    const ledger = await readFile(join(rig.dir, "queue", "ledger.jsonl"), "utf8");
    return ledger.includes('"fail"') ? true : undefined;
  });
  lift();
  await eventually("the answer", async () => (await rig.said()).find(({ kind }) => kind === "answer"));
});
