import assert from "node:assert/strict";
import { test } from "node:test";
import type { CanUseTool, HookCallback, Options } from "@anthropic-ai/claude-agent-sdk";
import { systemClock } from "../../../src/core/clock.ts";
import { sessionOptions } from "../../../src/workers/queue/agent-options.ts";
import type { AgentTurn } from "../../../src/workers/queue/agent-port.ts";
import { AgentProcess } from "../../../src/workers/queue/agent-process.ts";
import { openHost } from "../../support/agent-host.ts";
import { noTools } from "./agent-rig.ts";

const process = new AgentProcess(systemClock, openHost().launch);

function options(more: Partial<AgentTurn> = {}, env: Record<string, string> = {}): Options {
  const turn: AgentTurn = {
    threadId: 5,
    messageId: "u1",
    cwd: "/workspace/api",
    model: "sonnet",
    prompt: "Fix the failing test",
    systemPrompt: "You are the agent of one thread.",
    sessionId: undefined,
    signal: new AbortController().signal,
    tools: noTools,
    onEvent: () => undefined,
    ...more,
  };
  return sessionOptions(turn, env, process, () => undefined);
}

test("a session reads the settings of its project alone, neither the user's nor those kept out of the repository", () => {
  assert.deepEqual(options().settingSources, ["project"]);
});

test("a session has our tool server and no server of a file", () => {
  const { strictMcpConfig, mcpServers, mcpServersDelivery } = options();
  assert.equal(strictMcpConfig, true);
  assert.deepEqual(Object.keys(mcpServers ?? {}), ["tinyclaw"]);
  assert.equal(mcpServersDelivery, "initialize");
});

test("a prompt reaches the model as it was written", () => {
  assert.equal(options().verbatimPrompts, true);
});

test("a session asks for no permission", () => {
  const { allowDangerouslySkipPermissions, extraArgs, permissionMode } = options();
  assert.equal(allowDangerouslySkipPermissions, true);
  assert.deepEqual([extraArgs?.["permission-mode"], permissionMode], ["bypassPermissions", undefined]);
});

test("the thread's prompt is appended to Claude Code's own", () => {
  assert.deepEqual(options().systemPrompt, {
    type: "preset",
    preset: "claude_code",
    append: "You are the agent of one thread.",
    snapshot: false,
  });
});

test("a session runs in its directory, on its model, with the environment given and no more", () => {
  const { cwd, model, env, spawnClaudeCodeProcess } = options({}, { HOME: "/home/agent" });
  assert.deepEqual([cwd, model, env], ["/workspace/api", "sonnet", { HOME: "/home/agent" }]);
  assert.equal(spawnClaudeCodeProcess, process.spawn);
});

test("a session is resumed by its id, and a new one has none", () => {
  assert.equal(options({ sessionId: "s-1" }).resume, "s-1");
  assert.equal("resume" in options(), false);
});

test("a question to a person is denied with what to do instead, every other tool is allowed", async () => {
  const ask = options().canUseTool as CanUseTool;
  const context = { signal: new AbortController().signal, toolUseID: "t-1", requestId: "r-1" };
  const denied = await ask("AskUserQuestion", {}, context);
  assert.ok(denied?.behavior === "deny");
  assert.match(denied.message, /final message/);
  assert.deepEqual(await ask("Bash", { command: "ls" }, context), {
    behavior: "allow",
    updatedInput: { command: "ls" },
  });
});

test("plan mode is denied with what to do instead, on the way in and out", async () => {
  const [matcher, ...others] = options().hooks?.PreToolUse ?? [];
  assert.deepEqual(others, []);
  for (const tool of ["EnterPlanMode", "ExitPlanMode"]) assert.match(tool, new RegExp(`^(${matcher?.matcher})$`));
  const refuse = matcher?.hooks[0] as unknown as () => ReturnType<HookCallback>;
  const { hookSpecificOutput } = (await refuse()) as { hookSpecificOutput: Record<string, unknown> };
  assert.equal(hookSpecificOutput["permissionDecision"], "deny");
  assert.match(String(hookSpecificOutput["permissionDecisionReason"]), /final message/);
});

test("tools that promise something for later are not offered", () => {
  const denied = options().disallowedTools ?? [];
  for (const tool of ["CronCreate", "ScheduleWakeup", "Monitor"]) assert.ok(denied.includes(tool), tool);
});
