import assert from "node:assert/strict";
import { connect } from "node:net";
import { test } from "node:test";
import { OTHER_SECRET, SECRET, openStage, policyText, sha256, ask as askAt } from "./support.ts";

const WRITE = "/token?owner=acme&repositories=api&permissions=contents:write";

test("GET /token answers as the handbook shows it, token and expires_at first", async (t) => {
  const stage = await openStage(t);
  const told = await stage.ask(
    "/token?installation_id=1&repositories=api&permissions=contents:write,pull_requests:write",
  );
  assert.equal(told.status, 200);
  assert.deepEqual(Object.keys(told.json).slice(0, 2), ["token", "expires_at"]);
  const [issued] = stage.github.issuedTokens();
  assert.equal(issued?.sha256, sha256(String(told.json["token"])));
  assert.deepEqual(issued?.repositories, ["acme/api"]);
  assert.deepEqual(issued?.permissions, { contents: "write", pull_requests: "write", metadata: "read" });
  assert.deepEqual(told.json["permissions"], issued?.permissions);
  assert.equal(told.headers["cache-control"], "no-store");
  assert.equal(told.headers["x-broker-cache"], "miss");
  assert.equal(told.headers["x-token-sha256"], issued?.sha256);
});

test("POST /v1/token means the same and shares the cache", async (t) => {
  const stage = await openStage(t);
  const first = await stage.ask(WRITE);
  const second = await stage.ask("/v1/token", {
    method: "POST",
    body: { owner: "ACME", repositories: ["API"], permissions: { contents: "write" } },
  });
  assert.equal(second.json["token"], first.json["token"]);
  assert.equal(second.headers["x-broker-cache"], "hit");
  assert.equal(stage.mints(), 1);
});

test("a narrower request never gets the wider token, nor the other way round", async (t) => {
  const stage = await openStage(t);
  const tokens = await Promise.all(
    [
      WRITE,
      WRITE.replace("write", "read"),
      WRITE.replace("api", "api,web"),
      WRITE.replace("contents:write", "contents:write,issues:read"),
    ].map((query) => stage.ask(query)),
  );
  assert.equal(new Set(tokens.map((told) => told.json["token"])).size, 4);
});

test("a thousand equal requests at once are one mint", async (t) => {
  const stage = await openStage(t);
  const told = await Promise.all(Array.from({ length: 1000 }, () => stage.ask(WRITE)));
  assert.equal(stage.mints(), 1);
  assert.deepEqual([...new Set(told.map((one) => one.status))], [200]);
  assert.equal(new Set(told.map((one) => one.json["token"])).size, 1);
  assert.ok(told.some((one) => one.headers["x-broker-cache"] === "coalesced"));
});

const refusals: [title: string, target: string, status: number, code: string][] = [
  ["repositories left out", "/token?owner=acme&permissions=contents:read", 400, "invalid_request"],
  ["an unknown permission", "/token?owner=acme&repositories=api&permissions=nope:read", 400, "invalid_request"],
  ["an unknown parameter", "/token?owner=acme&repositories=api&x=1", 400, "invalid_request"],
  [
    "the wrong installation for an owner",
    "/token?owner=acme&installation_id=2&repositories=api",
    400,
    "invalid_request",
  ],
  [
    "a permission of the floor",
    "/token?owner=acme&repositories=api&permissions=administration:write",
    403,
    "policy_denied",
  ],
  ["the level admin", "/token?owner=acme&repositories=api&permissions=contents:admin", 403, "policy_denied"],
  ["workflows", "/token?owner=acme&repositories=api&permissions=workflows:write", 403, "policy_denied"],
  ["an account without the App", "/token?owner=nobody&repositories=api", 404, "installation_not_found"],
  ["an installation that is not", "/token?installation_id=99&repositories=api", 404, "installation_not_found"],
  ["a repository that is not", "/token?owner=acme&repositories=nope", 422, "repository_not_accessible"],
  ["an unknown address", "/tokens", 404, "not_found"],
  ["an absolute address", "http://evil.example/token?owner=acme&repositories=api", 404, "not_found"],
];
test("what cannot be given is refused by status and code", async (t) => {
  const stage = await openStage(t);
  for (const [title, target, status, code] of refusals) {
    const told = await stage.ask(target);
    assert.deepEqual([told.status, told.json["error"]], [status, code], title);
    assert.deepEqual(
      Object.keys(told.json),
      ["error", "message", "request_id", "retryable", "retry_after", "details"],
      title,
    );
    assert.ok(!String(told.json["message"]).includes('"'), title);
  }
});

