import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { test } from "node:test";
import { promisify } from "node:util";

/** Says what is imported, in the words of whoever imports it. */
const HOOK = `
import { writeSync } from "node:fs";
export const resolve = (name, context, next) => { writeSync(1, name + "\\n"); return next(name, context); };`;

async function importsOf(module: string): Promise<string[]> {
  const hook = `data:text/javascript,${encodeURIComponent(HOOK)}`;
  const url = new URL(`../../../src/workers/queue/${module}`, import.meta.url).href;
  const script = `import { register } from "node:module"; register(${JSON.stringify(hook)}); await import(${JSON.stringify(url)});`;
  const run = promisify(execFile)(process.execPath, ["--input-type=module", "--eval", script]);
  return (await run).stdout.split("\n");
}

test("the queue worker begins without the Agent SDK, which a session alone brings", async () => {
  const [idle, session] = await Promise.all([importsOf("service.js"), importsOf("agent-session.js")]);
  assert.ok(idle.includes("./agent.js"));
  assert.ok(!idle.includes("@anthropic-ai/claude-agent-sdk"));
  assert.ok(session.includes("@anthropic-ai/claude-agent-sdk"));
});
