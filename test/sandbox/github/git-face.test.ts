import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { after, before, beforeEach, describe, test } from "node:test";
import { GitHubSandbox } from "../../../src/sandbox/github/github.ts";
import type { Permissions } from "../../../src/sandbox/github/world.ts";
import { call } from "./client.ts";
import type { Reply } from "./client.ts";
import { makeJwt } from "./jwt-maker.ts";

const github = new GitHubSandbox({ appId: 7 });
const jwt = makeJwt(github.addKey());

async function mint(permissions: Permissions): Promise<string> {
  const body = { repositories: ["api"], permissions };
  return String(
    (await call(github, "POST", "/app/installations/42/access_tokens", { bearer: jwt, body })).body["token"],
  );
}

function refs(path: string, password?: string, service = "git-upload-pack"): Promise<Reply> {
  const basic = `Basic ${Buffer.from(`x-access-token:${password}`).toString("base64")}`;
  const headers: Record<string, string> = password === undefined ? {} : { authorization: basic };
  return call(github, "GET", `${path}/info/refs?service=${service}`, { headers });
}

describe("git's way in", () => {
  before(async () => {
    await github.start();
    const repositories = [{ name: "api" }, { name: "web" }];
    github.addInstallation({
      account: "acme",
      id: 42,
      repositories,
      permissions: { contents: "write", issues: "read" },
    });
  });
  after(() => github.stop());
  beforeEach(() => {
    github.calls.length = 0;
  });

  test("a client without credentials is asked for Basic ones", async () => {
    const asked = await refs("/acme/api.git");
    assert.deepEqual([asked.status, asked.headers.get("www-authenticate")], [401, 'Basic realm="GitHub"']);
    assert.equal(github.calls[0]?.authorization, "none");
  });

  test("a live token as password is shown the branch, and what came is on record", async () => {
    const token = await mint({ contents: "read" });
    const shown = await refs("/acme/api.git", token);
    assert.equal(shown.headers.get("content-type"), "application/x-git-upload-pack-advertisement");
    assert.match(
      shown.text,
      /^001e# service=git-upload-pack\n0000[0-9a-f]{4}[0-9a-f]{40} HEAD\0.*\n003d[0-9a-f]{40} refs\/heads\/main\n0000$/,
    );
    const seen = github.calls.at(-1);
    assert.deepEqual([seen?.authorization, seen?.username], ["basic", "x-access-token"]);
    assert.equal(seen?.sha256, createHash("sha256").update(token).digest("base64"));
    assert.equal(JSON.stringify(github.calls).includes(token), false);
    assert.equal((await refs("/Acme/API", token)).status, 200);
  });

  test("a token opens its own repositories, and a push needs write", async () => {
    const reader = await mint({ contents: "read" });
    assert.equal((await refs("/acme/web.git", reader)).status, 404);
    assert.equal((await refs("/other/api.git", reader)).status, 404);
    assert.equal((await refs("/acme/api.git", reader, "git-receive-pack")).status, 403);
    assert.equal((await refs("/acme/api.git", await mint({ contents: "write" }), "git-receive-pack")).status, 200);
    assert.equal((await refs("/acme/api.git", await mint({ issues: "read" }))).status, 404);
  });

  test("a dead token is asked for another, and an unknown service refused", async () => {
    const token = await mint({ contents: "read" });
    await call(github, "DELETE", "/installation/token", { bearer: token });
    const dead = await refs("/acme/api.git", token);
    assert.deepEqual([dead.status, dead.headers.get("www-authenticate")], [401, 'Basic realm="GitHub"']);
    assert.equal((await refs("/acme/api.git", token, "git-shell")).status, 403);
  });

  test("a suspended App opens nothing", async () => {
    const token = await mint({ contents: "read" });
    github.suspend("acme");
    assert.equal((await refs("/acme/api.git", token)).status, 403);
    github.unsuspend("acme");
  });
});
