import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { mkdir, rename, rm, writeFile } from "node:fs/promises";
import { get } from "node:http";
import { connect as connectTcp } from "node:net";
import type { Socket } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { eventually } from "../support/eventually.ts";
import { jsonOf, put, refusalOf, start, writerOf } from "./support/rig.ts";
import type { List, Running } from "./support/rig.ts";
import { connect, SocketClient } from "./support/socket-client.ts";

const MIB = 1024 * 1024;
/** What the process may hold after whatever was done to it: V8 alone takes half of it before it collects. */
const SANE_BYTES = 256 * MIB;

/** It answers, and soon; it holds no more than is sane; and it has logged no fault of its own. */
async function assertWell(running: Running): Promise<void> {
  const began = performance.now();
  assert.deepEqual(await jsonOf(running.get("/healthz")), { status: "ok" });
  assert.ok(performance.now() - began < 10_000, "it answers soon");
  assert.equal(running.child.exitCode, null);
  const rss = await running.rss();
  assert.ok(rss < SANE_BYTES, `${rss / MIB} MiB`);
  const faults = running
    .output()
    .split("\n")
    .filter((line) => /"level":(?:50|60)/.test(line));
  assert.deepEqual(faults, []);
}

/** Numbers that are the same each time. */
function lottery(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state * 48_271) % 2_147_483_647;
    return state % below;
  };
}

/** A frame that is well-formed, then spoilt somewhere. */
function fuzzed(draw: (below: number) => number): string {
  const odd: readonly unknown[] = [
    null,
    -1,
    1e308,
    "",
    "\u0000",
    "\ud800",
    "__proto__",
    "x".repeat(5_000),
    [],
    {},
    { toString: 1 },
    [[[[[[]]]]]],
    "tail:99999",
    "tail:-1",
    "tail:",
    "now",
    "../../etc/passwd",
    "c1-0-0:0",
    true,
  ];
  const pick = <T>(from: readonly T[]): T => from[draw(from.length)] as T;
  const frame: Record<string, unknown> = {
    type: pick(["subscribe", "unsubscribe", "ack", "ping", "welcome", "rows", ""]),
    id: pick(["a", "b", "c", String(draw(50))]),
    topic: pick(["messages", "status", "metrics", "prompts", "logs/queue", "logs/../threads"]),
    from: pick(["now", "tail:5", "tail:1000"]),
    cursor: "1",
    t: draw(9),
    filter: pick([undefined, {}, { threadId: 5 }, { q: "x" }, { nope: 1 }, { threadId: [] }]),
  };
  for (let n = draw(3); n > 0; n -= 1) frame[pick([...Object.keys(frame), "__proto__", "constructor"])] = pick(odd);
  const text = JSON.stringify(frame);
  if (draw(4) > 0) return text;
  const at = draw(text.length);
  return pick([
    text.slice(0, at),
    `${text.slice(0, at)}\u0000${text.slice(at)}`,
    `[${text}]`,
    text + text,
    "",
    "\ufeff{}",
  ]);
}

test("frames of any kind have an answer or a close code", async (t) => {
  const running = await start(t);
  const writer = await writerOf(t, running.dir, "messages");
  for (let n = 0; n < 50; n += 1) await writer.append({ n, threadId: 5 });
  const codes = new Set<number>();
  for (let round = 0; round < 30; round += 1) {
    const draw = lottery(round + 1);
    const client = await connect(t, running.url);
    for (let n = 0; n < 60; n += 1) client.say(fuzzed(draw));
    client.say({ type: "ping", t: 4711 });
    const code = await client.closedOr("the pong", ({ type, t: stamp }) => type === "pong" && stamp === 4711);
    if (code !== undefined) codes.add(code);
    for (const { code, message } of client.of("error")) {
      assert.ok(typeof code === "string" && code !== "internal", message);
    }
    client.socket.terminate();
  }
  for (const code of codes) assert.equal(code, 1008);
  await assertWell(running);
});

