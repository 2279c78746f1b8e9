import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import type { Stage } from "../../src/cli/demo/stage.ts";
import { openStage, readJson, readJsonl, waitForPost } from "../support/bot.ts";
import { eventually } from "../support/eventually.ts";

interface AgentRow {
  readonly threadId: number;
  readonly pid: number;
  readonly state: string;
}

async function agents(stage: Stage): Promise<readonly AgentRow[]> {
  return (await readJson(stage, "status", "supervisor.json"))["agents"] as AgentRow[];
}

test("an idle agent goes when agents take more than agentMemoryMb, and its thread goes on in the same session", async (t) => {
  const stage = await openStage(t, { script: ({ userText, history }) => ({ text: `${history.length}: ${userText}` }) });
  const user = stage.telegram.addUser({ firstName: "Tester" });
  await stage.startBot();
  stage.telegram.sendText(1, user, "one");
  await waitForPost(stage, 1, /one$/);
  const [first] = await eventually("the agent in the status", async () => {
    const found = await agents(stage);
    return found.some(({ state }) => state === "idle") ? found : undefined;
  });
  await writeFile(join(stage.dir, "settings.json"), JSON.stringify({ agentMemoryMb: 1 }));
  await eventually("its end", async () => ((await agents(stage)).length === 0 ? true : undefined));
  assert.throws(() => process.kill(first?.pid ?? 0, 0));
  stage.telegram.sendText(1, user, "two");
  const call = await waitForPost(stage, 1, /two$/);
  assert.notEqual(String(call.params["text"]).charAt(0), "0", "it knows what was said before");
});

test("over agentMemoryMb the agent that has been idle longest goes first, then the next, and one at work stays", async (t) => {
  let letGo = (): void => undefined;
  const held = new Promise<void>((resolve) => {
    letGo = resolve;
  });
  const stage = await openStage(t, {
    script: async ({ userText }) => {
      if (userText.endsWith("working")) await held;
      return { text: `re: ${userText}` };
    },
  });
  t.after(() => {
    letGo();
  });
  const user = stage.telegram.addUser({ firstName: "Tester" });
  const topics = ["first", "second", "working"].map((name) => stage.telegram.createTopic(name));
  const [first = 0, second = 0, working = 0] = topics;
  await stage.startBot();
  // The lower topic rests later, so that it is the time that counts.
  stage.telegram.sendText(second, user, "second");
  await waitForPost(stage, second, /second$/);
  stage.telegram.sendText(first, user, "first");
  await waitForPost(stage, first, /first$/);
  stage.telegram.sendText(working, user, "working");
  const before = await eventually("two agents at rest and one at work", async () => {
    const found = await agents(stage);
    const states = topics.map((topic) => found.find(({ threadId }) => threadId === topic)?.state);
    return states.join() === "idle,idle,running" ? found : undefined;
  });
  await writeFile(join(stage.dir, "settings.json"), JSON.stringify({ agentMemoryMb: 1 }));
  const supervisor = (): Promise<Record<string, unknown>[]> => readJsonl(stage, "logs", "supervisor.log");
  await eventually("the word that all are at work", async () => {
    const lines = await supervisor();
    return lines.some(({ msg }) => msg === "agents take more than agentMemoryMb, and all are at work") || undefined;
  });
  const ended = (await supervisor()).filter(({ msg }) => msg === "agents take too much: an idle one is ended");
  assert.deepEqual([...new Set(ended.map(({ threadId }) => threadId))], [second, first]);
  const after = await eventually("the one at work alone", async () => {
    const found = await agents(stage);
    return found.length <= 1 ? found : undefined;
  });
  assert.deepEqual(
    after.map(({ threadId, pid }) => [threadId, pid]),
    before.filter(({ threadId }) => threadId === working).map(({ threadId, pid }) => [threadId, pid]),
  );
  letGo();
  await waitForPost(stage, working, /working$/);
});
