import assert from "node:assert/strict";
import { once } from "node:events";
import { rename, rm, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import path from "node:path";
import { test } from "node:test";
import { ConfigError } from "../../src/core/errors.ts";
import { eventually } from "../support/eventually.ts";
import { OTHER_SECRET, SECRET, heldMint, openStage, policyText, sha256, type Stage } from "./support.ts";

const API = "/token?owner=acme&repositories=api&permissions=contents:read";

async function readyz(stage: Stage): Promise<[number, unknown]> {
  const told = await stage.ask("/readyz", { secret: null });
  return [told.status, told.json["status"]];
}

/** GitHub has answered to the keys that were loaded last. */
function identified(stage: Stage, times = 1): Promise<true> {
  return eventually(
    "the App's identity",
    () => stage.lines.filter((line) => line.includes("GitHub knows the App")).length >= times || undefined,
  );
}

test("without a key the broker starts, says so, and takes the key up when it appears", async (t) => {
  const stage = await openStage(t, { noKey: true });
  assert.deepEqual(await readyz(stage), [200, "not_configured"]);
  const told = await stage.ask(API);
  assert.deepEqual([told.status, told.json["error"]], [503, "not_configured"]);
  assert.equal((await stage.ask(API, { secret: null })).status, 401);
  await writeFile(stage.keyFile, stage.github.addKey().privateKeyPem);
  await eventually("the key", async () => ((await stage.ask(API)).status === 200 ? true : undefined));
  await identified(stage);
  assert.deepEqual(await readyz(stage), [200, "ok"]);
});

test("without an App's id the broker starts and is not configured", async (t) => {
  const stage = await openStage(t, { environment: { GITHUB_APP_ID: "", BROKER_SECRET: "" } });
  assert.deepEqual(await readyz(stage), [200, "not_configured"]);
  assert.deepEqual(stage.github.calls, []);
});

test("an App without anybody who can ask is a mistake", async (t) => {
  await assert.rejects(
    openStage(t, { environment: { BROKER_SECRET: "" } }),
    (error) => error instanceof ConfigError && /BROKER_SECRET/.test(error.message),
  );
});

test("a bad key is told in words, and tokens are refused", async (t) => {
  const stage = await openStage(t, { noKey: true });
  await writeFile(stage.keyFile, "-----BEGIN RSA PRIVATE KEY-----");
  await stage.broker.reload();
  const told = await stage.ask("/readyz");
  assert.deepEqual([told.status, told.json["status"]], [503, "failed"]);
  assert.match(String(told.json["problems"]), /cut off/);
  const refused = await stage.ask(API);
  assert.deepEqual([refused.status, refused.json["error"]], [503, "app_auth_failed"]);
});

test("a key that GitHub does not know is refused, until it does", async (t) => {
  const stage = await openStage(t, { noKey: true });
  const key = stage.github.addKey();
  stage.github.removeKey(key);
  await writeFile(stage.keyFile, key.privateKeyPem);
  await stage.broker.reload();
  const told = await stage.ask(API);
  assert.deepEqual([told.status, told.json["error"]], [503, "app_auth_failed"]);
  assert.deepEqual(await readyz(stage), [503, "failed"]);
});

test("a key is swapped while the broker runs", async (t) => {
  const stage = await openStage(t);
  await stage.ask(API);
  const next = stage.github.addKey();
  await writeFile(stage.keyFile, next.privateKeyPem);
  await stage.broker.reload();
  stage.clock.leap(55 * 60_000);
  assert.equal((await stage.ask(API)).headers["x-broker-cache"], "miss");
  assert.equal(((await stage.ask("/readyz")).json["key_ids"] as string[]).length, 1);
});

test("a new key that GitHub refuses does not push out the one that works", async (t) => {
  const stage = await openStage(t);
  await stage.ask(API);
  const stranger = stage.github.addKey();
  stage.github.removeKey(stranger);
  await writeFile(stage.keyFile, stranger.privateKeyPem);
  await stage.broker.reload();
  stage.clock.leap(55 * 60_000);
  assert.equal((await stage.ask(API)).headers["x-broker-cache"], "miss");
});

test("of two keys the one that GitHub knows is used", async (t) => {
  const stage = await openStage(t, { environment: {}, noKey: true });
  assert.equal((await stage.ask(API)).status, 503);
  const [gone, good] = [stage.github.addKey(), stage.github.addKey()];
  const second = path.join(stage.dir, "second.pem");
  stage.github.removeKey(gone);
  await writeFile(stage.keyFile, gone.privateKeyPem);
  await writeFile(second, good.privateKeyPem);
  const both = await openStage(t, {
    noKey: true,
    environment: { GITHUB_API_URL: stage.github.url, GITHUB_APP_PRIVATE_KEY_FILE: `${stage.keyFile},${second}` },
  });
  assert.equal((await both.ask(API)).status, 200);
  const before = stage.github.calls.length;
  assert.equal((await both.ask(API.replace("read", "write"))).status, 200);
  assert.equal(stage.github.calls.length, before + 1, "the good key comes first from now on");
});

test("a key file that goes away is a problem, and its key is still used", async (t) => {
  const stage = await openStage(t);
  await identified(stage);
  await rm(stage.keyFile);
  await stage.broker.reload();
  assert.deepEqual(await readyz(stage), [200, "degraded"]);
  assert.equal((await stage.ask(API)).status, 200);
});

test("the App's account is told for git commit", async (t) => {
  const stage = await openStage(t);
  await identified(stage);
  const app = {
    slug: "tinyclaw-sandbox",
    bot_user_id: 200_000_077,
    name: "tinyclaw-sandbox[bot]",
    email: "200000077+tinyclaw-sandbox[bot]@users.noreply.127.0.0.1",
  };
  assert.deepEqual((await stage.ask("/readyz")).json["app"], app);
  assert.deepEqual((await stage.ask("/v1/policy")).json["app"], app);
});

test("a key of another App is told", async (t) => {
  const stage = await openStage(t, { environment: { GITHUB_APP_ID: "Iv23sandbox77" } });
  await identified(stage);
  assert.deepEqual(await readyz(stage), [200, "ok"]);
  const other = await openStage(t, { github: { appId: 78 } });
  await eventually("the refusal", async () => ((await readyz(other))[0] === 503 ? true : undefined));
});

test("without a policy file a warning is logged at the start", async (t) => {
  const stage = await openStage(t);
  assert.ok(stage.lines.some((line) => line.includes('"level":40') && line.includes("no policy file")));
});

test("a changed policy is in force at once, a bad one keeps the old and shows on /readyz", async (t) => {
  const stage = await openStage(t, { policy: policyText() });
  await identified(stage);
  assert.equal((await stage.ask(API)).status, 200);
  await writeFile(stage.policyFile, policyText().replace("repositories: [api,", "repositories: [apix,"));
  await eventually("the new policy", async () => ((await stage.ask(API)).status === 403 ? true : undefined));
  await writeFile(stage.policyFile, policyText().replace("version: 1", "version: 9"));
  await stage.broker.reload();
  const told = await stage.ask("/readyz");
  assert.deepEqual([told.status, told.json["status"]], [503, "failed"]);
  assert.match(String(told.json["problems"]), /version/);
  assert.equal((await stage.ask(API)).status, 403);
  await rename(stage.policyFile, `${stage.policyFile}.away`);
  await stage.broker.reload();
  assert.equal((await readyz(stage))[0], 503);
  assert.equal((await stage.ask(API)).status, 403);
  await writeFile(stage.policyFile, policyText());
  await stage.broker.reload();
  assert.deepEqual(await readyz(stage), [200, "ok"]);
  assert.equal((await stage.ask(API)).status, 200);
});

test("a token minted under a policy is not handed out once the policy denies it", async (t) => {
  const stage = await openStage(t, { policy: policyText() });
  const { begun, release } = heldMint(stage);
  const asked = stage.ask(API);
  await begun;
  await writeFile(stage.policyFile, policyText("", "deny: {permissions: [contents]}"));
  await stage.broker.reload();
  release();
  const told = await asked;
  assert.deepEqual([told.status, told.json["error"]], [403, "policy_denied"]);
});

test("a bad policy at the start, or none where one is named, is a mistake", async (t) => {
  await assert.rejects(
    openStage(t, { policy: "version: 1\n" }),
    (error) => error instanceof ConfigError && /clients/.test(error.message),
  );
  const missing = { BROKER_POLICY_FILE: "/nonexistent/policy.yaml" };
  await assert.rejects(
    openStage(t, { environment: missing }),
    (error) => error instanceof ConfigError && /BROKER_POLICY_FILE/.test(error.message),
  );
});

test("two secrets are valid at once without a policy", async (t) => {
  const stage = await openStage(t, { environment: { BROKER_SECRET: `${SECRET}\n${OTHER_SECRET}` } });
  for (const secret of [SECRET, OTHER_SECRET]) assert.equal((await stage.ask(API, { secret })).status, 200);
  assert.equal(stage.mints(), 1);
});

test("repositories can be left out where the policy says so", async (t) => {
  const policy = policyText()
    .replace('[api, "w*"]', '["*"]')
    .replace(
      "        permissions: {contents: write,",
      "        all_repositories: true\n        permissions: {contents: write,",
    );
  const stage = await openStage(t, { policy });
  const told = await stage.ask("/token?owner=acme&permissions=contents:read");
  assert.equal(told.status, 200);
  const [mint] = stage.github.calls.filter((call) => call.path.endsWith("access_tokens"));
  assert.deepEqual(mint?.body, { permissions: { contents: "read" } });
  assert.equal((await stage.ask("/token?owner=acme&permissions=pull_requests:write")).status, 403);
});

test("an id that no grant pins is that of the account which has it", async (t) => {
  const grants = "      - {owner: globex, repositories: [api], permissions: {contents: read}}";
  const stage = await openStage(t, { policy: policyText(grants) });
  const told = await stage.ask("/token?installation_id=2&repositories=api&permissions=contents:read");
  assert.deepEqual([told.status, told.json["owner"]], [200, "globex"]);
  assert.equal((await stage.ask("/token?installation_id=3&repositories=api&permissions=contents:read")).status, 403);
  assert.equal(sha256(String(told.json["token"])), stage.github.issuedTokens()[0]?.sha256);
});

test("stopping does not wait for a connection on which nothing is asked", async (t) => {
  const stage = await openStage(t);
  const idle = connect(stage.port, "127.0.0.1");
  t.after(() => idle.destroy());
  await once(idle, "connect");
  const started = performance.now();
  await stage.broker.stop();
  assert.ok(performance.now() - started < 5_000);
});

test("stopping answers what is under way, refuses what comes, and may be asked for twice", async (t) => {
  const stage = await openStage(t);
  stage.github.order({ match: /access_tokens$/, fault: { kind: "delay", ms: 500 } });
  const under = stage.ask(API);
  await eventually(
    "the look-up",
    () => stage.github.calls.some((call) => call.path.endsWith("/installation")) || undefined,
  );
  await Promise.all([stage.broker.stop(), stage.broker.stop()]);
  assert.equal((await under).status, 200);
  await assert.rejects(stage.ask("/healthz"));
});
