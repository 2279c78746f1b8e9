import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { faults } from "../../src/sandbox/github/faults.ts";
import { MINT, SECRET, openStage, policyText, sha256, type Stage, type Told } from "./support.ts";

const API = "/token?owner=acme&repositories=api&permissions=contents:write";
const WEB = "/token?owner=acme&repositories=web&permissions=contents:write";
const MINUTE = 60_000;

/** Every refusal comes within ten seconds, and the broker lives. */
async function refused(stage: Stage, target: string, status: number, code: string): Promise<Told> {
  const started = performance.now();
  const told = await stage.ask(target);
  assert.ok(performance.now() - started < 10_000, "took too long");
  assert.deepEqual([told.status, told.json["error"]], [status, code], told.text);
  assert.equal((await stage.ask("/healthz")).status, 200);
  return told;
}

test("while GitHub is down for 45 minutes, warm scopes are served and cold ones refused", async (t) => {
  const stage = await openStage(t);
  const first = await stage.ask(API);
  await stage.github.stop();
  const served = [];
  for (let minute = 0; minute < 45; minute += 3) {
    stage.clock.leap(3 * MINUTE);
    const told = await stage.ask(API);
    served.push([told.status, told.json["token"]]);
  }
  assert.deepEqual(
    served,
    Array.from({ length: 15 }, () => [200, first.json["token"]]),
  );
  await refused(stage, WEB, 503, "upstream_unavailable");
  stage.clock.leap(10 * MINUTE);
  const stale = await stage.ask(API);
  assert.deepEqual([stale.status, stale.headers["x-broker-cache"]], [200, "stale"]);
  assert.match(String(stale.headers["warning"]), /^110 /);
  assert.equal((await stage.ask("/readyz")).json["status"], "degraded");
  stage.clock.leap(4.5 * MINUTE);
  await refused(stage, API, 503, "upstream_unavailable");
  await stage.github.start();
  stage.clock.leap(MINUTE);
  assert.equal((await stage.ask(API)).headers["x-broker-cache"], "miss");
});

test("a token near its end is renewed in the background, and handed out with ten minutes or more", async (t) => {
  const stage = await openStage(t);
  const first = await stage.ask(API);
  stage.clock.leap(46 * MINUTE);
  const second = await stage.ask(API);
  assert.deepEqual([second.headers["x-broker-cache"], second.json["token"]], ["hit", first.json["token"]]);
  while (stage.mints() < 2) await stage.ask("/healthz");
  let third = await stage.ask(API);
  while (third.json["token"] === first.json["token"]) third = await stage.ask(API);
  assert.equal(third.headers["x-broker-cache"], "hit");
  assert.equal(stage.mints(), 2);
});

test("a token with less life than asked for is replaced at once", async (t) => {
  const stage = await openStage(t);
  await stage.ask(API);
  stage.clock.leap(31 * MINUTE);
  assert.equal((await stage.ask(API)).headers["x-broker-cache"], "hit");
  assert.equal((await stage.ask(`${API}&min_ttl_seconds=1800`)).headers["x-broker-cache"], "miss");
});

for (const hours of [-3, 3]) {
  test(`GitHub's clock is ${hours} h off: tokens come all the same`, async (t) => {
    const stage = await openStage(t);
    stage.github.clockOffsetMs = hours * 3_600_000;
    const told = await stage.ask(API);
    assert.equal(told.status, 200, told.text);
    const skew = Number((await stage.ask("/readyz")).json["clock_skew_s"]);
    assert.ok(Math.abs(skew - hours * 3600) <= 3, String(skew));
    assert.equal((await stage.ask(API)).headers["x-broker-cache"], "hit");
  });
}

test("a suspended App is told so, and taken up again", async (t) => {
  const stage = await openStage(t);
  await stage.ask(API);
  stage.github.suspend("acme");
  await refused(stage, WEB, 409, "installation_suspended");
  stage.github.unsuspend("acme");
  stage.clock.leap(31_000);
  assert.equal((await stage.ask(WEB)).status, 200);
});

test("a reinstalled App is found under its new id", async (t) => {
  const stage = await openStage(t);
  await stage.ask(API);
  const id = stage.github.reinstall("acme");
  const told = await stage.ask(WEB);
  assert.deepEqual([told.status, told.json["installation_id"]], [200, id]);
  await stage.ask(WEB);
  assert.equal(stage.mints(), 3);
});

test("an installation named by its old id is gone", async (t) => {
  const stage = await openStage(t);
  stage.github.reinstall("acme");
  await refused(stage, "/token?installation_id=1&repositories=api", 404, "installation_not_found");
});

test("a renamed account is not served under its old name, and what was minted for it is revoked", async (t) => {
  const stage = await openStage(t, { policy: policyText() });
  await stage.ask(API);
  stage.github.renameAccount("acme", "acme-two");
  await refused(stage, WEB, 404, "installation_not_found");
  assert.deepEqual(
    stage.github.liveTokens().map((one) => one.repositories),
    [["acme/api"]],
  );
});

