import assert from "node:assert/strict";
import { EventEmitter, once } from "node:events";
import { open } from "node:fs/promises";
import { createServer as createHttpServer, get } from "node:http";
import type { IncomingMessage } from "node:http";
import { connect as connectTcp, createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { eventually } from "../support/eventually.ts";
import { jsonOf, launch, put, start } from "./support/rig.ts";
import type { List, Running } from "./support/rig.ts";
import { connect, SocketClient } from "./support/socket-client.ts";
import { openSse } from "./support/sse-client.ts";

/** Writes a row, and so many MiB of rows after it; answers the cursor of the first. */
async function fill(running: Running, mebibytes: number): Promise<string> {
  const line = `${JSON.stringify({ timestamp: 1, threadId: 1, message: "x".repeat(1_000) })}\n`;
  await put(running.dir, "message-history.jsonl", line);
  const cursor = await eventually("a row", async () => {
    return (await jsonOf<List>(running.get("/api/messages/recent?n=1"))).items[0]?.cursor;
  });
  const block = line.repeat(Math.ceil((1024 * 1024) / line.length));
  const file = await open(join(running.dir, "message-history.jsonl"), "a");
  for (let n = 0; n < mebibytes; n += 1) await file.write(block);
  await file.close();
  await eventually("the last row", async () => {
    const { first } = await jsonOf<List>(running.get("/api/messages/recent?n=1"));
    return first === cursor ? undefined : true;
  });
  return cursor;
}

/** An answer whose reader has stopped: the dashboard has more to say than the kernel holds. */
async function stalled(t: TestContext, url: string, headers: Readonly<Record<string, string>>): Promise<void> {
  const request = get(url, { headers, agent: false });
  request.on("error", () => undefined);
  t.after(() => request.destroy());
  const [response] = (await once(request, "response")) as [IncomingMessage];
  response.on("error", () => undefined);
  response.pause();
}

test("SIGTERM tells all who are connected, whatever they are doing, and ends within 5 s with status 0", async (t) => {
  const running = await start(t);
  const { url } = running;
  const oldest = await fill(running, 48);
  const socket = await connect(t, url);
  socket.subscribe("a", "messages");
  socket.subscribe("s", "status");
  const deaf = await connect(t, url);
  deaf.socket.pause();
  deaf.subscribe("a", "messages", "tail:1000");
  const reader = await connect(t, url);
  reader.subscribe("a", "messages", oldest);
  const feed = await openSse(t, `${url}/api/messages/feed`);
  const idle = connectTcp(running.port, "127.0.0.1");
  idle.on("error", () => undefined);
  await once(idle, "connect");
  await stalled(t, `${url}/api/messages/recent`, { accept: "application/x-ndjson" });
  await stalled(t, `${url}/api/messages/feed`, { "last-event-id": oldest });
  const search = fetch(`${url}/api/search?q=nowhere-to-be-found&topic=messages`).then((response) => response.text());
  search.catch(() => undefined);
  await pause(30);
  const began = performance.now();
  running.child.kill("SIGTERM");
  assert.equal((await socket.closed).code, 1001);
  assert.equal(await feed.ended, "end");
  assert.equal(feed.events.at(-1)?.event, "end");
  const { code, stderr } = await running.exit;
  const took = performance.now() - began;
  assert.equal(code, 0, stderr);
  assert.equal(stderr, "");
  assert.ok(took < 5_000, `${took} ms`);
  const found = await search.catch(() => "cut");
  const events = found.split("\n").filter((line) => line.startsWith("{") && line.endsWith("}"));
  const last = JSON.parse(events.findLast((line) => line.includes('"progress"')) ?? "{}") as Record<string, unknown>;
  const isWhole = last["scanned"] === last["total"];
  assert.ok(isWhole || !found.includes('"done"'), "a search that was cut off is not told as done");
});

/** What `act` does takes less than 1.5 s, in one of some tries: a dashboard that waits for a time to pass does so in each. */
async function isQuick(act: () => Promise<void>): Promise<void> {
  const took: number[] = [];
  while (took.length < 5) {
    const began = performance.now();
    await act();
    took.push(performance.now() - began);
    if (Math.min(...took) < 1_500) return;
  }
  assert.fail(`${took.join(", ")} ms`);
}

test("idle, it ends at once", async (t) => {
  await isQuick(async () => {
    const running = await start(t);
    const socket = await connect(t, running.url);
    running.child.kill("SIGINT");
    assert.deepEqual(await socket.closed, { code: 1001, reason: "the dashboard is being stopped" });
    assert.equal((await running.exit).code, 0);
  });
});

/** A dashboard with a request that waits for Access, which does not answer. */
async function waiting(t: TestContext): Promise<Running> {
  let requests = 0;
  const hanging = new EventEmitter();
  const access = createHttpServer((_request, response) => {
    requests += 1;
    if (requests === 1) response.writeHead(500).end();
    else hanging.emit("asked");
  });
  access.listen(0, "127.0.0.1");
  await once(access, "listening");
  t.after(() => {
    access.close();
    access.closeAllConnections();
  });
  const issuer = `http://127.0.0.1:${(access.address() as AddressInfo).port}`;
  const running = await start(t, { env: { CF_ACCESS_TEAM_DOMAIN: issuer, CF_ACCESS_AUD: "abc" } });
  const part = (claims: object): string => Buffer.from(JSON.stringify(claims)).toString("base64url");
  const jwt = `${part({ alg: "RS256", kid: "1" })}.${part({ iss: issuer, aud: "abc", exp: 9_999_999_999 })}.AAAA`;
  const asked = once(hanging, "asked");
  running.get("/api/status", { headers: { "cf-access-jwt-assertion": jwt } }).catch(() => undefined);
  await asked;
  return running;
}

test("an answer that does not come is waited for, and not for long", async (t) => {
  const running = await waiting(t);
  const began = performance.now();
  running.child.kill("SIGTERM");
  assert.equal((await running.exit).code, 0);
  const took = performance.now() - began;
  assert.ok(took > 1_500 && took < 5_000, `${took} ms`);
});

test("a second signal ends it at once", async (t) => {
  const running = await waiting(t);
  const began = performance.now();
  running.child.kill("SIGTERM");
  await eventually("the first to be heard", () => running.output().includes("asked to stop") || undefined);
  running.child.kill("SIGTERM");
  assert.equal((await running.exit).code, 0);
  const took = performance.now() - began;
  assert.ok(took < 1_500, `${took} ms`);
});

test("a signal while it starts ends it, whoever is waited for", async (t) => {
  const silent = createServer();
  silent.listen(0, "127.0.0.1");
  await once(silent, "listening");
  t.after(() => silent.close());
  const issuer = `http://127.0.0.1:${(silent.address() as AddressInfo).port}`;
  const asked = once(silent, "connection");
  const { child, exit } = await launch(t, { env: { CF_ACCESS_TEAM_DOMAIN: issuer, CF_ACCESS_AUD: "abc" } });
  await asked;
  const began = performance.now();
  child.kill("SIGTERM");
  assert.equal((await exit).code, 0);
  assert.ok(performance.now() - began < 2_000, `${performance.now() - began} ms`);
});

const wrong: readonly [string, Readonly<Record<string, string>>, RegExp][] = [
  ["a port that is none", { DASHBOARD_PORT: "99999" }, /^DASHBOARD_PORT .*0 to 65535/],
  ["a host that is none", { DASHBOARD_HOST: "a b" }, /^DASHBOARD_HOST /],
  ["every host allowed", { DASHBOARD_ALLOWED_HOSTS: "*" }, /^DASHBOARD_ALLOWED_HOSTS /],
  ["a token that is short", { DASHBOARD_TOKEN: "hunter2" }, /^DASHBOARD_TOKEN /],
  ["half of Access", { CF_ACCESS_AUD: "abc" }, /^CF_ACCESS_TEAM_DOMAIN /],
  ["a log level that is none", { LOG_LEVEL: "loud" }, /^LOG_LEVEL /],
  ["a secret file that is not there", { DASHBOARD_TOKEN_FILE: "/nope" }, /^DASHBOARD_TOKEN_FILE /],
];
for (const [what, env, line] of wrong) {
  test(`${what} ends it with status 125 and one line`, async (t) => {
    const { exit } = await launch(t, { env });
    const { code, stderr, stdout } = await exit;
    assert.equal(code, 125);
    assert.match(stderr, line);
    assert.equal(stderr.trimEnd().split("\n").length, 1, stderr);
    assert.equal(stdout, "");
    assert.doesNotMatch(stderr, /hunter2/);
  });
}

test("a port in use ends it with status 125 and one line that names it", async (t) => {
  const other = createServer();
  other.listen(0, "127.0.0.1");
  await once(other, "listening");
  t.after(() => other.close());
  const { port } = other.address() as AddressInfo;
  const { exit } = await launch(t, { env: { DASHBOARD_PORT: String(port) } });
  const { code, stderr } = await exit;
  assert.equal(code, 125);
  assert.match(stderr, new RegExp(`^Listening on 127\\.0\\.0\\.1:${port} failed: .*DASHBOARD_PORT.*\\n$`));
});

test("two dashboards do not share a port", async (t) => {
  const { port } = await start(t);
  const { exit } = await launch(t, { env: { DASHBOARD_PORT: String(port) } });
  assert.equal((await exit).code, 125);
});

test("a Node that the engine has no binary for ends it with status 125 and one line", async (t) => {
  const another = `data:text/javascript,Object.defineProperty(process,"versions",{value:{...process.versions,modules:"999"}})`;
  const { exit } = await launch(t, { nodeArgs: ["--import", another] });
  const { code, stderr } = await exit;
  assert.equal(code, 125);
  assert.match(stderr, /^uWebSockets\.js has no binary for Node .*: use Node 20 or 22 .*\n$/);
  assert.equal(stderr.trimEnd().split("\n").length, 1, stderr);
});

test("connections that come while it stops are refused or told", async (t) => {
  const running = await start(t);
  running.child.kill("SIGTERM");
  const late = new SocketClient(running.url);
  assert.ok([1001, 1006].includes((await late.closed).code));
  assert.equal((await running.exit).code, 0);
});
