import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { WebSocketServer } from "ws";
import type { WebSocket } from "ws";
import { freePort } from "../../../src/cli/demo/free-port.ts";
import type { JsonlWriter } from "../../../src/core/jsonl.ts";
import { put, start, writerOf } from "../../dashboard/support/rig.ts";
import { eventually } from "../../support/eventually.ts";
import { tempDir } from "../../support/temp-dir.ts";
import { MAIN, startCli } from "../run-cli.ts";
import type { RunningCli } from "../run-cli.ts";

const timeout = 60_000;
const ACCESS = { CF_ACCESS_TEAM_DOMAIN: "http://127.0.0.1:1", CF_ACCESS_AUD: "a".repeat(64) };

function watch(t: TestContext, port: number, words: string[] = [], env: Record<string, string> = {}): RunningCli {
  const running = startCli(["watch", ...words], { DASHBOARD_PORT: String(port), ...env });
  t.after(() => running.child.kill("SIGKILL"));
  return running;
}

function shows(running: RunningCli, text: string | RegExp): Promise<true> {
  const output = (): string => running.output();
  return eventually(`${String(text)} in ${output()}`, () => (output().match(text) === null ? undefined : true));
}

let count = 0;
async function say(writer: JsonlWriter, fields: object): Promise<void> {
  count += 1;
  await writer.append({
    timestamp: Date.now(),
    threadId: 5,
    messageId: `m${count}`,
    direction: "in",
    sender: "Ada",
    ...fields,
  });
}

test(
  "what was said last and what is said then shows line by line, until Ctrl-C ends it with 0",
  { timeout },
  async (t) => {
    const dir = join(await tempDir(t), ".tinyclaw");
    await put(dir, "threads.json", { "5": { name: "API", cwd: "/w", isMaster: false } });
    const writer = await writerOf(t, dir, "messages");
    for (let n = 1; n <= 12; n += 1) await say(writer, { message: `old ${n}` });
    const dashboard = await start(t, { dir });
    const running = watch(t, dashboard.port);
    await shows(running, "#API Ada: old 12\n");
    assert.doesNotMatch(running.output(), /old 2\n/);
    await say(writer, { direction: "out", sender: "assistant", model: "haiku", message: "two\nlines \u001b[2J" });
    await shows(running, "#API haiku: two\\\\nlines \\\\x1b\\[2J\n");
    running.child.kill("SIGINT");
    const { code, stdout, stderr } = await running.end;
    assert.deepEqual([code, stderr], [0, ""]);
    assert.equal(stdout.trimEnd().split("\n").length, 11);
    assert.ok(!stdout.includes("\u001b"));
  },
);

