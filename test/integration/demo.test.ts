import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const MAIN = fileURLToPath(new URL("../../src/cli/main.js", import.meta.url));

test("demo --once shows three topics, the models, a tool's real output, and one thread asking another", async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [MAIN, "demo", "--once"], { timeout: 120_000 });
  const lines = stdout.split("\n");
  for (const wanted of [
    /^The dashboard is at http:\/\/127\.0\.0\.1:\d+ /,
    /^#api You: /,
    /^#api haiku: /,
    /^#docs You: /,
    /^#docs (haiku|sonnet|opus): .*3 lines, committed by tinyclaw-sandbox\[bot\]/,
    /^#General You: /,
    /^#General opus: /,
    /^#api tinyclaw: ↪ #General: /,
  ]) {
    assert.ok(
      lines.some((line) => wanted.test(line)),
      `no line matches ${wanted}:\n${stdout}`,
    );
  }
  const question = lines.findIndex((line) => line.startsWith("#api tinyclaw: ↪"));
  assert.ok(
    lines.slice(question).some((line) => /^#api (haiku|sonnet|opus): /.test(line)),
    "the other thread answers",
  );
});
