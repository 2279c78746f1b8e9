import assert from "node:assert/strict";
import { request } from "node:http";
import type { IncomingMessage } from "node:http";
import { connect as connectTcp } from "node:net";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { AUDIENCE, openIssuer } from "./access/issuer.ts";
import type { Claims, Issuer } from "./access/issuer.ts";
import { start, writerOf } from "./support/rig.ts";
import type { Running } from "./support/rig.ts";
import { connect, refusedUpgrade, SocketClient } from "./support/socket-client.ts";
import { openSse } from "./support/sse-client.ts";

const TOKEN = "a-token-for-programs-42";
const TOPICS = ["messages", "routing", "prompts", "activity"];
const LOGS = ["telegram", "queue", "supervisor"];
/** Everything that is answered, but for the two probes; and what is not. */
const PATHS = [
  "/",
  "/app.js",
  "/lib/core/ids.js",
  "/api/status",
  "/api/threads",
  "/api/threads/1",
  "/api/threads/1/messages",
  ...TOPICS.flatMap((topic) => [`/api/${topic}/recent`, `/api/${topic}/feed`]),
  ...LOGS.flatMap((log) => [`/api/logs/${log}`, `/api/logs/${log}/recent`]),
  "/api/prompts/u1",
  "/api/prompts/diff?a=u1&b=u2",
  "/api/metrics",
  "/api/metrics/history",
  "/api/queue/dead-letter",
  "/api/queue/corrupt",
  "/api/search?q=x",
  "/metrics",
  "/nope",
];

interface Answered {
  readonly status: number;
  readonly error: unknown;
}

/** With headers that fetch does not let through, such as Host. */
async function ask(
  { port }: Running,
  path: string,
  headers: Readonly<Record<string, string>> = {},
  method = "GET",
): Promise<Answered> {
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    request({ host: "127.0.0.1", port, path, headers, method, agent: false }, resolve).on("error", reject).end();
  });
  const status = response.statusCode ?? 0;
  if (status === 200) {
    response.destroy();
    return { status, error: undefined };
  }
  let body = "";
  for await (const piece of response) body += String(piece);
  return { status, error: (JSON.parse(body) as { error: unknown }).error };
}

test("a name that is not ours is refused, on every path and on the upgrade", async (t) => {
  const running = await start(t);
  const { port, url } = running;
  for (const host of ["evil.example", `evil.example:${port}`, "127.0.0.1.evil.example", "localhost@evil", "::1"]) {
    for (const path of [...PATHS, "/healthz", "/readyz"]) {
      assert.deepEqual(await ask(running, path, { host }), { status: 421, error: "foreign_host" }, `${host} ${path}`);
    }
    const refused = await refusedUpgrade(url, { headers: { host } });
    assert.deepEqual(refused, [421, "foreign_host"], host);
  }
  for (const host of [`localhost:${port}`, "127.0.0.1", `[::1]:${port}`, `LOCALHOST:${port}`]) {
    assert.equal((await ask(running, "/api/status", { host })).status, 200, host);
  }
});

test("another site's page is refused, and an upgrade that names no page", async (t) => {
  const running = await start(t);
  const { port, url } = running;
  const foreign = { status: 403, error: "foreign_origin" };
  const origins = [
    "https://evil.example",
    "null",
    `http://127.0.0.1:${port + 1}`,
    `http://127.0.0.1:${port}/`,
    "http://",
  ];
  for (const origin of [...origins, `http://127.0.0.1:${port}@evil.example`]) {
    for (const path of PATHS) assert.deepEqual(await ask(running, path, { origin }), foreign, `${origin} ${path}`);
    assert.deepEqual(await refusedUpgrade(url, { origin }), [403, "foreign_origin"], origin);
  }
  for (const path of PATHS) {
    assert.deepEqual(await ask(running, path, { "sec-fetch-site": "cross-site" }), foreign, path);
  }
  assert.deepEqual(await refusedUpgrade(url, { origin: null }), [403, "foreign_origin"]);
  const crossSite = await refusedUpgrade(url, { headers: { "sec-fetch-site": "cross-site" } });
  assert.deepEqual(crossSite, [403, "foreign_origin"]);
  assert.equal((await ask(running, "/api/status", { origin: url, "sec-fetch-site": "same-origin" })).status, 200);
  assert.deepEqual(await refusedUpgrade(url, { protocol: "chat" }), [400, "bad_request"]);
  await connect(t, url, { origin: `http://127.0.0.1:${port}` });
});

test("the dashboard only reads", async (t) => {
  const running = await start(t);
  for (const method of ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "BREW"]) {
    for (const path of [...PATHS, "/ws", "/healthz"]) {
      const refused = { status: 405, error: "method_not_allowed" };
      assert.deepEqual(await ask(running, path, { connection: "close" }, method), refused, `${method} ${path}`);
    }
  }
});

async function behindAccess(t: TestContext): Promise<{ running: Running; issuer: Issuer }> {
  const issuer = await openIssuer(t);
  const env = { CF_ACCESS_TEAM_DOMAIN: issuer.url, CF_ACCESS_AUD: AUDIENCE, DASHBOARD_TOKEN: TOKEN };
  return { running: await start(t, { env }), issuer };
}

