import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { tempDir } from "../../support/temp-dir.ts";

/** Writes down what is imported, in the words of whoever imports it. To a file: a pipe may have no room just then. */
function hookTo(path: string): string {
  return `
import { appendFileSync } from "node:fs";
export const resolve = (name, context, next) => {
  appendFileSync(${JSON.stringify(path)}, name + "\\n");
  return next(name, context);
};`;
}

async function importsOf(module: string, folder: string): Promise<string[]> {
  const path = join(folder, module);
  const hook = `data:text/javascript,${encodeURIComponent(hookTo(path))}`;
  const url = new URL(`../../../src/workers/queue/${module}`, import.meta.url).href;
  const script = `import { register } from "node:module"; register(${JSON.stringify(hook)}); await import(${JSON.stringify(url)});`;
  await promisify(execFile)(process.execPath, ["--input-type=module", "--eval", script]);
  return (await readFile(path, "utf8")).split("\n");
}

test("the queue worker begins without the Agent SDK, which a session alone brings", async (t) => {
  const folder = await tempDir(t);
  const [idle, session] = await Promise.all([importsOf("service.js", folder), importsOf("agent-session.js", folder)]);
  assert.ok(idle.includes("./agent.js"));
  assert.ok(!idle.includes("@anthropic-ai/claude-agent-sdk"));
  assert.ok(session.includes("@anthropic-ai/claude-agent-sdk"));
});