test("a denial is decided without a call of GitHub", async (t) => {
  const stage = await openStage(t, { policy: policyText() });
  await stage.ask("/token?owner=acme&repositories=api");
  const before = stage.github.calls.length;
  const told = await stage.ask("/token?owner=acme&repositories=api,site&permissions=contents:read,issues:read");
  assert.equal(told.status, 403);
  assert.deepEqual(told.json["details"], {
    denied: [
      { repository: "site", permission: "contents", requested: "read", max: "none" },
      { repository: "site", permission: "issues", requested: "read", max: "none" },
    ],
  });
  for (const target of [
    "/token?owner=globex&repositories=api",
    "/token?owner=nobody&repositories=api",
    "/token?installation_id=1&repositories=site",
  ]) {
    assert.equal((await stage.ask(target)).status, 403, target);
  }
  assert.equal(stage.github.calls.length, before);
});

test("a negative answer of GitHub is believed for half a minute", async (t) => {
  const stage = await openStage(t);
  const nope = "/token?owner=acme&repositories=nope";
  await stage.ask(nope);
  await stage.ask(nope);
  assert.equal(stage.mints(), 1);
  stage.clock.leap(31_000);
  await stage.ask(nope);
  assert.equal(stage.mints(), 2);
});

test("every wrong secret gets the same answer", async (t) => {
  const stage = await openStage(t);
  const bodies = [];
  for (const authorization of [undefined, "", "Bearer", "Bearer wrong", `Bearer ${SECRET}x`, `Basic ${SECRET}`]) {
    const told = await stage.ask(WRITE, {
      secret: null,
      headers: { "x-request-id": "same", ...(authorization === undefined ? {} : { authorization }) },
    });
    assert.equal(told.status, 401);
    assert.equal(told.headers["www-authenticate"], "Bearer");
    bodies.push(told.text);
  }
  assert.equal(new Set(bodies).size, 1);
  assert.equal(stage.mints(), 0);
});

test("two Authorization headers are refused, even if the first is right", async (t) => {
  const stage = await openStage(t);
  const told = await raw(
    stage.port,
    `GET ${WRITE} HTTP/1.1\r\nHost: broker\r\nAuthorization: Bearer ${SECRET}\r\nAuthorization: Bearer ${SECRET}\r\nConnection: close\r\n\r\n`,
  );
  assert.match(told, /^HTTP\/1\.1 401 /);
});

test("health is told to HEAD too, and tokens are not", async (t) => {
  const stage = await openStage(t);
  const told = await stage.ask("/healthz", { method: "HEAD", secret: null });
  assert.deepEqual([told.status, told.text], [200, ""]);
  assert.equal((await stage.ask(WRITE, { method: "HEAD" })).status, 405);
});

test("only /healthz and /readyz are open to all", async (t) => {
  const stage = await openStage(t);
  for (const target of ["/healthz", "/readyz"])
    assert.equal((await stage.ask(target, { secret: null })).status, 200, target);
  for (const target of ["/token", "/v1/policy", "/metrics"])
    assert.equal((await stage.ask(target, { secret: null })).status, 401, target);
});

test("pages, proxies and foreign names are refused", async (t) => {
  const stage = await openStage(t);
  for (const headers of [
    { origin: "http://127.0.0.1" },
    { "sec-fetch-site": "none" },
    { forwarded: "for=x" },
    { host: "evil.example" },
    { host: `evil.example:${stage.port}` },
  ]) {
    for (const target of [WRITE, "/healthz"]) {
      const told = await stage.ask(target, { headers });
      assert.deepEqual([told.status, told.json["error"]], [403, "forbidden"], JSON.stringify(headers));
    }
  }
  for (const host of ["broker", "localhost:3000", "127.0.0.1", "[::1]:1"])
    assert.equal((await stage.ask("/healthz", { headers: { host } })).status, 200, host);
  assert.equal(stage.mints(), 0);
});

test("another method is told which there are", async (t) => {
  const stage = await openStage(t);
  const told = await stage.ask("/v1/token", { method: "GET" });
  assert.deepEqual([told.status, told.headers["allow"]], [405, "POST, DELETE"]);
  assert.equal((await stage.ask("/token", { method: "POST", body: {} })).status, 405);
});

test("bodies are bounded in type, size and coding", async (t) => {
  const stage = await openStage(t);
  const post = (body: string, type: string) =>
    stage.ask("/v1/token", { method: "POST", body, headers: { "content-type": type } });
  assert.equal((await post("{}", "text/plain")).status, 415);
  assert.equal((await post("{", "application/json")).status, 400);
  assert.equal((await post(`{"owner":"${"a".repeat(20_000)}"}`, "application/json")).status, 413);
  const chunked = await raw(
    stage.port,
    `POST /v1/token HTTP/1.1\r\nHost: broker\r\nAuthorization: Bearer ${SECRET}\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n8000\r\n${"x".repeat(0x8000)}\r\n0\r\n\r\n`,
  );
  assert.match(chunked, /^HTTP\/1\.1 413 /);
  const { host } = new URL(stage.github.url);
  const asked = (odd: number[]) => {
    const body = Buffer.concat([
      Buffer.from(`protocol=https\nhost=${host}\npath=acme/api\nwwwauth[]=`),
      Buffer.from(odd),
    ]);
    const head = `POST /v1/git-credential HTTP/1.1\r\nHost: broker\r\nConnection: close\r\nAuthorization: Bearer ${SECRET}\r\nContent-Type: text/plain\r\nContent-Length: ${body.length}\r\n\r\n`;
    return raw(stage.port, Buffer.concat([Buffer.from(head), body]));
  };
  assert.match(await asked([0x61]), /^HTTP\/1\.1 200 /);
  assert.match(await asked([0xff]), /^HTTP\/1\.1 400 /);
});

