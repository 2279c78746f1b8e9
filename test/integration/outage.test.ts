import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import type { Script } from "../../src/sandbox/claude/claude.ts";
import type { Stage } from "../../src/cli/demo/stage.ts";
import { openStage, postedIn, waitForPost } from "../support/bot.ts";
import { eventually } from "../support/eventually.ts";

const script: Script = ({ userText }) => ({ text: `re: ${/\]: (.*)$/.exec(userText)?.[1]}` });

/** Answers to messages, without what the bot says about itself. */
function answers(stage: Stage, threadId: number): string[] {
  return postedIn(stage, threadId).filter((text) => text.startsWith("re: "));
}

test("with Claude away nothing is lost: the topic is told once, and each message is answered once when it is back", async (t) => {
  const stage = await openStage(t, { script });
  const user = stage.telegram.addUser({ firstName: "Tester" });
  const topic = stage.telegram.createTopic("Outage");
  await stage.startBot();
  await stage.claude.stop();
  for (const text of ["one", "two", "three"]) stage.telegram.sendText(topic, user, text);
  await waitForPost(stage, topic, /^⏳/);
  await pause(3_000);
  await stage.claude.start();
  await waitForPost(stage, topic, /^re: three$/);
  assert.deepEqual(answers(stage, topic), ["re: one", "re: two", "re: three"]);
  assert.equal(postedIn(stage, topic).filter((text) => text.startsWith("⏳")).length, 1);
  assert.deepEqual(await readdir(join(stage.dir, "queue", "dead-letter")), []);
});

test("with Claude answering errors nothing is lost and no try is spent", async (t) => {
  const stage = await openStage(t, { script });
  const user = stage.telegram.addUser({ firstName: "Tester" });
  await stage.startBot();
  const lift = stage.claude.order({
    times: 1_000,
    fault: { kind: "status", code: 529 },
    match: (request) => !request.side,
  });
  stage.telegram.sendText(1, user, "patience");
  await waitForPost(stage, 1, /^⏳/);
  lift();
  await waitForPost(stage, 1, /^re: patience$/);
  assert.deepEqual(answers(stage, 1), ["re: patience"]);
});

test("with Telegram away an answer waits and is posted once, and messages sent meanwhile are not lost", async (t) => {
  const stage = await openStage(t, { script });
  const user = stage.telegram.addUser({ firstName: "Tester" });
  await stage.startBot();
  stage.telegram.sendText(1, user, "warm up");
  await waitForPost(stage, 1, /^re: warm up$/);
  stage.telegram.sendText(1, user, "before");
  await eventually("the message on disk", async () => {
    const names = await readdir(join(stage.dir, "queue", "processing"));
    return names.length > 0 ? names : undefined;
  });
  await stage.telegram.stop();
  await eventually("the answer on disk", async () => {
    const names = await readdir(join(stage.dir, "queue", "outgoing"));
    return names.length > 0 ? names : undefined;
  });
  stage.telegram.sendText(1, user, "meanwhile");
  await pause(1_000);
  await stage.telegram.start();
  await waitForPost(stage, 1, /^re: meanwhile$/);
  assert.deepEqual(answers(stage, 1), ["re: warm up", "re: before", "re: meanwhile"]);
});

test("with Telegram refusing and limiting, an answer is posted once when it relents", async (t) => {
  const stage = await openStage(t, { script });
  const user = stage.telegram.addUser({ firstName: "Tester" });
  await stage.startBot();
  stage.telegram.order({ method: "sendMessage", times: 2, fault: { kind: "status", code: 429, retryAfter: 1 } });
  stage.telegram.sendText(1, user, "limited");
  await waitForPost(stage, 1, /^re: limited$/);
  stage.telegram.order({ method: "sendMessage", times: 2, fault: { kind: "status", code: 500 } });
  stage.telegram.order({ method: "getUpdates", times: 2, fault: { kind: "status", code: 502 } });
  stage.telegram.sendText(1, user, "refused");
  await waitForPost(stage, 1, /^re: refused$/);
  assert.deepEqual(answers(stage, 1), ["re: limited", "re: refused"]);
});
