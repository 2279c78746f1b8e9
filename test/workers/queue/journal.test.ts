import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { route } from "../../../src/workers/router/router.ts";
import { createScrubber, Secret } from "../../../src/core/secrets.ts";
import { Journal } from "../../../src/workers/queue/journal.ts";
import { memoryLog } from "../../support/memory-log.ts";
import { tempDir } from "../../support/temp-dir.ts";

const mark = { timestamp: 1, threadId: 5, messageId: "u1" };
const routing = { ...mark, input: "Fix the test", ...route({ text: "Fix the test" }) };
const prompt = {
  ...mark,
  model: "opus",
  systemPrompt: "You are …",
  userMessage: "Fix the test",
  prompt: `${"history ".repeat(20_000)}\n\n[Tester via Telegram]: Fix the test`,
  historyInjected: true,
  historyLines: 2,
  promptLength: 7,
} as const;
const activity = { ...mark, kind: "tool_end", tool: "Bash", toolUseId: "t1", ms: 12, detail: "ok" } as const;

const asIs = (text: string): string => text;

const linesOf = async (path: string): Promise<unknown[]> =>
  (await readFile(path, "utf8"))
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as unknown);

test("each record goes whole to the file that its readers look into", async (t) => {
  const dir = await tempDir(t);
  const journal = await Journal.open(dir, memoryLog().log, asIs);
  await Promise.all([journal.routing(routing), journal.prompt(prompt), journal.activity(activity)]);
  await journal.close();
  assert.deepEqual(await linesOf(join(dir, "routing-log.jsonl")), [routing]);
  assert.deepEqual(await linesOf(join(dir, "logs", "prompts.jsonl")), [prompt]);
  assert.deepEqual(await linesOf(join(dir, "activity.jsonl")), [activity]);
});

test("records keep the order they were given in, and those under way are written before the close", async (t) => {
  const dir = await tempDir(t);
  const journal = await Journal.open(dir, memoryLog().log, asIs);
  const written = Array.from({ length: 50 }, (_, ms) => journal.activity({ ...activity, ms }));
  await journal.close();
  await Promise.all(written);
  const lines = (await linesOf(join(dir, "activity.jsonl"))) as { ms: number }[];
  assert.deepEqual(
    lines.map(({ ms }) => ms),
    Array.from({ length: 50 }, (_, n) => n),
  );
});

test("a journal opened again goes on where it was", async (t) => {
  const dir = await tempDir(t);
  for (const messageId of ["u1", "u2"]) {
    const journal = await Journal.open(dir, memoryLog().log, asIs);
    await journal.activity({ ...activity, messageId });
    await journal.close();
  }
  const lines = (await linesOf(join(dir, "activity.jsonl"))) as { messageId: string }[];
  assert.deepEqual(
    lines.map(({ messageId }) => messageId),
    ["u1", "u2"],
  );
});

test("a line that cannot be written is told in the log with its message, and stops nothing", async (t) => {
  const dir = await tempDir(t);
  const { log, lines } = memoryLog();
  const journal = await Journal.open(dir, log, asIs);
  await journal.close();
  await journal.activity(activity);
  assert.deepEqual(
    lines.map(({ level, fields }) => [level, fields["path"], fields["messageId"]]),
    [["error", join(dir, "activity.jsonl"), "u1"]],
  );
});

test("what a tool prints is written down without the agents' secrets", async (t) => {
  const dir = await tempDir(t);
  const journal = await Journal.open(dir, memoryLog().log, createScrubber([new Secret("sk-not-a-key")]));
  await journal.activity({ ...activity, detail: "ANTHROPIC_API_KEY=sk-not-a-key" });
  await journal.close();
  const [line] = (await linesOf(join(dir, "activity.jsonl"))) as { detail: string }[];
  assert.equal(line?.detail, "ANTHROPIC_API_KEY=[secret]");
});
