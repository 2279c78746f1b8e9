import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, describe, test } from "node:test";
import { ClaudeSandbox, echo } from "../../../src/sandbox/claude/claude.ts";

const claude = new ClaudeSandbox();

function ask(
  body: object,
  path = "/v1/messages",
  headers: Record<string, string> = { "x-api-key": "sandbox" },
): Promise<Response> {
  return fetch(`${claude.url}${path}`, { method: "POST", headers, body: JSON.stringify(body) });
}

function message(text: string, more: object = {}): object {
  return { model: "claude-haiku-5-5", max_tokens: 100, messages: [{ role: "user", content: text }], ...more };
}

interface Data {
  type: string;
  index?: number;
  delta?: { text?: string; partial_json?: string; stop_reason?: string };
  content_block?: { type: string; name?: string };
  usage?: { output_tokens: number };
  message?: { usage: { input_tokens: number } };
}

/** Events of a stream; the name of each must agree with its data. */
function eventsIn(text: string): Data[] {
  return text
    .split("\n\n")
    .filter((part) => part !== "")
    .map((part) => {
      const [name, data] = part.split("\n");
      const parsed = JSON.parse((data ?? "").replace(/^data: /, "")) as Data;
      assert.equal(name, `event: ${parsed.type}`);
      return parsed;
    });
}

