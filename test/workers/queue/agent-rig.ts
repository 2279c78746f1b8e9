import assert from "node:assert/strict";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import type { RunAs } from "../../../src/core/config.ts";
import type { Logger } from "../../../src/core/log.ts";
import { ClaudeSandbox } from "../../../src/sandbox/claude/claude.ts";
import type { RecordedRequest } from "../../../src/sandbox/claude/claude.ts";
import { openHost } from "../../support/agent-host.ts";
import { createClaudeAgent } from "../../../src/workers/queue/agent.ts";
import type {
  Agent,
  AgentEvent,
  AgentTools,
  AgentTurn,
  ClaudeAgentOptions,
  TurnResult,
} from "../../../src/workers/queue/agent.ts";

/** The real agent binary in front of the stand-in for the API, in a folder of its own. */
export interface Rig {
  readonly claude: ClaudeSandbox;
  readonly agent: Agent;
  readonly home: string;
  readonly cwd: string;
  readonly events: AgentEvent[];
  readonly logged: string[];
  /** A turn of thread 5, with what differs. */
  turn(prompt: string, more?: Partial<AgentTurn>): Promise<TurnResult>;
  /** The same, which must be answered. */
  answered(prompt: string, more?: Partial<AgentTurn>): Promise<Extract<TurnResult, { status: "answered" }>>;
  /** Waits for the request of a prompt, in any of its steps. */
  asked(prompt: string, found?: (request: RecordedRequest) => boolean): Promise<RecordedRequest>;
  stop(): Promise<void>;
}

export const noTools: AgentTools = {
  sendMessage: () => Promise.resolve({ status: "refused", reason: "no threads in this test" }),
  listThreads: () => [],
};

export async function startRig(
  options: Partial<Omit<ClaudeAgentOptions, "env" | "launch">> & {
    readonly env?: Record<string, string>;
    readonly retries?: number;
    readonly runAs?: RunAs;
  } = {},
): Promise<Rig> {
  const { retries = 1, env, runAs, ...agentOptions } = options;
  const { host, launch } = openHost(runAs === undefined ? {} : { runAs });
  const home = await mkdtemp(join(tmpdir(), "tinyclaw-agent-"));
  const cwd = join(home, "work");
  await mkdir(cwd);
  const claude = new ClaudeSandbox();
  await claude.start();
  const logged: string[] = [];
  const keep = (_fields: object, message: string): void => {
    logged.push(message);
  };
  const log: Logger = { debug: keep, info: keep, warn: keep, error: keep };
  const agent = createClaudeAgent({
    env: () => env ?? agentEnv(claude.url, home, retries),
    log,
    launch,
    ...agentOptions,
  });
  const events: AgentEvent[] = [];

  const turn = (prompt: string, more: Partial<AgentTurn> = {}): Promise<TurnResult> =>
    agent.run({
      threadId: 5,
      messageId: "u1",
      cwd,
      model: "haiku",
      prompt,
      systemPrompt: "You are the agent of one thread.",
      sessionId: undefined,
      signal: new AbortController().signal,
      tools: noTools,
      onEvent: (event) => {
        events.push(event);
      },
      ...more,
    });
  return {
    claude,
    agent,
    home,
    cwd,
    events,
    logged,
    turn,
    async answered(prompt, more) {
      const result = await turn(prompt, more);
      assert.ok(result.status === "answered", JSON.stringify(result));
      return result;
    },
    asked: (prompt, found = () => true) =>
      claude.waitFor((request) => request.script.userText === prompt && found(request), { timeoutMs: 20_000 }),
    async stop() {
      await agent.close();
      await host.close();
      await claude.stop();
      await rm(home, { recursive: true, force: true });
    },
  };
}

/** A rig for one test, stopped when it ends, however it ends. */
export async function rigFor(t: TestContext, options: Parameters<typeof startRig>[0] = {}): Promise<Rig> {
  const rig = await startRig(options);
  t.after(() => rig.stop());
  return rig;
}

/** What an agent may have (docs/configure.md), with everything that is not the conversation switched off. */
export function agentEnv(url: string, home: string, retries: number): Record<string, string> {
  return {
    PATH: process.env["PATH"] ?? "",
    HOME: home,
    CLAUDE_CONFIG_DIR: join(home, "config"),
    CLAUDE_CODE_TMPDIR: home,
    ANTHROPIC_BASE_URL: url,
    ANTHROPIC_API_KEY: "sandbox",
    CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: "1",
    CLAUDE_CODE_MAX_RETRIES: String(retries),
    ...(process.getuid?.() === 0 ? { IS_SANDBOX: "1" } : {}),
  };
}

/** Whether a process is there. */
export function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
