import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { bodySchema, readRequest } from "../../../src/sandbox/claude/request.ts";
import type { RequestMessage, ScriptRequest } from "../../../src/sandbox/claude/request.ts";
import { sideAnswer } from "../../../src/sandbox/claude/side.ts";

const REMINDER = "<system-reminder>\nKeep it short.\n</system-reminder>\n";
const ECHO = [
  "<local-command-caveat>The command below was run directly</local-command-caveat>",
  "<command-name>/model</command-name>\n <command-message>model</command-message>\n <command-args>sonnet</command-args>\n",
  "<local-command-stdout>Set model to `sonnet`</local-command-stdout>\n",
];

function texts(...all: string[]): { type: string; text: string }[] {
  return all.map((text) => ({ type: "text", text }));
}

function read(messages: RequestMessage[], model = "claude-sonnet-5-5"): ScriptRequest {
  return readRequest(bodySchema.parse({ model, messages }));
}

describe("a request as a script sees it", () => {
  test("reminders around the user's text are not its text", () => {
    const user: RequestMessage = { role: "user", content: texts(REMINDER, "write the file") };
    const system: RequestMessage = { role: "system", content: "# Environment" };
    assert.equal(read([user, system]).userText, "write the file");
    assert.equal(read([{ role: "user", content: `${REMINDER}hello\n${REMINDER}` }]).userText, "hello");
  });

  test("the echo of a command is no text, and what follows it is", () => {
    const request = read([
      { role: "user", content: "first" },
      { role: "assistant", content: texts("one") },
      { role: "user", content: texts(REMINDER, ...ECHO, "second") },
    ]);
    assert.equal(request.userText, "second");
    assert.deepEqual(
      request.history.map((entry) => entry.text),
      ["first", "one", "second"],
    );
    const onlyEcho = read([
      { role: "user", content: "first" },
      { role: "user", content: texts(...ECHO, "[Request interrupted by user for tool use]") },
    ]);
    assert.equal(onlyEcho.userText, "first");
  });

  test("a reminder quoted in the middle of a user's text stays", () => {
    const text = "what does <system-reminder>x</system-reminder> mean?";
    assert.equal(read([{ role: "user", content: text }]).userText, text);
  });

  test("of two messages joined into one, the later is what was said last", () => {
    assert.equal(read([{ role: "user", content: texts("first try", "second try") }]).userText, "second try");
  });

  test("steps count the model's messages since the user's text, and results carry the tool's name", () => {
    const request = read([
      { role: "user", content: "go" },
      { role: "assistant", content: [{ type: "tool_use", id: "t1", name: "Bash", input: {} }] },
      { role: "user", content: [{ type: "tool_result", tool_use_id: "t1", content: texts("done") }] },
      { role: "assistant", content: [{ type: "tool_use", id: "t2", name: "Read", input: {} }] },
      {
        role: "user",
        content: [
          { type: "tool_result", tool_use_id: "t2", content: "no such file", is_error: true },
          ...texts(REMINDER),
        ],
      },
    ]);
    assert.equal(request.step, 2);
    assert.equal(request.userText, "go");
    assert.deepEqual(request.toolResults, [{ toolUseId: "t2", name: "Read", text: "no such file", isError: true }]);
  });

  test("the family is read from the model's id", () => {
    const families = ["claude-haiku-5-5", "claude-sonnet-5-5", "claude-opus-4-8", "claude-other"].map(
      (model) => read([{ role: "user", content: "x" }], model).family,
    );
    assert.deepEqual(families, ["haiku", "sonnet", "opus", undefined]);
  });
});

describe("side requests", () => {
  const system = [{ type: "text", text: "x-anthropic-billing-header: cc_version=2" }];
  const messages = [{ role: "user" as const, content: "<session>\nhello\n</session>" }];

  test("Claude Code's requests without tools are side requests", () => {
    const title = bodySchema.parse({
      model: "m",
      messages,
      system: [...system, ...texts("You are naming a coding session")],
    });
    assert.deepEqual(JSON.parse(sideAnswer(title)?.text ?? ""), { title: "A conversation in the sandbox" });
    assert.notEqual(
      sideAnswer(bodySchema.parse({ model: "m", messages: [{ role: "user", content: "quota" }], max_tokens: 1 })),
      undefined,
    );
  });

  test("its requests with tools and other programs' requests are for the script", () => {
    const tools = [{ name: "Bash" }];
    assert.equal(sideAnswer(bodySchema.parse({ model: "m", messages, system, tools })), undefined);
    assert.equal(sideAnswer(bodySchema.parse({ model: "m", messages })), undefined);
  });
});