test("headers without end and what is no HTTP are refused, and the broker goes on", async (t) => {
  const stage = await openStage(t);
  assert.match(
    await raw(stage.port, `GET /healthz HTTP/1.1\r\nHost: broker\r\nX: ${"x".repeat(20_000)}\r\n\r\n`),
    /^HTTP\/1\.1 431 /,
  );
  assert.match(await raw(stage.port, "\x16\x03\x01 hello\r\n\r\n"), /^HTTP\/1\.1 400 [^]*"error":"invalid_request"/);
  assert.match(await raw(stage.port, "GET /healthz HTTP/1.1\r\n\r\n"), /^HTTP\/1\.1 400 /);
  assert.equal((await stage.ask("/healthz")).status, 200);
});

test("a request's own name is kept if it is a sane one", async (t) => {
  const stage = await openStage(t);
  const named = await stage.ask("/tokens", { headers: { "x-request-id": "turn-7.a" } });
  assert.equal(named.headers["x-request-id"], "turn-7.a");
  assert.equal(named.json["request_id"], "turn-7.a");
  const odd = await stage.ask("/tokens", { headers: { "x-request-id": 'a"b' } });
  assert.match(String(odd.headers["x-request-id"]), /^[0-9a-f-]{36}$/);
});

test("git gets a password for its repository, and nothing elsewhere", async (t) => {
  const stage = await openStage(t);
  const { host } = new URL(stage.github.url);
  const git = (body: string, type = "text/plain") =>
    stage.ask("/v1/git-credential", { method: "POST", body, headers: { "content-type": type } });
  const told = await git(`protocol=https\nhost=${host}\npath=acme/api.git\n`);
  const [, password] = /^username=x-access-token\npassword=(\S+)\npassword_expiry_utc=\d+\n$/.exec(told.text) ?? [];
  const [issued] = stage.github.issuedTokens();
  assert.equal(issued?.sha256, sha256(password ?? ""));
  assert.deepEqual(
    [issued?.repositories, issued?.permissions],
    [["acme/api"], { contents: "write", metadata: "read" }],
  );
  assert.equal(told.headers["content-type"], "text/plain; charset=utf-8");
  assert.equal((await git(`protocol=https\nhost=github.com\npath=acme/api.git\n`)).status, 403);
  assert.equal((await git(`protocol=http\nhost=${host}\npath=acme/api.git\n`)).status, 403);
  assert.equal((await git(`protocol=https\nhost=${host}\n`)).status, 400);
  assert.equal((await git(`protocol=https\nhost=${host}\npath=acme/api.git\n`, "application/json")).status, 415);
  assert.equal(stage.mints(), 1);
});

test("an evicted token is not given again, and only its owner can evict it", async (t) => {
  const stage = await openStage(t, { policy: policyText() });
  const first = await stage.ask("/token?owner=acme&repositories=web&permissions=contents:read");
  const evict = (secret: string) =>
    stage.ask("/v1/evict", {
      method: "POST",
      secret,
      body: { token_sha256: sha256(String(first.json["token"]), "hex") },
    });
  assert.equal((await evict(OTHER_SECRET)).status, 204);
  assert.equal(
    (await stage.ask("/token?owner=acme&repositories=web&permissions=contents:read")).headers["x-broker-cache"],
    "hit",
  );
  assert.equal((await evict(SECRET)).status, 204);
  assert.equal(
    (await stage.ask("/token?owner=acme&repositories=web&permissions=contents:read")).headers["x-broker-cache"],
    "miss",
  );
  assert.equal(stage.github.liveTokens().length, 2);
});

test("evictions are limited to ten a minute", async (t) => {
  const stage = await openStage(t);
  stage.clock.freeze();
  const statuses = [];
  for (let n = 0; n < 11; n += 1)
    statuses.push((await stage.ask("/v1/evict", { method: "POST", body: { token_sha256: sha256("x") } })).status);
  assert.deepEqual(statuses, [...Array.from({ length: 10 }, () => 204), 429]);
});

