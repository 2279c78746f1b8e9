import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, describe, test } from "node:test";
import { faults } from "../../../src/sandbox/github/faults.ts";
import type { Fault } from "../../../src/sandbox/github/faults.ts";
import { GitHubSandbox } from "../../../src/sandbox/github/github.ts";
import { TEXT } from "../../../src/sandbox/github/texts.ts";
import { call } from "./client.ts";
import type { Reply } from "./client.ts";
import { makeJwt } from "./jwt-maker.ts";

const github = new GitHubSandbox({ appId: 7 });
const bearer = makeJwt(github.addKey());
const MINT = "/app/installations/42/access_tokens";
const names = (reply: Reply): string[] => (reply.body["repositories"] as { name: string }[]).map(({ name }) => name);

function mint(): Promise<Reply> {
  return call(github, "POST", MINT, { bearer, body: { repositories: ["api"], permissions: { contents: "read" } } });
}

/** Orders the fault for the next mint and sends that. */
function minted(fault: Fault): Promise<Reply> {
  github.order({ match: MINT, fault });
  return mint();
}

describe("faults to order", () => {
  let issued = 0;

  before(async () => {
    await github.start();
    const repositories = ["api", "web", "ops"].map((name) => ({ name }));
    github.addInstallation({
      account: "acme",
      id: 42,
      repositories,
      permissions: { contents: "write", issues: "write" },
    });
  });
  after(() => github.stop());
  beforeEach(() => {
    issued = github.issuedTokens().length;
    github.calls.length = 0;
  });
  afterEach(() => {
    github.clearOrders();
  });
  const fresh = (): number => github.issuedTokens().length - issued;

  const statuses: readonly (readonly [string, Fault, number, string, Record<string, string>])[] = [
    ["the primary limit", faults.primaryLimit(9), 403, TEXT.primaryLimit, { "x-ratelimit-remaining": "0" }],
    ["the primary limit as 429", faults.primaryLimit(9, 429), 429, TEXT.primaryLimit, { "x-ratelimit-reset": "9" }],
    ["a secondary limit", faults.secondaryLimit(3), 403, TEXT.secondaryLimit, { "retry-after": "3" }],
    ["a clock too far ahead", faults.refused(401, TEXT.issuedAt), 401, TEXT.issuedAt, {}],
    ["too many repositories", faults.refused(422, TEXT.tooManyRepositories), 422, TEXT.tooManyRepositories, {}],
  ];
  for (const [what, fault, status, message, headers] of statuses) {
    test(`${what} is told as ${status}, and nothing is minted`, async () => {
      const reply = await minted(fault);
      assert.deepEqual([reply.status, reply.body["message"]], [status, message]);
      for (const [name, value] of Object.entries(headers)) assert.equal(reply.headers.get(name), value);
      assert.equal(fresh(), 0);
      assert.equal(github.calls[0]?.result, "fault: status");
      assert.equal((await mint()).status, 201);
    });
  }

  test("a secondary limit may come without Retry-After", async () => {
    assert.equal((await minted(faults.secondaryLimit())).headers.get("retry-after"), null);
  });

  test("a server that is down answers a page", async () => {
    const reply = await minted(faults.down(503));
    assert.deepEqual([reply.status, reply.headers.get("content-type")], [503, "text/html"]);
    assert.match(reply.text, /^<html>/);
  });

  for (const body of ["", {}, "<html>hello</html>"]) {
    test(`a 201 that brings ${JSON.stringify(body)} has minted a token all the same`, async () => {
      const reply = await minted(faults.hollow(body));
      assert.deepEqual([reply.status, reply.text], [201, typeof body === "string" ? body : "{}"]);
      assert.equal(fresh(), 1);
    });
  }

  test("a redirect names another place", async () => {
    const reply = await minted(faults.redirect("http://127.0.0.1:1/elsewhere", 308));
    assert.deepEqual([reply.status, reply.headers.get("location")], [308, "http://127.0.0.1:1/elsewhere"]);
  });

  for (const [when, tokens] of [
    ["before", 0],
    ["after", 1],
  ] as const) {
    test(`a connection cut ${when} the effect leaves ${tokens} tokens`, async () => {
      await assert.rejects(minted({ kind: "drop", when }), TypeError);
      assert.equal(fresh(), tokens);
      assert.deepEqual([github.calls[0]?.status, github.calls[0]?.result], [0, "fault: drop"]);
    });
  }

  for (const when of ["before", "after"] as const) {
    test(`a slow answer comes, with its pause ${when} the effect`, async () => {
      const from = performance.now();
      assert.equal((await minted({ kind: "delay", ms: 60, when })).status, 201);
      assert.ok(performance.now() - from >= 50);
    });
  }

  test("a client that leaves a slow or an endless answer is let go", async () => {
    for (const fault of [{ kind: "delay", ms: 1e9 }, { kind: "endless" }, { kind: "endless", silent: true }] as const) {
      github.order({ match: "/app", fault });
      await assert.rejects(call(github, "GET", "/app", { bearer, signal: AbortSignal.timeout(200) }), {
        name: "TimeoutError",
      });
    }
  });

  test("an endless answer has its headers and goes on", async () => {
    github.order({ fault: { kind: "endless" } });
    const leave = new AbortController();
    const response = await fetch(`${github.url}/app`, {
      headers: { authorization: `Bearer ${bearer}` },
      signal: leave.signal,
    });
    assert.equal(response.status, 200);
    const reader = response.body?.getReader();
    for (const _ of [1, 2]) assert.equal((await reader?.read())?.done, false);
    leave.abort();
  });

  test("a huge answer is as large as ordered", async () => {
    const reply = await minted({ kind: "huge", bytes: 3_000_000 });
    assert.ok(reply.text.length > 3_000_000);
    assert.equal(typeof reply.body["token"], "string");
  });

  test("a wider answer says more than was asked, and the token opens as much", async () => {
    const reply = await minted({
      kind: "wider",
      permissions: { contents: "write", issues: "read" },
      repositories: ["web"],
    });
    assert.deepEqual(reply.body["permissions"], { contents: "write", metadata: "read", issues: "read" });
    assert.deepEqual(names(reply), ["api", "web"]);
    assert.equal(reply.body["repository_selection"], "selected");
    const token = String(reply.body["token"]);
    assert.deepEqual(names(await call(github, "GET", "/installation/repositories", { bearer: token })), ["api", "web"]);
    assert.deepEqual(github.liveTokens().at(-1)?.permissions, reply.body["permissions"]);
  });

  test("an answer for all repositories opens all", async () => {
    const reply = await minted({ kind: "wider", selection: "all" });
    assert.equal(reply.body["repository_selection"], "all");
    assert.equal(github.liveTokens().at(-1)?.repositories.length, 3);
  });

  test("any member of an answer may be another, or missing", async () => {
    const reply = await minted({
      kind: "patch",
      fields: { expires_at: "1999-01-01T00:00:00Z", permissions: undefined },
    });
    assert.equal(reply.body["expires_at"], "1999-01-01T00:00:00Z");
    assert.equal("permissions" in reply.body, false);
    assert.equal(typeof reply.body["token"], "string");
  });

  test("an order strikes as often as it says, the calls it names, until it is lifted", async () => {
    const fault = faults.refused(500, "broken");
    github.order({ method: "GET", match: /^\/app$/, times: 2, fault });
    assert.equal((await mint()).status, 201);
    const app = async (): Promise<number> => (await call(github, "GET", "/app", { bearer })).status;
    assert.deepEqual([await app(), await app(), await app()], [500, 500, 200]);
    const lift = github.order({ match: ({ query }) => query.get("page") === "2", times: Infinity, fault });
    const page = async (n: number): Promise<number> =>
      (await call(github, "GET", `/app/installations?page=${n}`, { bearer })).status;
    assert.deepEqual([await page(2), await page(1), await page(2)], [500, 200, 500]);
    lift();
    assert.equal(await page(2), 200);
  });
});
