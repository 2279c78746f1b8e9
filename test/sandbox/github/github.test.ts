import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { after, before, beforeEach, describe, test } from "node:test";
import { GitHubSandbox } from "../../../src/sandbox/github/github.ts";
import { TEXT } from "../../../src/sandbox/github/texts.ts";
import { call as send } from "./client.ts";
import type { Ask, Reply } from "./client.ts";
import { makeJwt } from "./jwt-maker.ts";

const github = new GitHubSandbox({ appId: 7, slug: "claw" });
const key = github.addKey();
const jwt = makeJwt(key);
const MINT = "/app/installations/42/access_tokens";

function call(method: string, path: string, bearer?: string, body?: unknown, ask: Ask = {}): Promise<Reply> {
  return send(github, method, path, { ...ask, ...(bearer === undefined ? {} : { bearer }), body });
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("base64");
}

async function mint(body: unknown = {}, ask: Ask = {}): Promise<string> {
  const reply = await call("POST", MINT, jwt, body, ask);
  assert.equal(reply.status, 201, reply.text);
  return String(reply.body["token"]);
}

describe("GitHub sandbox", () => {
  before(async () => {
    await github.start();
    github.addInstallation({
      account: "octo-org",
      id: 42,
      repositories: [
        { name: "api", id: 1 },
        { name: "web", id: 2 },
      ],
      permissions: { contents: "write", issues: "read" },
    });
    github.addInstallation({
      account: "mona",
      type: "User",
      id: 43,
      repositories: [],
      permissions: {},
      selection: "all",
    });
  });
  after(() => github.stop());
  beforeEach(() => {
    github.calls.length = 0;
  });

  test("its url is refused before start, and an account that was never added cannot change", () => {
    assert.throws(() => new GitHubSandbox().url, { code: "github_not_started" });
    assert.throws(() => github.suspend("nobody"), { code: "github_unknown" });
    assert.throws(
      () => {
        github.renameRepository("octo-org", "nothing", "else");
      },
      { code: "github_unknown" },
    );
  });

  test("the App tells who it is, and a call without its JWT is told 401 in GitHub's shape", async () => {
    const { body } = await call("GET", "/app", jwt);
    assert.deepEqual([body["id"], body["slug"], body["client_id"]], [7, "claw", "Iv23sandbox7"]);
    for (const bearer of [undefined, "ghs_something", "a.b.c"]) {
      const refused = await call("GET", "/app", bearer);
      assert.equal(refused.status, 401);
      assert.deepEqual(refused.body, {
        message: TEXT.badJwt,
        documentation_url: "https://docs.github.com/rest",
        status: "401",
      });
    }
  });

  test("the API answers under GitHub Enterprise's prefix too", async () => {
    assert.equal((await call("GET", "/api/v3/app", jwt)).body["id"], 7);
    assert.equal(github.calls[0]?.path, "/app");
  });

  test("an installation is found by account, by repository and by id, in any case of letters", async () => {
    const paths = ["/orgs/Octo-Org/installation", "/users/octo-org/installation", "/repos/octo-ORG/API/installation"];
    for (const path of [...paths, "/app/installations/42", "/repositories/2/installation"]) {
      const found = await call("GET", path, jwt);
      assert.deepEqual([found.status, found.body["id"]], [200, 42], path);
    }
    assert.equal((await call("GET", "/users/mona/installation", jwt)).body["id"], 43);
    for (const path of ["/orgs/mona/installation", "/repos/octo-org/nope/installation", "/app/installations/9"]) {
      assert.equal((await call("GET", path, jwt)).status, 404, path);
    }
    assert.equal((await call("GET", "/repos/octo-org/%zz/installation", jwt)).status, 404);
  });

  test("installations come in pages, each with a link to the next", async () => {
    const first = await call("GET", "/app/installations?per_page=1", jwt);
    const next = /<([^>]+)>; rel="next"/.exec(first.headers.get("link") ?? "")?.[1] ?? "";
    const second = await call("GET", next.replace(github.url, ""), jwt);
    const ids = [first, second].map(({ text }) => (JSON.parse(text) as { id: number }[]).map(({ id }) => id));
    assert.deepEqual(ids, [[42], [43]]);
    assert.doesNotMatch(second.headers.get("link") ?? "", /rel="next"/);
    assert.equal((await call("GET", "/app/installations", jwt)).headers.get("link"), null);
  });

  test("a token brings what was asked and the reading of metadata, for an hour", async () => {
    const reply = await call("POST", MINT, jwt, { repositories: ["API"], permissions: { contents: "read" } });
    const token = String(reply.body["token"]);
    assert.match(token, /^ghs_[0-9A-Za-z]{36}$/);
    assert.deepEqual(reply.body["permissions"], { contents: "read", metadata: "read" });
    assert.equal(reply.body["repository_selection"], "selected");
    assert.deepEqual(
      (reply.body["repositories"] as { full_name: string }[]).map((one) => one.full_name),
      ["octo-org/api"],
    );
    const life = Date.parse(String(reply.body["expires_at"])) - Date.now();
    assert.ok(life > 3_590_000 && life <= 3_600_000, `lives ${life} ms`);
    assert.match(String(reply.body["expires_at"]), /^[\d-]+T[\d:]+Z$/);
    const [issued] = github.issuedTokens().slice(-1);
    assert.deepEqual(
      { ...issued, expiresAt: 0 },
      {
        sha256: sha256(token),
        installationId: 42,
        permissions: { contents: "read", metadata: "read" },
        repositories: ["octo-org/api"],
        expiresAt: 0,
        revoked: false,
      },
    );
  });

  test("what is left out or empty means everything, as at GitHub", async () => {
    for (const body of [undefined, {}, { repositories: [], permissions: {} }]) {
      const reply = await call("POST", MINT, jwt, body);
      assert.deepEqual(reply.body["permissions"], { contents: "write", issues: "read", metadata: "read" });
      assert.equal((reply.body["repositories"] as unknown[]).length, 2);
    }
    const all = await call("POST", "/app/installations/43/access_tokens", jwt, {});
    assert.deepEqual([all.body["repository_selection"], all.body["repositories"]], ["all", undefined]);
  });

  const refusals: readonly (readonly [string, unknown, number, string])[] = [
    ["a repository that is not installed", { repositories: ["api", "secret"] }, 422, TEXT.repositories],
    ["a name with its owner", { repositories: ["octo-org/api"] }, 422, TEXT.repositories],
    ["an unknown id", { repository_ids: [1, 99] }, 422, TEXT.repositories],
    ["a permission not granted", { permissions: { actions: "read" } }, 422, TEXT.permissions],
    ["a level above the granted one", { permissions: { issues: "write" } }, 422, TEXT.permissions],
    ["writing metadata", { permissions: { metadata: "write" } }, 422, TEXT.permissions],
    ["an unknown level", { permissions: { contents: "own" } }, 422, TEXT.badRequest],
    ["501 ids", { repository_ids: Array<number>(501).fill(1) }, 422, TEXT.badRequest],
    ["a list of numbers for names", { repositories: [1] }, 422, TEXT.badRequest],
    ["no JSON", "{", 400, TEXT.badJson],
  ];
  for (const [what, body, status, message] of refusals) {
    test(`a mint that asks for ${what} is told ${status}`, async () => {
      const before = github.issuedTokens().length;
      const refused = await call("POST", MINT, jwt, body);
      assert.deepEqual([refused.status, refused.body["message"]], [status, message]);
      assert.equal(github.issuedTokens().length, before);
      assert.equal(github.calls[0]?.result, message);
    });
  }

  test("both forms of token work, by setting and by header", async () => {
    const modern = /^ghs_7_[\w-]+\.[\w-]+\.[\w-]+$/;
    github.tokenForm = "jwt";
    const long = await mint();
    const short = await mint({}, { headers: { "x-github-stateless-s2s-token": "disabled" } });
    github.tokenForm = "classic";
    assert.match(long, modern);
    assert.ok(Math.abs(long.length - 520) < 20, `${long.length} characters`);
    assert.match(short, /^ghs_[0-9A-Za-z]{36}$/);
    assert.match(await mint({}, { headers: { "x-github-stateless-s2s-token": "enabled" } }), modern);
    assert.equal((await call("GET", "/installation/repositories", long)).status, 200);
    assert.equal(github.calls.at(-1)?.authorization, "token");
  });

  test("a token lists its own repositories, and none once it is taken back", async () => {
    const token = await mint({ repository_ids: [2] });
    const { body } = await call("GET", "/installation/repositories", token);
    assert.equal(body["total_count"], 1);
    assert.deepEqual(
      (body["repositories"] as { name: string }[]).map(({ name }) => name),
      ["web"],
    );
    assert.ok(github.liveTokens().some((one) => one.sha256 === sha256(token)));
    assert.equal((await call("DELETE", "/installation/token", token)).status, 204);
    assert.equal(
      github.liveTokens().some((one) => one.sha256 === sha256(token)),
      false,
    );
    assert.equal((await call("DELETE", "/installation/token", token)).status, 401);
    assert.equal((await call("GET", "/installation/repositories", token)).status, 401);
    assert.equal((await call("DELETE", "/installation/token")).status, 401);
  });

  test("a token dies after its hour", async () => {
    const token = await mint();
    github.clockOffsetMs = 3_600_001;
    const late = await call("GET", "/installation/repositories", token);
    github.clockOffsetMs = 0;
    assert.equal(late.status, 401);
    assert.equal((await call("GET", "/installation/repositories", token)).status, 200);
  });

  test("a clock ahead of ours shows in the Date header, and ends a JWT before its time", async () => {
    github.clockOffsetMs = 400_000;
    const late = await call("GET", "/app", jwt);
    github.clockOffsetMs = -400_000;
    const early = await call("GET", "/app", jwt);
    github.clockOffsetMs = 0;
    assert.deepEqual([late.status, late.body["message"]], [401, TEXT.expired]);
    assert.ok(Math.abs(Date.parse(late.headers.get("date") ?? "") - Date.now() - 400_000) < 60_000);
    assert.deepEqual([early.status, early.body["message"]], [401, TEXT.tooFar]);
  });

  test("an account is found by its name without a JWT, and so is the App's own", async () => {
    const bot = await call("GET", "/users/claw%5Bbot%5D");
    assert.deepEqual(bot.body, { login: "claw[bot]", id: 200_000_007, type: "Bot" });
    assert.equal((await call("GET", "/users/mona")).body["type"], "User");
    assert.equal((await call("GET", "/users/nobody")).status, 404);
  });

  test("every call is on record, with the hash of its credential in place of the credential", async () => {
    const token = await mint({ repositories: ["api"] });
    await call("GET", `/nowhere?a=1`, token, undefined);
    const [first, second] = github.calls;
    assert.deepEqual(
      [first?.method, first?.path, first?.authorization, first?.sha256, first?.body, first?.status, first?.result],
      ["POST", MINT, "jwt", sha256(jwt), { repositories: ["api"] }, 201, "minted"],
    );
    assert.deepEqual(
      [second?.path, second?.query, second?.authorization, second?.sha256, second?.status, second?.result],
      ["/nowhere", "a=1", "token", sha256(token), 404, TEXT.notFound],
    );
    await call("POST", "/nowhere", undefined, { token });
    const records = JSON.stringify([...github.calls, github.issuedTokens()]);
    assert.deepEqual([records.includes(token), records.includes(jwt)], [false, false]);
  });

  test("a stop and a start keep port and tokens", async () => {
    const { url } = github;
    const token = await mint();
    await github.stop();
    await assert.rejects(fetch(`${url}/app`));
    await github.start();
    assert.equal(github.url, url);
    assert.equal((await call("DELETE", "/installation/token", token)).status, 204);
  });
});
