/** The built bot as a process, against the stand-ins: what the integration tests share. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { Stage, type StageOptions } from "../../src/cli/demo/stage.ts";
import type { Call } from "../../src/sandbox/telegram/telegram.ts";
import { PATIENCE_MS } from "./eventually.ts";

/** A stage that the test ends with; what the bot printed is shown when the test fails. */
export async function openStage(t: TestContext, options: StageOptions): Promise<Stage> {
  const stage = await Stage.open(options);
  t.after(async () => {
    if ((t as { passed?: boolean }).passed === false) t.diagnostic(stage.output.split("\n").slice(-30).join("\n"));
    await stage.close();
  });
  return stage;
}

export async function readJsonl(stage: Stage, ...path: string[]): Promise<Record<string, unknown>[]> {
  const text = await readFile(join(stage.dir, ...path), "utf8");
  const lines = text.split("\n").filter((line) => line !== "");
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
}

export async function readJson(stage: Stage, ...path: string[]): Promise<Record<string, unknown>> {
  return JSON.parse(await readFile(join(stage.dir, ...path), "utf8")) as Record<string, unknown>;
}

/** Whoever has a stand-in for Telegram. */
type Group = Pick<Stage, "telegram">;

/** Texts that the bot posted in a topic, in the order of posting. General is 1. */
export function postedIn(stage: Group, threadId: number): string[] {
  return stage.telegram.calls.filter((call) => isPost(call, threadId)).map((call) => String(call.params["text"]));
}

/** The next post, present or to come, in a topic with a text that matches. */
export function waitForPost(stage: Group, threadId: number, text: RegExp): Promise<Call> {
  return stage.telegram.waitFor((call) => isPost(call, threadId) && text.test(String(call.params["text"])), {
    timeoutMs: PATIENCE_MS,
  });
}

function isPost(call: Call, threadId: number): boolean {
  const posted = Number(call.params["message_thread_id"] ?? 1);
  return call.method === "sendMessage" && call.status === 200 && posted === threadId;
}