test("a look-up that leads to an account of another name is not believed", async (t) => {
  const stage = await openStage(t);
  const fault = { kind: "patch", fields: { account: { login: "acme-two" } } } as const;
  stage.github.order({ match: "/users/acme/installation", fault });
  await refused(stage, API, 404, "installation_not_found");
  assert.equal(stage.mints(), 0);
});

test("all repositories of an account that was renamed are not given", async (t) => {
  const policy = policyText("        all_repositories: true");
  const stage = await openStage(t, { policy });
  const all = (permission: string) => `/token?owner=acme&permissions=${permission}`;
  assert.equal((await stage.ask(all("contents:read"))).status, 200);
  stage.github.renameAccount("acme", "acme-two");
  const before = stage.mints();
  await refused(stage, all("issues:read"), 404, "installation_not_found");
  assert.equal(stage.mints(), before);
});

const limits: [
  title: string,
  fault: Parameters<Stage["github"]["order"]>[0]["fault"],
  retryAfter: (header: number) => boolean,
][] = [
  ["403 with Retry-After", faults.secondaryLimit(40), (s) => s === 40],
  ["429 with Retry-After", faults.secondaryLimit(40, 429), (s) => s === 40],
  ["403 without Retry-After", faults.secondaryLimit(), (s) => s === 60],
  ["429 without any header", faults.refused(429, "Too many requests"), (s) => s === 60],
  ["the primary limit", faults.primaryLimit(Math.floor(Date.now() / 1000) + 600), (s) => s > 60 && s <= 600],
];
for (const [title, fault, fits] of limits) {
  test(`GitHub's limit as ${title} is passed on, and GitHub left in peace`, async (t) => {
    const stage = await openStage(t);
    await stage.ask(API);
    stage.github.order({ match: MINT, times: Infinity, fault });
    const told = await refused(stage, WEB, 503, "upstream_rate_limited");
    assert.ok(fits(Number(told.headers["retry-after"])), String(told.headers["retry-after"]));
    const before = stage.github.calls.length;
    await refused(stage, WEB, 503, "upstream_rate_limited");
    assert.equal(stage.github.calls.length, before);
    assert.equal((await stage.ask(API)).status, 200);
  });
}

test("a limit of a second is waited for", async (t) => {
  const stage = await openStage(t);
  stage.github.order({ match: MINT, fault: faults.secondaryLimit(1) });
  assert.equal((await stage.ask(API)).status, 200);
  assert.equal(stage.mints(), 2);
});

for (const fault of [
  faults.down(500),
  faults.down(502),
  faults.down(503),
  { kind: "drop", when: "before" },
  { kind: "drop", when: "after" },
] as const) {
  test(`a single stumble is tried again: ${JSON.stringify(fault).slice(0, 40)}`, async (t) => {
    const stage = await openStage(t);
    stage.github.order({ match: MINT, fault });
    const told = await stage.ask(API);
    assert.equal(told.status, 200);
    assert.deepEqual(
      stage.github.calls.filter((call) => MINT.test(call.path)).map((call) => call.body),
      Array.from({ length: 2 }, () => ({ repositories: ["api"], permissions: { contents: "write" } })),
    );
  });
}

const hollow: [title: string, fault: Parameters<Stage["github"]["order"]>[0]["fault"]][] = [
  ["empty", faults.hollow("")],
  ["an empty object", faults.hollow({})],
  ["a page", faults.hollow("<html>Unicorn!</html>")],
  ["huge", { kind: "huge", bytes: 3 * 1024 * 1024 }],
  ["without its token", { kind: "patch", fields: { token: undefined } }],
  ["long expired", { kind: "patch", fields: { expires_at: "2020-01-01T00:00:00Z" } }],
  ["good for a year", { kind: "patch", fields: { expires_at: "2099-01-01T00:00:00Z" } }],
  ["a redirect elsewhere", faults.redirect("http://127.0.0.1:1/app/installations/1/access_tokens")],
];
for (const [title, fault] of hollow) {
  test(`a success that is ${title} is refused and not remembered`, async (t) => {
    const stage = await openStage(t);
    stage.github.order({ match: MINT, fault });
    await refused(stage, API, 502, "upstream_invalid");
    const again = await stage.ask(API);
    assert.deepEqual([again.status, again.headers["x-broker-cache"]], [200, "miss"]);
  });
}

test("a token with an absurd expiry is revoked", async (t) => {
  const stage = await openStage(t);
  stage.github.order({ match: MINT, fault: { kind: "patch", fields: { expires_at: "2099-01-01T00:00:00Z" } } });
  await stage.ask(API);
  assert.equal(stage.github.liveTokens().length, 0);
});

test("a redirect is not followed: nobody else gets the JWT or is believed", async (t) => {
  const seen: string[] = [];
  const elsewhere = createServer((request, response) => {
    seen.push(String(request.headers.authorization));
    response.end("{}");
  }).listen(0, "127.0.0.1");
  t.after(() => elsewhere.close());
  await new Promise((resolve) => elsewhere.once("listening", resolve));
  const stage = await openStage(t);
  const url = `http://127.0.0.1:${(elsewhere.address() as AddressInfo).port}/`;
  for (const status of [301, 302, 307, 308] as const) {
    stage.github.order({ match: MINT, fault: faults.redirect(url, status) });
    await refused(stage, API, 502, "upstream_invalid");
  }
  assert.deepEqual(seen, []);
});

