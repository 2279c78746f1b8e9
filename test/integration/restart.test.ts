import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import type { Script } from "../../src/sandbox/claude/claude.ts";
import { openStage, postedIn, readJsonl, waitForPost } from "../support/bot.ts";
import { eventually, PATIENCE_MS } from "../support/eventually.ts";

/** Holds the first answer back until the test lets it go. */
function heldOnce(): { script: Script; release: () => void } {
  let release = (): void => undefined;
  const gate = new Promise<void>((resolve) => {
    release = resolve;
  });
  let asked = 0;
  return {
    release,
    script: async () => {
      asked += 1;
      if (asked === 1) await gate;
      return { text: `answer ${asked}` };
    },
  };
}

test("a bot killed in the middle of a turn answers after its restart, once, and tells the agent", async (t) => {
  const held = heldOnce();
  const stage = await openStage(t, { script: held.script });
  const user = stage.telegram.addUser({ firstName: "Tester" });
  const topic = stage.telegram.createTopic("Killed");
  await stage.startBot();
  stage.telegram.sendText(topic, user, "survive this");
  await stage.claude.waitFor((request) => !request.side, { timeoutMs: PATIENCE_MS });
  await stage.endBot("SIGKILL");
  assert.equal((await readdir(join(stage.dir, "queue", "processing"))).length, 1);
  held.release();
  await stage.startBot();
  await waitForPost(stage, topic, /^answer \d$/);
  await pause(1_500);
  assert.equal(postedIn(stage, topic).filter((text) => text.startsWith("answer")).length, 1);
  const prompts = await readJsonl(stage, "logs", "prompts.jsonl");
  assert.match(String(prompts.at(-1)?.["prompt"]), /an earlier try at this message was cut off/);
});

test("a bot that is asked to stop lets the running turn end, and its answer is posted after the start", async (t) => {
  const held = heldOnce();
  const stage = await openStage(t, { script: held.script });
  const user = stage.telegram.addUser({ firstName: "Tester" });
  await stage.startBot();
  stage.telegram.sendText(1, user, "finish this");
  stage.telegram.sendText(1, user, "and this later");
  await stage.claude.waitFor((request) => !request.side, { timeoutMs: PATIENCE_MS });
  const ended = stage.endBot("SIGTERM");
  setTimeout(held.release, 500);
  assert.equal(await ended, 0);
  assert.deepEqual(await readdir(join(stage.dir, "queue", "processing")), []);
  await stage.startBot();
  await waitForPost(stage, 1, /^answer 2$/);
  assert.deepEqual(postedIn(stage, 1), ["answer 1", "answer 2"]);
});

test("a message that came while the bot was down, and one that Telegram brings twice, are answered once each", async (t) => {
  const stage = await openStage(t, { script: ({ userText }) => ({ text: `re: ${/\]: (.*)$/.exec(userText)?.[1]}` }) });
  const user = stage.telegram.addUser({ firstName: "Tester" });
  stage.telegram.sendText(1, user, "early");
  await stage.startBot();
  await waitForPost(stage, 1, /^re: early$/);
  const again = stage.telegram.sendText(1, user, "twice");
  await waitForPost(stage, 1, /^re: twice$/);
  await eventually("the record that it was sent", async () => {
    const names = await readdir(join(stage.dir, "queue", "outgoing"));
    return names.length === 0 ? names : undefined;
  });
  await stage.endBot("SIGKILL");
  stage.telegram.redeliver(again.updateId);
  stage.telegram.sendText(1, user, "last");
  await stage.startBot();
  await waitForPost(stage, 1, /^re: last$/);
  assert.deepEqual(postedIn(stage, 1), ["re: early", "re: twice", "re: last"]);
});

test("a second signal ends the bot at once", async (t) => {
  const held = heldOnce();
  const stage = await openStage(t, { script: held.script });
  const user = stage.telegram.addUser({ firstName: "Tester" });
  await stage.startBot();
  stage.telegram.sendText(1, user, "hold on");
  await stage.claude.waitFor((request) => !request.side, { timeoutMs: PATIENCE_MS });
  const started = performance.now();
  const ended = stage.endBot("SIGTERM");
  const pid = stage.botPid;
  assert.ok(pid !== undefined);
  // Two that come before the first is heard are one.
  await eventually("a bot that is stopping", async () => {
    const status = await readFile(join(stage.dir, "status", "supervisor.json"), "utf8");
    return (JSON.parse(status) as { state: string }).state === "stopping" ? true : undefined;
  });
  process.kill(pid, "SIGTERM");
  await ended;
  assert.ok(performance.now() - started < 5_000, "it did not wait for the turn");
  held.release();
});
