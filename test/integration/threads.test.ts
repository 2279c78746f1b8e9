import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import type { Script } from "../../src/sandbox/claude/claude.ts";
import { openStage, postedIn, readJsonl, waitForPost } from "../support/bot.ts";

test("one thread asks another, which shows the question in its topic and answers there", async (t) => {
  const script: Script = ({ userText, step, toolResults }) => {
    const said = userText.split("\n\n").at(-1) ?? "";
    if (said.includes("Agent of thread")) return { text: "the answer is 42" };
    if (!said.includes("ask them")) return { text: "hello" };
    if (step === 0) return { tools: [{ name: "mcp__tinyclaw__list_threads", input: {} }] };
    const other = /"threadId":\s*(\d+)[^{}]*"name":\s*"Numbers"/.exec(toolResults[0]?.text ?? "")?.[1];
    const input = { targetThreadId: Number(other), message: "what is the answer?" };
    if (step === 1) return { tools: [{ name: "mcp__tinyclaw__send_message", input }] };
    return { text: `asked: ${toolResults[0]?.text}` };
  };
  const stage = await openStage(t, { script });
  const user = stage.telegram.addUser({ firstName: "Tester" });
  const numbers = stage.telegram.createTopic("Numbers");
  await stage.startBot();
  stage.telegram.sendText(1, user, "ask them");
  await waitForPost(stage, 1, /^asked:/);
  await waitForPost(stage, numbers, /^the answer is 42$/);
  assert.deepEqual(postedIn(stage, numbers), ["↪ #General: what is the answer?", "the answer is 42"]);
  const incoming = (await readJsonl(stage, "message-history.jsonl")).find(
    (entry) => entry["source"] === "cross-thread",
  );
  assert.equal(incoming?.["sourceThreadId"], 1);
  assert.equal(incoming?.["threadId"], numbers);
});

test("threads run side by side up to the limit, and each thread one message at a time in order", async (t) => {
  let running = 0;
  let most = 0;
  let meet: () => void = () => undefined;
  const met = new Promise<void>((resolve) => (meet = resolve));
  let patience: Promise<void> | undefined;
  const inThread = new Map<string, number>();
  const overlaps: string[] = [];
  const script: Script = async ({ userText }) => {
    const said = /\]: (t\d)-(\d)$/.exec(userText) ?? [];
    const thread = said[1] ?? "?";
    running += 1;
    most = Math.max(most, running);
    inThread.set(thread, (inThread.get(thread) ?? 0) + 1);
    if ((inThread.get(thread) ?? 0) > 1) overlaps.push(thread);
    if (running >= 2) meet();
    // The first waits for another; those after it take their time.
    patience ??= pause(20_000, undefined, { ref: false });
    await Promise.race([met, patience]);
    await pause(300);
    running -= 1;
    inThread.set(thread, (inThread.get(thread) ?? 0) - 1);
    return { text: `done ${said[1]}-${said[2]}` };
  };
  const stage = await openStage(t, { script });
  const user = stage.telegram.addUser({ firstName: "Tester" });
  const topics = ["t1", "t2", "t3"].map((name) => ({ name, id: stage.telegram.createTopic(name) }));
  await stage.startBot();
  for (const n of [1, 2, 3]) for (const { name, id } of topics) stage.telegram.sendText(id, user, `${name}-${n}`);
  await Promise.all(topics.map(({ name, id }) => waitForPost(stage, id, new RegExp(`^done ${name}-3$`))));
  for (const { name, id } of topics) {
    assert.deepEqual(
      postedIn(stage, id),
      [1, 2, 3].map((n) => `done ${name}-${n}`),
    );
  }
  assert.deepEqual(overlaps, []);
  assert.ok(most >= 2, `at most ${most} turns ran at once`);
});