for (const silent of [true, false]) {
  test(
    `a reply that never ${silent ? "begins" : "ends"} is given up within ten seconds`,
    { timeout: 60_000 },
    async (t) => {
      const stage = await openStage(t);
      stage.github.order({ match: MINT, times: Infinity, fault: { kind: "endless", silent } });
      const [told, coalesced] = await Promise.all([refused(stage, API, 504, "upstream_timeout"), stage.ask(API)]);
      assert.equal(told.json["retryable"], true);
      assert.equal(coalesced.status, 504);
    },
  );
}

const wider: [title: string, fault: Parameters<Stage["github"]["order"]>[0]["fault"]][] = [
  ["a permission more", { kind: "wider", permissions: { issues: "write" } }],
  ["a higher level", { kind: "wider", permissions: { contents: "admin" } }],
  ["a repository more", { kind: "wider", repositories: ["site"] }],
  ["all repositories", { kind: "wider", selection: "all" }],
];
for (const [title, fault] of wider) {
  test(`GitHub grants ${title}: the token is revoked, the caller refused, an alarm logged`, async (t) => {
    const stage = await openStage(t);
    stage.github.order({ match: MINT, fault });
    const told = await refused(stage, API, 502, "scope_escalation");
    assert.deepEqual(stage.github.liveTokens(), []);
    const [issued, ...more] = stage.github.issuedTokens();
    assert.deepEqual(more, []);
    const alarms = stage.lines.filter((line) => line.includes('"alarm":"scope_escalation"'));
    assert.equal(alarms.length, 1);
    const alarm = JSON.parse(alarms[0] ?? "") as Record<string, unknown>;
    assert.deepEqual([alarm["revoked"], alarm["token_sha256"]], ["revoked", issued?.sha256]);
    assert.match((await stage.ask("/metrics")).text, /^broker_scope_escalations_total 1$/m);
    assert.ok(!told.text.includes("ghs_"));
  });
}

test("a token of another repository under a pinned name is revoked", async (t) => {
  const stage = await openStage(t, { policy: policyText("        repository_ids: {api: 999}") });
  await refused(stage, API, 502, "scope_escalation");
  assert.deepEqual(stage.github.liveTokens(), []);
});

test("a permission that the App does not have is told so", async (t) => {
  const stage = await openStage(t, { policy: policyText().replace("pull_requests: read", "discussions: write") });
  await refused(
    stage,
    "/token?owner=acme&repositories=api&permissions=discussions:write",
    422,
    "permission_not_granted",
  );
});

test("after five failures GitHub is not called for a while, though it be back", async (t) => {
  const stage = await openStage(t);
  await stage.ask(API);
  await stage.github.stop();
  for (let n = 0; n < 5; n += 1) await stage.ask(WEB);
  await stage.github.start();
  const told = await stage.ask(WEB);
  assert.equal(told.status, 503);
  assert.ok(Number(told.headers["retry-after"]) <= 15);
  stage.clock.leap(15_000);
  assert.equal((await stage.ask(WEB)).status, 200);
});

test("a caller that leaves does not end the mint that others wait for", async (t) => {
  const stage = await openStage(t);
  stage.github.order({ match: MINT, fault: { kind: "delay", ms: 400 } });
  const leaving = fetch(`http://127.0.0.1:${stage.port}${API}`, {
    headers: { authorization: `Bearer ${SECRET}` },
    signal: AbortSignal.timeout(150),
  });
  await assert.rejects(leaving);
  const staying = await stage.ask(API);
  assert.equal(staying.status, 200);
  assert.equal(stage.mints(), 1);
});

test("a denied repository of an organisation that GitHub does not know is no oracle", async (t) => {
  const stage = await openStage(t, { policy: policyText() });
  const strip = (told: Told, name: string) => told.text.replaceAll(name, "X").replace(/"request_id":"[^"]*"/, "");
  const real = await stage.ask("/token?owner=acme&repositories=site&permissions=contents:read");
  const unreal = await stage.ask("/token?owner=acme&repositories=zzzz&permissions=contents:read");
  assert.equal(strip(real, "site"), strip(unreal, "zzzz"));
});

test("what GitHub says is never passed on, and logged in part", async (t) => {
  const stage = await openStage(t);
  const leak = `internal detail ghs_${"A".repeat(36)} ${"x".repeat(1000)}`;
  stage.github.order({ match: MINT, fault: faults.refused(403, leak) });
  const told = await refused(stage, API, 422, "github_rejected");
  assert.ok(!told.text.includes("internal detail"));
  const line = stage.lines.find((one) => one.includes("internal detail")) ?? "";
  assert.ok(line.length < 700 && !line.includes("AAAA"));
  assert.equal(sha256("x").length, 44);
});
