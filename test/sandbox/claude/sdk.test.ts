import assert from "node:assert/strict";
import { mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import type { TestContext } from "node:test";
import { query } from "@anthropic-ai/claude-agent-sdk";
import type { SDKResultMessage, SDKUserMessage } from "@anthropic-ai/claude-agent-sdk";
import { ClaudeSandbox } from "../../../src/sandbox/claude/claude.ts";
import type { Script } from "../../../src/sandbox/claude/claude.ts";

interface Place {
  readonly claude: ClaudeSandbox;
  readonly cwd: string;
  /** Runs prompts in one session; before the second the model is changed to sonnet. Returns the results' texts. */
  readonly run: (prompts: readonly string[], env?: Record<string, string>) => Promise<string[]>;
}

async function place(t: TestContext, script: Script): Promise<Place> {
  const home = await mkdtemp(join(tmpdir(), "tinyclaw-sandbox-"));
  const cwd = join(home, "work");
  await mkdir(cwd);
  const claude = new ClaudeSandbox({ script });
  await claude.start();
  t.after(async () => {
    await claude.stop();
    await rm(home, { recursive: true, force: true, maxRetries: 5 });
  });
  const run: Place["run"] = async (prompts, env = {}) => {
    let next: () => void = () => undefined;
    const results: string[] = [];
    async function* input(): AsyncGenerator<SDKUserMessage> {
      for (const [index, content] of prompts.entries()) {
        if (index === 1) await session.setModel("sonnet");
        yield { type: "user", parent_tool_use_id: null, message: { role: "user", content } };
        await new Promise<void>((resolve) => {
          next = resolve;
        });
      }
    }
    const session = query({
      prompt: input(),
      options: {
        cwd,
        model: "haiku",
        permissionMode: "bypassPermissions",
        allowDangerouslySkipPermissions: true,
        settingSources: [],
        systemPrompt: { type: "preset", preset: "claude_code" },
        env: {
          PATH: process.env["PATH"],
          HOME: home,
          CLAUDE_CONFIG_DIR: join(home, "config"),
          CLAUDE_CODE_TMPDIR: home,
          ANTHROPIC_BASE_URL: claude.url,
          ANTHROPIC_API_KEY: "sandbox",
          IS_SANDBOX: "1",
          ...env,
        },
      },
    });
    for await (const message of session) {
      if (message.type !== "result") continue;
      results.push(textOf(message));
      next();
    }
    return results;
  };
  return { claude, cwd, run };
}

function textOf(message: SDKResultMessage): string {
  return message.subtype === "success" ? message.result : message.errors.join();
}

const QUIET = { CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: "1" };

describe("the Claude sandbox under the real agent", { timeout: 60_000 }, () => {
  test("a scripted tool call really runs in the agent's folder, and its result comes back", async (t) => {
    const { claude, cwd, run } = await place(t, ({ step, toolResults }) =>
      step === 0
        ? { text: "I will write it.", tools: [{ name: "Bash", input: { command: "echo crab | tee out.txt" } }] }
        : { text: `It says ${toolResults[0]?.text}.` },
    );
    assert.deepEqual(await run(["write the file"], QUIET), ["It says crab."]);
    assert.equal(await readFile(join(cwd, "out.txt"), "utf8"), "crab\n");
    assert.deepEqual(
      claude.requests.map((request) => [request.script.userText, request.script.step, request.outcome]),
      [
        ["write the file", 0, "answered"],
        ["write the file", 1, "answered"],
      ],
    );
    assert.ok(claude.requests[0]?.tools.includes("Bash") && claude.requests[0].stream);
  });

  test("a file is written and edited by the agent's own tools", async (t) => {
    const { cwd, run } = await place(t, ({ step }) => {
      const file_path = join(cwd, "note.txt");
      if (step === 0) return { tools: [{ name: "Write", input: { file_path, content: "one two" } }] };
      if (step === 1)
        return { tools: [{ name: "Edit", input: { file_path, old_string: "two", new_string: "three" } }] };
      return { text: "Edited." };
    });
    assert.deepEqual(await run(["edit it"], QUIET), ["Edited."]);
    assert.equal(await readFile(join(cwd, "note.txt"), "utf8"), "one three");
  });

  test("after a change of model the echo of the command is not the user's text", async (t) => {
    const { claude, run } = await place(t, ({ family, userText, step }) => ({ text: `${family} ${step} ${userText}` }));
    assert.deepEqual(await run(["first", "second"], QUIET), ["haiku 0 first", "sonnet 0 second"]);
    assert.ok(JSON.stringify(claude.requests[1]?.messages).includes("local-command-stdout"), "the echo was there");
  });

  test("the agent's side requests are answered without the script", async (t) => {
    const heard: string[] = [];
    const { claude, run } = await place(t, ({ userText }) => {
      heard.push(userText);
      return { text: "hello" };
    });
    assert.deepEqual(await run(["please look at the sources here and tell me what they do"]), ["hello"]);
    const side = await claude.waitFor((request) => request.side, { timeoutMs: 10_000 });
    assert.match(side.system, /naming a coding session/);
    assert.deepEqual(heard, ["please look at the sources here and tell me what they do"]);
  });
});