test("20 000 subscriptions are refused from the 33rd on, or the connection is closed", async (t) => {
  const running = await start(t);
  const writer = await writerOf(t, running.dir, "messages");
  const client = await connect(t, running.url);
  for (let n = 0; n < 20_000; n += 1) client.subscribe(`s${n}`, "messages");
  assert.equal((await client.closed).code, 1008);
  assert.equal(client.of("live").length, 32);
  for (const { code } of client.of("error")) assert.equal(code, "too_many");

  // One who takes his time is refused each that is too many, and keeps those he has.
  const patient = await connect(t, running.url);
  for (let n = 0; n < 60; n += 1) patient.subscribe(`s${n}`, "messages");
  await eventually("the refusals", () => patient.of("error").length === 28 || undefined);
  await writer.append({ n: 1 });
  await patient.received("s31", 1);
  assert.equal(patient.of("rows").length, 32);
  await assertWell(running);
});

test("giant frames close the connection", async (t) => {
  const running = await start(t);
  const giants: readonly (string | Buffer)[] = [
    "x".repeat(MIB),
    Buffer.alloc(MIB),
    "{".repeat(17_000),
    "[".repeat(16_384),
  ];
  for (const giant of giants) {
    const client = await connect(t, running.url);
    client.socket.send(giant);
    client.say({ type: "ping", t: 1 });
    const code = await client.closedOr("an answer", ({ type }) => type === "pong");
    if (giant.length > 16_384) assert.ok([1003, 1006, 1009].includes(code ?? 0), String(code));
    else assert.equal(client.of("error")[0]?.code, "bad_request");
  }
  // Declared, and never sent.
  const liar = connectTcp(running.port, "127.0.0.1");
  liar.on("error", () => undefined);
  const key = Buffer.alloc(16).toString("base64");
  liar.write(
    `GET /ws HTTP/1.1\r\nHost: localhost:${running.port}\r\nOrigin: http://localhost:${running.port}\r\nUpgrade: websocket\r\n` +
      `Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${key}\r\nSec-WebSocket-Protocol: tinyclaw.v1\r\n\r\n`,
  );
  await once(liar, "data");
  liar.write(Buffer.from([0x81, 0xff, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 2, 3, 4]));
  liar.resume();
  await once(liar, "close");
  await assertWell(running);
});

function opened(t: TestContext, port: number): Socket {
  const socket = connectTcp(port, "127.0.0.1");
  socket.on("error", () => undefined);
  t.after(() => socket.destroy());
  return socket;
}

test("half-open connections, half requests and slow ones hold up nobody, and are closed", async (t) => {
  const running = await start(t);
  const silent = Array.from({ length: 50 }, () => opened(t, running.port));
  const half = Array.from({ length: 50 }, () => opened(t, running.port));
  for (const socket of half) socket.write("GET /api/status HTTP/1.1\r\nHost: localhost\r\nX-Half: ");
  const slow = Array.from({ length: 50 }, () => opened(t, running.port));
  for (const socket of slow) socket.write("GET /api/status HTTP/1.1\r\n");
  const over = new AbortController();
  t.after(() => over.abort());
  const dripping = (async () => {
    while (!over.signal.aborted) {
      for (const socket of slow) if (!socket.destroyed) socket.write("X");
      await pause(250);
    }
  })();
  // A request whose body never comes is answered all the same.
  const bodiless = opened(t, running.port);
  bodiless.write("POST /api/status HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\nabc");
  assert.match(String((await once(bodiless, "data"))[0]), /^HTTP\/1\.1 405 /);
  const gone = (sockets: readonly Socket[]): boolean => sockets.every((socket) => socket.closed);
  for (const socket of [...silent, ...half, ...slow]) socket.resume();
  await eventually("the silent ones to be closed", () => gone(silent) || undefined);
  await eventually("the half ones to be closed", () => gone(half) || undefined);
  await assertWell(running);
  over.abort();
  await dripping;
  t.diagnostic(`slow ones that were closed meanwhile: ${slow.filter((socket) => socket.closed).length} of 50`);
});

