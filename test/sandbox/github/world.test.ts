import assert from "node:assert/strict";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { GitHubSandbox } from "../../../src/sandbox/github/github.ts";
import { TEXT } from "../../../src/sandbox/github/texts.ts";
import { call } from "./client.ts";
import { makeJwt } from "./jwt-maker.ts";

async function scene(t: TestContext): Promise<{ github: GitHubSandbox; bearer: string; token: string }> {
  const github = new GitHubSandbox({ appId: 7 });
  const bearer = makeJwt(github.addKey());
  await github.start();
  t.after(() => github.stop());
  github.addInstallation({
    account: "acme",
    id: 42,
    repositories: [{ name: "api", id: 5 }],
    permissions: { contents: "write" },
  });
  const minted = await call(github, "POST", "/app/installations/42/access_tokens", { bearer });
  return { github, bearer, token: String(minted.body["token"]) };
}

test("a renamed repository is a redirect under its old name, and no name for a token", async (t) => {
  const { github, bearer } = await scene(t);
  github.renameRepository("acme", "api", "service");
  const moved = await call(github, "GET", "/repos/acme/api/installation", { bearer });
  assert.deepEqual([moved.status, moved.headers.get("location")], [301, `${github.url}/repositories/5/installation`]);
  assert.equal((await call(github, "GET", "/repos/acme/service/installation", { bearer })).status, 200);
  assert.equal((await call(github, "GET", "/repositories/5/installation", { bearer })).body["id"], 42);
  const ask = { bearer, body: { repositories: ["api"] } };
  assert.equal((await call(github, "POST", "/app/installations/42/access_tokens", ask)).status, 422);
});

test("a renamed account is unknown under its old name, and its repositories redirect", async (t) => {
  const { github, bearer } = await scene(t);
  github.renameAccount("acme", "apex");
  assert.equal((await call(github, "GET", "/orgs/acme/installation", { bearer })).status, 404);
  assert.equal((await call(github, "GET", "/repos/acme/api/installation", { bearer })).status, 301);
  const found = await call(github, "GET", "/orgs/apex/installation", { bearer });
  assert.deepEqual([found.body["id"], (found.body["account"] as { login: string }).login], [42, "apex"]);
});

test("a suspended installation mints nothing and its tokens are refused, until it is resumed", async (t) => {
  const { github, bearer, token } = await scene(t);
  github.suspend("acme");
  const refused = await call(github, "POST", "/app/installations/42/access_tokens", { bearer });
  assert.deepEqual([refused.status, refused.body["message"]], [403, TEXT.suspended]);
  assert.equal((await call(github, "GET", "/installation/repositories", { bearer: token })).status, 403);
  const seen = await call(github, "GET", "/app/installations/42", { bearer });
  assert.equal(typeof seen.body["suspended_at"], "string");
  github.unsuspend("acme");
  assert.equal((await call(github, "GET", "/installation/repositories", { bearer: token })).status, 200);
  assert.equal((await call(github, "POST", "/app/installations/42/access_tokens", { bearer })).status, 201);
});

test("a reinstalled App has a new id; the old id and its tokens are dead", async (t) => {
  const { github, bearer, token } = await scene(t);
  const id = github.reinstall("acme");
  assert.notEqual(id, 42);
  assert.equal((await call(github, "POST", "/app/installations/42/access_tokens", { bearer })).status, 404);
  assert.equal((await call(github, "GET", "/installation/repositories", { bearer: token })).status, 401);
  assert.equal(github.liveTokens().length, 0);
  assert.equal((await call(github, "GET", "/orgs/acme/installation", { bearer })).body["id"], id);
  assert.equal((await call(github, "POST", `/app/installations/${id}/access_tokens`, { bearer })).status, 201);
});

test("an installation may be suspended from the start", async (t) => {
  const { github, bearer } = await scene(t);
  const id = github.addInstallation({ account: "idle", repositories: [], permissions: {}, suspended: true });
  assert.equal((await call(github, "POST", `/app/installations/${id}/access_tokens`, { bearer })).status, 403);
});
