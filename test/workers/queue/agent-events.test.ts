import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { TurnEvents } from "../../../src/workers/queue/agent-events.ts";

type Message = Parameters<TurnEvents["of"]>[0];

function assistant(content: object[], more: object = {}): Message {
  return { type: "assistant", parent_tool_use_id: null, message: { content }, ...more } as unknown as Message;
}

function call(input: object, id = "t1"): Message {
  return assistant([{ type: "tool_use", id, name: "Bash", input }]);
}

function done(content: unknown, more: object = {}): Message {
  const block = { type: "tool_result", tool_use_id: "t1", content, ...more };
  return { type: "user", parent_tool_use_id: null, message: { role: "user", content: [block] } } as unknown as Message;
}

describe("the events of a turn", () => {
  test("a tool's end has its name and its time", () => {
    let now = 1000;
    const events = new TurnEvents(() => now);
    assert.deepEqual(events.of(call({ command: "ls" })), [
      { kind: "tool_start", tool: "Bash", toolUseId: "t1", detail: "ls" },
    ]);
    now += 41.6;
    const end = { kind: "tool_end", tool: "Bash", toolUseId: "t1", ms: 42, detail: "a\n[image]", isError: true };
    assert.deepEqual(events.of(done([{ type: "text", text: "a" }, { type: "image" }], { is_error: true })), [end]);
    assert.deepEqual(events.of(done("again")), [], "one end a call");
  });

  test("a call's detail is its most telling input, else all of it", () => {
    const detail = (input: object): unknown => {
      const [event] = new TurnEvents(() => 0).of(call(input));
      return event?.kind === "tool_start" ? event.detail : undefined;
    };
    assert.equal(detail({ description: "List", command: "ls" }), "ls");
    assert.equal(detail({ file_path: "/a/b", content: "x" }), "/a/b");
    assert.equal(detail({ targetThreadId: 9 }), '{"targetThreadId":9}');
  });

  test("a long detail is cut, never inside a surrogate pair", () => {
    for (const lead of ["", "x"]) {
      const [, event] = [0, new TurnEvents(() => 0).of(call({ command: lead + "🦀".repeat(2000) }))[0]];
      const detail = event?.kind === "tool_start" ? event.detail : "";
      assert.ok(detail.length <= 2000 && detail.length > 1997 && detail.endsWith("🦀…"), `${detail.length}`);
    }
  });

  test("a subagent's words and the text of an API failure are no text of the turn", () => {
    const events = new TurnEvents(() => 0);
    const text = [{ type: "text", text: "hi" }];
    assert.deepEqual(events.of(assistant(text)), [{ kind: "text", detail: "hi" }]);
    assert.deepEqual(events.of(assistant(text, { parent_tool_use_id: "t9" })), []);
    assert.deepEqual(events.of(assistant(text, { error: "rate_limit" })), []);
  });
});