describe("Claude sandbox", () => {
  before(() => claude.start());
  after(() => claude.stop());
  beforeEach(() => {
    claude.requests.length = 0;
  });
  afterEach(() => {
    claude.script = echo;
  });

  test("its url is refused before start", () => {
    assert.throws(() => new ClaudeSandbox().url, { code: "claude_not_started" });
  });

  test("a plain request is answered by the script, with its usage", async () => {
    const body = (await (await ask(message("hi"))).json()) as {
      content: unknown;
      stop_reason: string;
      usage: Record<string, number>;
    };
    assert.deepEqual(body.content, [{ type: "text", text: "You said: hi" }]);
    assert.equal(body.stop_reason, "end_turn");
    assert.ok((body.usage["input_tokens"] ?? 0) > 0 && (body.usage["output_tokens"] ?? 0) > 0);
  });

  test("a stream carries text and tool calls whole, in the API's order of events", async () => {
    const text = `${"a long answer ".repeat(20)}🦀`;
    claude.script = () => ({ text, tools: [{ name: "Bash", input: { command: "ls" } }], usage: { output_tokens: 77 } });
    const events = eventsIn(await (await ask(message("hi", { stream: true }))).text());
    assert.deepEqual(
      [events[0]?.type, events[1]?.type, events.at(-1)?.type],
      ["message_start", "ping", "message_stop"],
    );
    assert.equal(events.map((event) => event.delta?.text ?? "").join(""), text);
    const input = events.map((event) => event.delta?.partial_json ?? "").join("");
    assert.deepEqual(JSON.parse(input), { command: "ls" });
    const delta = events.find((event) => event.type === "message_delta");
    assert.deepEqual([delta?.delta?.stop_reason, delta?.usage?.output_tokens], ["tool_use", 77]);
    const opened = events
      .filter((event) => event.type === "content_block_start")
      .map((event) => event.content_block?.type);
    assert.deepEqual(opened, ["text", "tool_use"]);
  });

  test("what a session's earlier request held is read from the cache", async () => {
    const headers = { "x-api-key": "sandbox", "x-claude-code-session-id": "s1" };
    const usage = async (text: string): Promise<Record<string, number>> => {
      const response = await ask(message(text, { system: "rules ".repeat(100) }), "/v1/messages", headers);
      return ((await response.json()) as { usage: Record<string, number> }).usage;
    };
    const first = await usage("one");
    const second = await usage("one and two");
    assert.equal(first["cache_read_input_tokens"], 0);
    assert.ok((first["cache_creation_input_tokens"] ?? 0) > 100);
    assert.ok((second["cache_read_input_tokens"] ?? 0) > 100);
  });

  test("tokens are counted, probes are harmless, other paths are a 404 in Anthropic's shape", async () => {
    const counted = (await (await ask(message("hi"), "/v1/messages/count_tokens")).json()) as { input_tokens: number };
    assert.ok(counted.input_tokens > 0);
    assert.equal((await fetch(`${claude.url}/api/hello`, { method: "HEAD" })).status, 200);
    const missing = await fetch(`${claude.url}/v1/nothing`);
    assert.equal(missing.status, 404);
    const { type, error } = (await missing.json()) as { type: string; error: { type: string } };
    assert.deepEqual([type, error.type], ["error", "not_found_error"]);
    assert.equal(claude.requests.length, 0);
  });

  test("no credential is a 401, and a body of the wrong shape a 400", async () => {
    assert.equal((await ask(message("hi"), "/v1/messages", {})).status, 401);
    assert.equal((await ask({ model: "x" })).status, 400);
    const garbage = await fetch(`${claude.url}/v1/messages`, {
      method: "POST",
      headers: { "x-api-key": "k" },
      body: "{",
    });
    assert.equal(garbage.status, 400);
  });

  test("an ordered status strikes as often as asked, with its headers", async () => {
    claude.order({ times: 2, fault: { kind: "status", code: 429, retryAfter: 7, message: "slow down" } });
    const first = await ask(message("hi"));
    assert.deepEqual([first.status, first.headers.get("retry-after")], [429, "7"]);
    const { error } = (await first.json()) as { error: { type: string; message: string } };
    assert.deepEqual(error, { type: "rate_limit_error", message: "slow down" });
    assert.equal((await ask(message("hi"))).status, 429);
    assert.equal((await ask(message("hi"))).status, 200);
  });

  test("an order waits for the request it matches, and a lifted one strikes nothing", async () => {
    claude.order({ fault: { kind: "status", code: 529 }, match: (request) => request.script.userText === "b" });
    const lift = claude.order({
      times: Infinity,
      fault: { kind: "status", code: 500 },
      match: (request) => request.script.userText === "c",
    });
    assert.equal((await ask(message("a"))).status, 200);
    assert.equal((await ask(message("b"))).status, 529);
    assert.equal((await ask(message("c"))).status, 500);
    assert.equal((await ask(message("c"))).status, 500);
    lift();
    assert.equal((await ask(message("c"))).status, 200);
  });

  test("a dropped connection ends before the answer, or in the middle of it", async () => {
    claude.order({ fault: { kind: "drop", when: "before" } });
    await assert.rejects(ask(message("hi")));
    claude.order({ fault: { kind: "drop", when: "midstream" } });
    const half = await ask(message("hi", { stream: true }));
    assert.equal(half.status, 200);
    await assert.rejects(half.text());
    assert.deepEqual(
      claude.requests.map((request) => request.outcome),
      ["dropped", "dropped"],
    );
  });

  test("a delay is waited for, and a client that leaves meanwhile is on record", async () => {
    claude.order({ fault: { kind: "delay", ms: 60 } });
    const started = performance.now();
    await (await ask(message("hi"))).text();
    assert.ok(performance.now() - started >= 59);
    claude.order({ fault: { kind: "delay", ms: 60_000 } });
    const leaving = new AbortController();
    const asked = fetch(`${claude.url}/v1/messages`, {
      method: "POST",
      headers: { "x-api-key": "k" },
      body: JSON.stringify(message("bye")),
      signal: leaving.signal,
    });
    await claude.waitFor((request) => request.script.userText === "bye", { timeoutMs: 5000 });
    leaving.abort();
    await assert.rejects(asked);
    const left = await claude.waitFor((request) => request.outcome === "left", { timeoutMs: 5000 });
    assert.equal(left.script.userText, "bye");
  });

  test("a script that throws, or refuses, is an error of the API", async () => {
    claude.script = () => {
      throw new Error("no such scene");
    };
    const thrown = await ask(message("hi"));
    assert.equal(thrown.status, 500);
    assert.match(await thrown.text(), /no such scene/);
    claude.script = () => ({ error: { code: 400, message: "too long" } });
    assert.equal((await ask(message("hi"))).status, 400);
  });

  test("a request is on record as it came and as it ended", async () => {
    await (await ask(message("hi", { tools: [{ name: "Bash" }], system: "be brief" }))).text();
    const record = await claude.waitFor((request) => request.outcome === "answered", { timeoutMs: 5000 });
    assert.deepEqual(
      [record.model, record.tools, record.system, record.stream],
      ["claude-haiku-5-5", ["Bash"], "be brief", false],
    );
    assert.ok((record.answeredAt ?? 0) >= record.at);
    await assert.rejects(
      claude.waitFor(() => false, { timeoutMs: 5 }),
      { code: "claude_wait_timeout" },
    );
  });

  test("after a stop and a start, port, script and orders are the same", async () => {
    const { url } = claude;
    claude.script = () => ({ text: "still here" });
    claude.order({ fault: { kind: "status", code: 529 } });
    await claude.stop();
    await claude.stop();
    await assert.rejects(ask(message("hi")));
    await claude.start();
    assert.equal(claude.url, url);
    assert.equal((await ask(message("hi"))).status, 529);
    assert.match(await (await ask(message("hi"))).text(), /still here/);
  });
});

test("where credentials are named, others are refused as the API refuses them", async (t) => {
  const strict = new ClaudeSandbox();
  await strict.start();
  t.after(() => strict.stop());
  strict.accepted = ["good"];
  const models = async (headers: Record<string, string>): Promise<number> =>
    (await fetch(`${strict.url}/v1/models`, { headers })).status;
  assert.equal(await models({ "x-api-key": "good" }), 200);
  assert.equal(await models({ authorization: "Bearer good" }), 200);
  assert.equal(await models({ "x-api-key": "other" }), 401);
  assert.equal(await models({}), 401);
});
