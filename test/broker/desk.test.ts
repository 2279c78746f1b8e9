import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { SECRET, heldMint, openStage, sha256, type Send, type Stage, type Told } from "./support.ts";

const API = "/token?owner=acme&repositories=api&permissions=contents:write";

/** A policy of one client, with these lines for its grant on `acme`. */
function policy(...lines: readonly string[]): string {
  const grant = lines.map((line) => `        ${line}\n`).join("");
  return `version: 1
clients:
  - id: agent
    secret_sha256: ["${sha256(SECRET, "hex")}"]
    grants:
      - owner: acme
${grant}`;
}

const WIDE = policy("repositories: [api, web]", "permissions: {contents: write, issues: write}");
const READ_ONLY = policy("repositories: [api, web]", "permissions: {contents: read, issues: write}");

interface Changed {
  readonly stage: Stage;
  readonly told: readonly Told[];
}

/** Asks, `times` at once, and puts another policy in force while GitHub is at work on the token. */
async function changed(
  t: TestContext,
  before: string,
  after: string,
  ask: readonly [string, Send?],
  times = 1,
): Promise<Changed> {
  const stage = await openStage(t, { policy: before });
  const { begun, release } = heldMint(stage);
  const asking = Promise.all(Array.from({ length: times }, () => stage.ask(...ask)));
  await begun;
  await writeFile(stage.policyFile, after);
  await stage.broker.reload();
  assert.equal(stage.mints(), 0);
  release();
  return { stage, told: await asking };
}

function assertDenied({ stage, told }: Changed): void {
  for (const one of told) assert.deepEqual([one.status, one.json["error"]], [403, "policy_denied"], one.text);
  assert.equal(stage.github.issuedTokens().length, 1);
  assert.deepEqual(stage.github.liveTokens(), []);
}

test("a policy that is narrowed while a token is made denies it, and the token is ended", async (t) => {
  const { stage, told } = await changed(t, WIDE, READ_ONLY, [API]);
  assertDenied({ stage, told });
  assert.deepEqual(told[0]?.json["details"], {
    denied: [{ repository: "api", permission: "contents", requested: "write", max: "read" }],
  });
  const [issued] = stage.github.issuedTokens();
  const line = stage.lines.find((one) => one.includes("a token was taken back")) ?? "{}";
  const note = JSON.parse(line) as Record<string, unknown>;
  assert.deepEqual([note["token_sha256"], note["revoked"]], [issued?.sha256, "revoked"]);
  await writeFile(stage.policyFile, WIDE);
  await stage.broker.reload();
  const again = await stage.ask(API);
  assert.deepEqual([again.status, again.headers["x-broker-cache"]], [200, "miss"]);
});

test("all who wait for that token are denied, and it is ended once", async (t) => {
  const { stage, told } = await changed(t, WIDE, READ_ONLY, [API], 5);
  assertDenied({ stage, told });
  assert.equal(stage.github.calls.filter((call) => call.method === "DELETE").length, 1);
});

test("a policy that still allows the token leaves it alone", async (t) => {
  const after = policy("repositories: [api]", "permissions: {contents: write}");
  const { stage, told } = await changed(t, WIDE, after, [API]);
  assert.equal(told[0]?.status, 200);
  assert.equal(stage.github.liveTokens()[0]?.sha256, told[0]?.headers["x-token-sha256"]);
});

test("what was made is judged, not what the new policy's defaults would be", async (t) => {
  const before = policy(
    "repositories: [api]",
    "permissions: {contents: write}",
    "default_permissions: {contents: write}",
  );
  const after = policy("repositories: [api]", "permissions: {contents: read}", "default_permissions: {contents: read}");
  assertDenied(await changed(t, before, after, ["/token?owner=acme&repositories=api"]));
});

test("a client that is no more gets nothing", async (t) => {
  const after = WIDE.replace(sha256(SECRET, "hex"), sha256("another", "hex")).replace("id: agent", "id: second");
  assertDenied(await changed(t, WIDE, after, [API]));
});

const pinned = (pins: string): string =>
  policy("repositories: [api, web]", "permissions: {contents: write}", `repository_ids: ${pins}`);

test("a repository that is pinned to another id meanwhile is denied, and the token is ended", async (t) => {
  assertDenied(await changed(t, WIDE, pinned("{api: 999}"), [API]));
});

test("a pin that is changed meanwhile is held against what was made", async (t) => {
  assertDenied(await changed(t, pinned("{api: 501}"), pinned("{api: 999}"), [API]));
});

test("a pin on the very repository that the token is for is no change to it", async (t) => {
  const { told } = await changed(t, WIDE, pinned("{api: 501, web: 999}"), [API]);
  assert.equal(told[0]?.status, 200);
});

test("an id that means another repository meanwhile does not let the token for the first one through", async (t) => {
  const after = policy("repositories: [web]", "permissions: {contents: write}", "repository_ids: {web: 501}");
  const body = { owner: "acme", repository_ids: [501], permissions: { contents: "write" } };
  assertDenied(await changed(t, pinned("{api: 501}"), after, ["/v1/token", { method: "POST", body }]));
});

test("an installation that is pinned to another meanwhile is denied, and the token is ended", async (t) => {
  const after = WIDE.replace("- owner: acme", "- owner: acme\n        installation_id: 77");
  assertDenied(await changed(t, WIDE, after, [API]));
});