test("headers without end are refused", async (t) => {
  const running = await start(t);
  const socket = opened(t, running.port);
  socket.write("GET /healthz HTTP/1.1\r\nHost: localhost\r\n");
  let answer = "";
  socket.on("data", (piece: Buffer) => (answer += piece.toString("latin1")));
  for (let n = 0; n < 200 && !socket.destroyed; n += 1) {
    socket.write(`X-${n}: ${"x".repeat(1_000)}\r\n`);
    await pause(1);
  }
  await eventually("the end", () => socket.closed || undefined);
  assert.doesNotMatch(answer, / 200 /);
  await assertWell(running);
});

test("1000 connections at once are all answered, and 64 WebSockets are open", async (t) => {
  const running = await start(t);
  const statuses = await Promise.all(
    Array.from({ length: 800 }, (_, n) => {
      const path = n % 2 === 0 ? "/api/status" : "/api/messages/recent";
      return new Promise<number | undefined>((resolve) => {
        get({ host: "127.0.0.1", port: running.port, path, agent: false }, (response) => {
          response.resume().on("end", () => resolve(response.statusCode));
        }).on("error", () => resolve(undefined));
      });
    }).concat(
      Array.from({ length: 200 }, async () => {
        const client = new SocketClient(running.url);
        t.after(() => client.socket.terminate());
        return Promise.race([
          once(client.socket, "open").then(() => 101),
          once(client.socket, "unexpected-response").then(
            ([, response]) => (response as { statusCode: number }).statusCode,
          ),
        ]);
      }),
    ),
  );
  const count = (status: number): number => statuses.filter((found) => found === status).length;
  assert.deepEqual([count(200), count(101), count(429)], [800, 64, 136]);
  await assertWell(running);
});

test("a threads.json that is replaced all the time, or caught half written, is never shown but whole", async (t) => {
  const running = await start(t);
  const { dir } = running;
  const table = (n: number): object =>
    Object.fromEntries(
      Array.from({ length: 200 }, (_, id) => [id + 1, { name: `${n}`.repeat(50), status: "idle", n }]),
    );
  await put(dir, "threads.json", table(0));
  // Read once: of a file that was never found whole there is nothing to show.
  assert.equal(Object.keys(await jsonOf(running.get("/api/threads"))).length, 200);
  const over = new AbortController();
  t.after(() => over.abort());
  let writes = 0;
  const writing = (async () => {
    for (; !over.signal.aborted; writes += 1) {
      if (writes % 3 === 0) {
        // As a careless program would: in place.
        await writeFile(
          join(dir, "threads.json"),
          JSON.stringify(table(writes)).slice(0, writes % 2 === 0 ? 500 : undefined),
        );
      } else {
        await writeFile(join(dir, "threads.new"), JSON.stringify(table(writes)));
        await rename(join(dir, "threads.new"), join(dir, "threads.json"));
      }
    }
  })();
  const client = await connect(t, running.url);
  client.subscribe("s", "status");
  const seen = new Set<unknown>();
  for (let look = 0; look < 200 || seen.size < 4; look += 1) {
    const threads = Object.values(await jsonOf<Record<string, { n: number }>>(running.get("/api/threads")));
    assert.equal(threads.length, 200);
    assert.equal(new Set(threads.map(({ n }) => n)).size, 1, "one state, not two");
    seen.add(threads[0]?.n);
  }
  over.abort();
  await writing;
  await rm(join(dir, "threads.json"), { force: true });
  await eventually("no threads", async () => {
    const threads = await jsonOf(running.get("/api/threads"));
    return Object.keys(threads).length === 0 || undefined;
  });
  await assertWell(running);
});