test(
  "with --all the routing, the agents' activity and faults in the logs show too, with --thread one topic alone",
  { timeout },
  async (t) => {
    const dashboard = await start(t);
    const [messages, routing, activity, log] = [
      await writerOf(t, dashboard.dir, "messages"),
      await writerOf(t, dashboard.dir, "routing"),
      await writerOf(t, dashboard.dir, "activity"),
      await writerOf(t, dashboard.dir, "logs/queue"),
    ];
    const all = watch(t, dashboard.port, ["--all"]);
    const one = watch(t, dashboard.port, ["--thread", "6"]);
    await say(messages, { message: "begun" });
    await say(messages, { threadId: 6, message: "begun" });
    await Promise.all([shows(all, "#6 Ada: begun"), shows(one, "#6 Ada: begun")]);
    await say(routing, { model: "opus", tier: "complex", score: 0.5, reason: "long" });
    await say(activity, { kind: "tool_start", tool: "Bash", detail: "ls" });
    await log.append({ level: 30, time: Date.now(), source: "queue", msg: "harmless" });
    await log.append({ level: 50, time: Date.now(), source: "queue", msg: "a fault" });
    for (const line of ["#5 → opus \\(complex, score 0.5, long\\)", "#5 tool_start Bash: ls", "logs/queue: a fault"]) {
      await shows(all, line);
    }
    assert.doesNotMatch(all.output(), /harmless/);
    assert.doesNotMatch(one.output(), /#5/);
  },
);

test(
  "after a lost connection it goes on where it was, without a line missing or told twice",
  { timeout },
  async (t) => {
    // Below those that outgoing connections get: one to a port that nobody has might meet itself there.
    const first = await start(t, { env: { DASHBOARD_PORT: String(await freePort(23_100)) } });
    const writer = await writerOf(t, first.dir, "messages");
    await say(writer, { message: "one" });
    const running = watch(t, first.port);
    await shows(running, "one\n");
    await say(writer, { message: "one and a half" });
    await shows(running, "half\n");
    first.child.kill("SIGKILL");
    await first.exit;
    await shows(running, "connection lost");
    await say(writer, { message: "two" });
    const second = await start(t, { dir: first.dir, env: { DASHBOARD_PORT: String(first.port) } });
    await shows(running, "two\n");
    await say(writer, { message: "three" });
    await shows(running, "three\n");
    running.child.kill("SIGTERM");
    const { code, stdout } = await running.end;
    assert.equal(code, 0);
    assert.deepEqual(
      stdout
        .trimEnd()
        .split("\n")
        .map((line) => line.split(": ")[1]),
      ["one", "one and a half", "two", "three"],
    );
    assert.equal(second.dir, first.dir);
  },
);

test("a token opens a dashboard that asks who one is, and without it the remedy is told", { timeout }, async (t) => {
  const token = "a-token-of-some-length";
  const dashboard = await start(t, { env: { ...ACCESS, DASHBOARD_TOKEN: token } });
  const writer = await writerOf(t, dashboard.dir, "messages");
  await say(writer, { message: "inside" });
  await shows(watch(t, dashboard.port, [], { DASHBOARD_TOKEN: token }), "inside");
  const { code, stderr } = await watch(t, dashboard.port).end;
  assert.equal(code, 1);
  assert.match(stderr, /status 401: A valid Cloudflare Access JWT is missing.*Set DASHBOARD_TOKEN/);
});

test(
  "a gap and what the dashboard says are told, and a subscription that was closed begins anew",
  { timeout },
  async (t) => {
    const { port, sockets, frames } = await standIn(t);
    const running = watch(t, port);
    const socket = await eventually("a WebSocket", () => sockets[0]);
    await eventually("a subscription", () => frames.find(({ id }) => id === "messages"));
    const rows = (last: string, message: string): object => ({
      type: "rows",
      id: "messages",
      first: last,
      last,
      rows: [{ cursor: last, threadId: 5, sender: "Ada", message }],
    });
    const tell = (frame: object): void => socket.send(JSON.stringify(frame));
    tell(rows("f:1", "one"));
    tell({ type: "gap", id: "messages", from: "f:1", to: "f:9", bytes: 8, reason: "deleted" });
    tell({ type: "unheard-of" });
    tell({ type: "error", id: "status", code: "internal", message: "a \u001b[1mfault" });
    await shows(running, "messages: 8 bytes were left out: deleted");
    await shows(running, "watch: the dashboard says: a \\\\x1b\\[1mfault");
    socket.terminate();
    await eventually("it comes back", () => sockets[1]);
    const again = await eventually("it goes on", () => frames.filter(({ id }) => id === "messages")[1]);
    assert.equal(again["from"], "f:9");
    running.child.kill("SIGINT");
    assert.equal((await running.end).code, 0);
  },
);

test("one that is not there, or no WebSocket, ends it with 1 and a line", { timeout }, async (t) => {
  const { code, stderr } = await watch(t, 1).end;
  assert.equal(code, 1);
  assert.match(stderr, /^The dashboard on http:\/\/127\.0\.0\.1:1 cannot be followed: .*ECONNREFUSED.*\n$/);
  const server = createServer((_request, response) => {
    response.writeHead(404).end("a \u001b[2Jpage");
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => server.close());
  const other = await watch(t, (server.address() as AddressInfo).port).end;
  assert.equal(other.code, 1);
  assert.match(other.stderr, /status 404/);
  assert.ok(!other.stderr.includes("\u001b"));
});

test(
  "an address to listen on everywhere is gone to on loopback, and words that it does not know are told",
  { timeout },
  async (t) => {
    const { stderr } = await watch(t, 1, [], { DASHBOARD_HOST: "0.0.0.0" }).end;
    assert.match(stderr, /http:\/\/127\.0\.0\.1:1 /);
    const misused = await watch(t, 1, ["--thread", "five"]).end;
    assert.deepEqual([misused.code, misused.stdout], [2, ""]);
    assert.match(misused.stderr, /^usage: watch/);
    const zero = await watch(t, 0).end;
    assert.equal(zero.code, 125);
  },
);

test("a reader that has enough ends it", { timeout }, async (t) => {
  const { port, sockets } = await standIn(t);
  const running = watch(t, port);
  const socket = await eventually("a WebSocket", () => sockets[0]);
  running.child.stdout?.destroy();
  const row = { cursor: "f:1", threadId: 5, sender: "Ada", message: "x".repeat(100_000) };
  const frame = JSON.stringify({ type: "rows", id: "messages", first: "f:1", last: "f:1", rows: [row] });
  const filling = setInterval(() => {
    socket.send(frame);
  }, 20);
  t.after(() => {
    clearInterval(filling);
  });
  assert.equal((await running.end).code, 0);
});

for (const [what, env, isColoured] of [
  ["a terminal has colours", {}, true],
  ["NO_COLOR takes them away", { NO_COLOR: "1" }, false],
  ["a terminal that knows none gets none", { TERM: "dumb" }, false],
] as const) {
  test(what, { timeout }, async (t) => {
    const { port, sockets } = await standIn(t);
    // util-linux's script(1) gives it a pseudo-terminal.
    const child = spawn("script", ["-qefc", `exec '${process.execPath}' '${MAIN}' watch`, "/dev/null"], {
      cwd: tmpdir(),
      env: { PATH: process.env["PATH"], TERM: "xterm", DASHBOARD_PORT: String(port), ...env },
      stdio: ["pipe", "pipe", "inherit"],
    });
    t.after(() => child.kill("SIGKILL"));
    let text = "";
    child.stdout.on("data", (part: Buffer) => (text += part.toString("utf8")));
    const socket = await eventually("a WebSocket", () => sockets[0]);
    const row = { cursor: "f:1", threadId: 5, direction: "in", sender: "Ada", message: "Hi" };
    socket.send(JSON.stringify({ type: "rows", id: "messages", first: "f:1", last: "f:1", rows: [row] }));
    await eventually(`the line in ${text}`, () => (text.includes(": Hi") ? true : undefined));
    assert.equal(text.includes("\u001b[36m"), isColoured);
    child.stdin.write("\u0003");
    const [code] = (await once(child, "close")) as [number | null];
    assert.equal(code, 0);
  });
}

/** A server that speaks as the dashboard does, and says what it is told to. */
async function standIn(t: TestContext) {
  const server = new WebSocketServer({ port: 0, host: "127.0.0.1" });
  const sockets: WebSocket[] = [];
  const frames: Record<string, unknown>[] = [];
  server.on("connection", (socket) => {
    socket.on("message", (data: Buffer) => {
      const frame = JSON.parse(data.toString("utf8")) as Record<string, unknown>;
      frames.push(frame);
      const state = { type: "state", topic: "status", rev: 1, data: { threads: [{ id: 5, name: "API" }] } };
      if (frame["id"] === "status") socket.send(JSON.stringify(state));
    });
    socket.on("error", () => undefined);
    sockets.push(socket);
    socket.send(JSON.stringify({ type: "welcome", version: 1, boot: "b", topics: [] }));
  });
  await once(server, "listening");
  t.after(() => {
    for (const socket of sockets) socket.terminate();
    server.close();
  });
  return { port: (server.address() as AddressInfo).port, sockets, frames };
}