test("a revoked token is dead at GitHub and gone from the cache; a dead one is as good", async (t) => {
  const stage = await openStage(t);
  const first = await stage.ask(WRITE);
  const revoke = () => stage.ask("/v1/token", { method: "DELETE", body: { token: first.json["token"] as string } });
  assert.equal((await revoke()).status, 204);
  assert.equal(stage.github.liveTokens().length, 0);
  assert.equal((await revoke()).status, 204);
  const second = await stage.ask(WRITE);
  assert.equal(second.headers["x-broker-cache"], "miss");
});

test("clients share no tokens", async (t) => {
  const stage = await openStage(t, { policy: policyText() });
  const target = "/token?owner=acme&repositories=web&permissions=contents:read";
  const tokens = [await stage.ask(target), await stage.ask(target, { secret: OTHER_SECRET })].map(
    (told) => told.json["token"],
  );
  assert.equal(new Set(tokens).size, 2);
  assert.equal((await stage.ask("/token?owner=acme&repositories=api", { secret: OTHER_SECRET })).status, 403);
});

test("mints are limited, answers from the cache are not", async (t) => {
  const policy = policyText().replace("mints_per_minute: 10000", "mints_per_minute: 2");
  const stage = await openStage(t, { policy });
  stage.clock.freeze();
  const target = (permission: string) => `/token?owner=acme&repositories=api&permissions=${permission}`;
  assert.equal((await stage.ask(target("contents:read"))).status, 200);
  assert.equal((await stage.ask(target("issues:read"))).status, 200);
  const limited = await stage.ask(target("issues:write"));
  assert.deepEqual(
    [limited.status, limited.json["error"], limited.headers["retry-after"]],
    [429, "rate_limited", "30"],
  );
  for (let n = 0; n < 20; n += 1) assert.equal((await stage.ask(target("contents:read"))).status, 200);
});

test("a client sees its own grants, no secret and nobody else's", async (t) => {
  const stage = await openStage(t, { policy: policyText() });
  await stage.ask(WRITE);
  const told = await stage.ask("/v1/policy", { secret: OTHER_SECRET });
  assert.equal(told.json["client"], "second");
  assert.deepEqual(
    (told.json["grants"] as { repositories: string[] }[]).map((grant) => grant.repositories),
    [["web"]],
  );
  for (const hidden of ["agent", sha256(SECRET, "hex"), sha256(OTHER_SECRET, "hex")])
    assert.ok(!told.text.includes(hidden));
});

test("/metrics counts by small labels, and tells no owner or repository", async (t) => {
  const stage = await openStage(t);
  await stage.ask(WRITE);
  await stage.ask(WRITE);
  const { text } = await stage.ask("/metrics");
  assert.match(text, /^broker_cache_total\{result="hit"\} 1$/m);
  assert.match(text, /^broker_mints_total\{result="ok"\} 1$/m);
  assert.match(text, /^broker_requests_total\{client="default",route="\/token",code="200"\} 2$/m);
  assert.ok(!text.includes("acme"));
});

test("every decision is a line with the token's hash, and no line holds a token, key or secret", async (t) => {
  const stage = await openStage(t);
  const tokens = [];
  for (const form of ["classic", "jwt"] as const) {
    stage.github.tokenForm = form;
    tokens.push(
      String((await stage.ask(`/token?owner=${form === "jwt" ? "globex" : "acme"}&repositories=api`)).json["token"]),
    );
  }
  await stage.ask("/token?owner=acme&repositories=api&permissions=administration:write");
  await stage.ask(`/token?owner=${tokens[0]}`, { headers: { "x-request-id": tokens[0] ?? "" } });
  const decisions = stage.decisions();
  assert.deepEqual(
    decisions.map((line) => line["decision"]),
    ["allow", "allow", "deny", "error"],
  );
  assert.deepEqual(
    decisions.slice(0, 2).map((line) => line["token_sha256"]),
    tokens.map((token) => sha256(token)),
  );
  assert.deepEqual(decisions[0]?.["granted"], { contents: "read", metadata: "read" });
  const text = stage.lines.join("");
  for (const hidden of [...tokens, SECRET, "PRIVATE KEY", "eyJ"]) assert.ok(!text.includes(hidden), hidden);
  assert.match(text, /\[redacted\]/);
});

test("a secret in the port's own words never comes back", async (t) => {
  const stage = await openStage(t);
  const told = await askAt(stage.port, `/token?owner=${SECRET}&repositories=api`);
  assert.ok(!told.text.includes(SECRET));
  assert.ok(!stage.lines.join("").includes(SECRET));
});

function raw(port: number, request: string | Buffer): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1");
    let told = "";
    socket.on("data", (part) => (told += part.toString("latin1")));
    socket.on("error", (error) => (told === "" ? reject(error) : resolve(told)));
    socket.on("close", () => {
      resolve(told);
    });
    socket.write(request);
  });
}