test("fifos, folders and devices in place of files hold up nothing, and files in their place are read", async (t) => {
  const running = await start(t);
  const { dir } = running;
  const names = ["threads.json", "status/supervisor.json", "message-history.jsonl", "logs/telegram.log"];
  await mkdir(join(dir, "status"), { recursive: true });
  await mkdir(join(dir, "logs"), { recursive: true });
  await mkdir(join(dir, "queue", "dead-letter"), { recursive: true });
  execFileSync("mkfifo", [join(dir, "queue", "dead-letter", "1.json")]);
  const kinds: readonly [string, (path: string) => Promise<unknown> | void][] = [
    ["fifo", (path) => void execFileSync("mkfifo", [path])],
    ["folder", (path) => mkdir(path)],
    ["a link to itself", (path) => void execFileSync("ln", ["-s", path, path])],
    ["a link to a device", (path) => void execFileSync("ln", ["-s", "/dev/zero", path])],
    ["a link to a fifo", (path) => void execFileSync("ln", ["-s", join(dir, "queue", "dead-letter", "1.json"), path])],
  ];
  const client = await connect(t, running.url);
  client.subscribe("a", "messages", "tail:10");
  client.subscribe("b", "logs/telegram", "tail:10");
  for (const [kind, make] of kinds) {
    for (const name of names) {
      await rm(join(dir, name), { recursive: true, force: true });
      await make(join(dir, name));
    }
    for (const path of [
      "/api/status",
      "/api/threads",
      "/readyz",
      "/metrics",
      "/api/queue/dead-letter",
      "/api/search?q=x",
    ]) {
      const response = await running.get(path, { signal: AbortSignal.timeout(5_000) });
      await response.text();
      assert.equal(response.status, 200, `${kind} ${path}`);
    }
    const list = await jsonOf<List>(running.get("/api/messages/recent", { signal: AbortSignal.timeout(5_000) }));
    assert.deepEqual(list.items, [], kind);
    assert.deepEqual(await refusalOf(running.get("/api/threads/5")), [404, "not_found"]);
    // Time for a poll or two to come across it.
    await pause(300);
    await assertWell(running);
  }
  for (const name of names) await rm(join(dir, name), { recursive: true, force: true });
  await put(dir, "threads.json", { "5": { name: "API" } });
  await put(dir, "message-history.jsonl", '{"n":1}\n');
  await put(dir, "logs/telegram.log", '{"n":1}\n');
  assert.equal((await client.received("a", 1))[0]?.n, 1);
  assert.equal((await client.received("b", 1))[0]?.n, 1);
  await eventually("the thread", async () => ((await running.get("/api/threads/5")).ok ? true : undefined));
  await assertWell(running);
});

test("lines that are no JSON, huge, or not UTF-8 come as what they are, and those after them too", async (t) => {
  const running = await start(t);
  const client = await connect(t, running.url);
  client.subscribe("a", "messages");
  await client.frame("it to be live", ({ type }) => type === "live");
  const lines = [
    Buffer.from("no JSON\n"),
    Buffer.from('{"n":1}\n'),
    Buffer.from([0xff, 0xfe, 0x00, 0x0a]),
    Buffer.from('[1]\n"text"\nnull\n\n\n'),
    Buffer.from(`{"message":"${"y".repeat(3 * MIB)}"}\n`),
    Buffer.from('{"__proto__":{"cursor":"forged"},"cursor":"forged","n":2}\r\n'),
    Buffer.from(`${'{"a":'.repeat(100_000)}1${"}".repeat(100_000)}\n`),
    Buffer.from('{"n":3,"message":"<img src=x onerror=alert(1)>\u2028"}\n'),
  ];
  await mkdir(running.dir);
  await writeFile(join(running.dir, "message-history.jsonl"), Buffer.concat(lines));
  await eventually("the last row", () => client.rows("a").some(({ n }) => n === 3) || undefined);
  const numbers = client.rows("a").flatMap(({ n }) => (n === undefined ? [] : [n]));
  assert.deepEqual(numbers, [1, 2, 3]);
  for (const { cursor } of client.rows("a")) assert.notEqual(cursor, "forged");
  assert.ok(client.rows("a").some(({ raw, cut }) => typeof raw === "string" && Number(cut) > MIB));
  await assertWell(running);
});
