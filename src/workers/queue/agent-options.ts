import type { CanUseTool, HookCallback, Options } from "@anthropic-ai/claude-agent-sdk";
import { TOOL_SERVER, toolServer } from "./tools.ts";
import type { AgentTools, AgentTurn } from "./agent-port.ts";
import type { AgentProcess } from "./agent-process.ts";

/** What a tool that waits for a person is told; the model reads it as the tool's error. */
const NO_QUESTIONS =
  "Nobody can answer a dialog here. Put the question, with its choices, into your final message and end the turn: " +
  "the answer comes as the next message.";
const NO_PLAN_MODE =
  "There is no plan mode here, since nobody can approve a plan in a dialog. Do the work; or, where the decision is " +
  "not yours, write the plan as your final message and end the turn: the answer comes as the next message.";

/** Tools that promise something for later: a session may be gone by then, and nobody posts what it says unasked. */
const NO_LATER = ["CronCreate", "CronDelete", "CronList", "ScheduleWakeup", "Monitor"];

/**
 * Options of a session. bypassPermissions skips `canUseTool` for all but AskUserQuestion, which is offered only where
 * there is such a callback: without it the model's call fails as "no such tool", which tells it nothing. Plan mode is
 * entered without asking anyone, so a hook stands before it.
 */
export function sessionOptions(
  turn: AgentTurn,
  env: Readonly<Record<string, string>>,
  process: AgentProcess,
  tools: () => AgentTools | undefined,
): Options {
  return {
    cwd: turn.cwd,
    model: turn.model,
    env: { ...env },
    ...(turn.sessionId === undefined ? {} : { resume: turn.sessionId }),
    systemPrompt: { type: "preset", preset: "claude_code", append: turn.systemPrompt, snapshot: false },
    settingSources: ["project"],
    verbatimPrompts: true,
    allowDangerouslySkipPermissions: true,
    // Given as a flag, because the option `permissionMode` beside a canUseTool makes the SDK print a warning a session.
    extraArgs: { "permission-mode": "bypassPermissions" },
    canUseTool: refuseQuestions,
    hooks: { PreToolUse: [{ matcher: "EnterPlanMode|ExitPlanMode", hooks: [refusePlanMode] }] },
    disallowedTools: NO_LATER,
    mcpServers: { [TOOL_SERVER]: toolServer(tools) },
    mcpServersDelivery: "initialize",
    strictMcpConfig: true,
    spawnClaudeCodeProcess: process.spawn,
  };
}

const refuseQuestions: CanUseTool = (name, input) =>
  Promise.resolve(
    name === "AskUserQuestion"
      ? { behavior: "deny", message: NO_QUESTIONS }
      : { behavior: "allow", updatedInput: input },
  );

const refusePlanMode: HookCallback = () =>
  Promise.resolve({
    hookSpecificOutput: {
      hookEventName: "PreToolUse",
      permissionDecision: "deny",
      permissionDecisionReason: NO_PLAN_MODE,
    },
  });
