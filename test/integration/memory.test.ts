import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import type { Stage } from "../../src/cli/demo/stage.ts";
import { openStage, readJson, waitForPost } from "../support/bot.ts";
import { eventually } from "../support/eventually.ts";

interface AgentRow {
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