test("behind Access whoever bears no valid JWT is refused, over HTTP and on the upgrade", async (t) => {
  const { running, issuer } = await behindAccess(t);
  const { url } = running;
  const wrong: Readonly<Record<string, Claims>> = {
    expired: { expiresIn: -60 },
    "of another audience": { audience: "another" },
    "of another team": { issuer: "https://other.cloudflareaccess.com" },
    "signed by a stranger": { stranger: true },
    "of a key that nobody knows": { kid: "key-9", stranger: true },
  };
  const refused = { status: 401, error: "unauthenticated" };
  const bad = new Map<string, Readonly<Record<string, string>>>([
    ["none", {}],
    ["no JWT", { "cf-access-jwt-assertion": "abc.def.ghi" }],
    ["a wrong token", { authorization: "Bearer wrong-token-for-programs" }],
    ["the token as another kind", { authorization: `Basic ${TOKEN}` }],
    ["a JWT as a cookie", { cookie: `CF_Authorization=${await issuer.sign()}` }],
  ]);
  for (const [name, claims] of Object.entries(wrong)) {
    bad.set(name, { "cf-access-jwt-assertion": await issuer.sign(claims) });
  }
  const unsigned = `${Buffer.from('{"alg":"none"}').toString("base64url")}.${(await issuer.sign()).split(".")[1] ?? ""}.`;
  bad.set("unsigned", { "cf-access-jwt-assertion": unsigned });
  for (const [name, headers] of bad) {
    for (const path of PATHS) assert.deepEqual(await ask(running, path, headers), refused, `${name} ${path}`);
    if (name === "of a key that nobody knows") {
      // Only the keys fetched anew can tell: it is held, hears nothing, and is closed.
      const client = new SocketClient(url, { headers });
      assert.equal((await client.closed).code, 4401);
      assert.deepEqual(client.frames, []);
    } else {
      assert.deepEqual(await refusedUpgrade(url, { headers }), [401, "unauthenticated"], name);
    }
  }
  for (const path of ["/healthz", "/readyz"]) assert.equal((await ask(running, path)).status, 200);
  // What is refused before still is.
  const stranger = { host: "evil.example", "cf-access-jwt-assertion": await issuer.sign() };
  assert.equal((await ask(running, "/", stranger)).status, 421);
});

test("behind Access a valid JWT gets in, and the token of programs", async (t) => {
  const { running, issuer } = await behindAccess(t);
  const writer = await writerOf(t, running.dir, "messages");
  await writer.append({ n: 1 });
  // A JWT of some KiB comes as a header and as a cookie.
  const jwt = await issuer.sign({ padding: 4_000 });
  const cookie = `CF_Authorization=${jwt}`;
  for (const headers of [{ "cf-access-jwt-assertion": jwt, cookie }, { authorization: `Bearer ${TOKEN}` }]) {
    assert.equal((await ask(running, "/api/status", headers)).status, 200);
    assert.equal((await ask(running, "/nope", headers)).status, 404);
    const client = await connect(t, running.url, { headers });
    client.subscribe("a", "messages", "tail:1");
    assert.equal((await client.received("a", 1))[0]?.n, 1);
  }
  await t.test("an upgrade with one not seen before is held, heard, and let in", async (t) => {
    const headers = { "cf-access-jwt-assertion": await issuer.sign({ padding: 1 }) };
    const client = new SocketClient(running.url, { headers });
    t.after(() => client.socket.terminate());
    client.socket.on("open", () => {
      client.subscribe("a", "messages", "tail:1");
    });
    assert.equal((await client.received("a", 1))[0]?.n, 1);
    assert.equal(client.frames[0]?.type, "welcome");
  });
});

test("when the JWT expires the WebSocket is closed, and feeds end with a word", async (t) => {
  const { running, issuer } = await behindAccess(t);
  const headers = { "cf-access-jwt-assertion": await issuer.sign({ expiresIn: 10 }) };
  const client = await connect(t, running.url, { headers });
  client.subscribe("a", "messages");
  const feed = await openSse(t, `${running.url}/api/messages/feed`, headers);
  const lasting = await connect(t, running.url, { headers: { authorization: `Bearer ${TOKEN}` } });
  assert.deepEqual(await client.closed, { code: 4401, reason: "the sign-in has expired" });
  assert.equal(await feed.ended, "end");
  assert.deepEqual(feed.events.at(-1)?.event, "end");
  // Also when it is not remembered any more.
  for (let n = 0; n < 3; n += 1) {
    assert.equal((await ask(running, "/api/status", headers)).status, 401);
    assert.deepEqual(await refusedUpgrade(running.url, { headers }), [401, "unauthenticated"]);
  }
  lasting.say({ type: "ping", t: 1 });
  await lasting.frame("the pong", ({ type }) => type === "pong");
});

test("a 65th WebSocket is refused until one is closed", async (t) => {
  const { url } = await start(t);
  const clients = await Promise.all(Array.from({ length: 64 }, () => connect(t, url)));
  assert.deepEqual(await refusedUpgrade(url), [429, "too_many"]);
  clients[0]?.socket.terminate();
  await clients[0]?.closed;
  await connect(t, url);
});

test("a request that names no host, or two, lets nobody in", async (t) => {
  const { port } = await start(t);
  for (const hosts of [
    "",
    "Host:\r\n",
    "Host: localhost\r\nHost: evil.example\r\n",
    "Host: evil.example, localhost\r\n",
  ]) {
    const socket = connectTcp(port, "127.0.0.1");
    socket.end(`GET /api/status HTTP/1.1\r\n${hosts}\r\n`);
    let answer = "";
    for await (const piece of socket) answer += String(piece);
    assert.doesNotMatch(answer, /services/, hosts);
    assert.ok(answer === "" || /^HTTP\/1\.1 4\d\d /.test(answer), answer);
  }
});
