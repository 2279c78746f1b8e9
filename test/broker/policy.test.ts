import assert from "node:assert/strict";
import { test } from "node:test";
import { builtInPolicy, readPolicy } from "../../src/broker/policy-file.ts";
import { decide, type Ask, type Decision, type Policy, type Purpose } from "../../src/broker/policy.ts";
import type { Level } from "../../src/broker/permissions.ts";

const DIGEST = "0".repeat(64);

function policy(grants: string, more = ""): Policy {
  const text = `version: 1\n${more}\nclients:\n  - {id: agent, secret_sha256: ["${DIGEST}"], grants: [${grants}]}\n`;
  const reading = readPolicy(text);
  assert.equal(reading.status, "ok", JSON.stringify(reading));
  return reading.status === "ok" ? reading.policy : assert.fail();
}

const API = "{owner: acme, repositories: [api], permissions: {contents: write, issues: read}}";
const WEB = "{owner: acme, repositories: [web, 'svc-*'], permissions: {contents: read, pull_requests: write}}";
const OTHER = "{owner: globex, installation_id: 9, repositories: [api], permissions: {contents: read}}";
const two = policy([API, WEB, OTHER].join(", "));

function asked(ask: Omit<Ask, "permissions"> & { permissions?: Record<string, Level> }): Ask {
  const { permissions, ...rest } = ask;
  return permissions === undefined ? rest : { ...rest, permissions: new Map(Object.entries(permissions)) };
}

function decided(ask: Parameters<typeof asked>[0], under = two, purpose: Purpose = "api", client = "agent"): Decision {
  return decide(under, client, asked(ask), purpose);
}

const table: [title: string, ask: Parameters<typeof asked>[0], status: Decision["status"]][] = [
  [
    "what a grant covers is allowed",
    { owner: "acme", repositories: ["api"], permissions: { contents: "write" } },
    "allowed",
  ],
  [
    "less than granted is allowed",
    { owner: "acme", repositories: ["api"], permissions: { contents: "read" } },
    "allowed",
  ],
  ["case makes no difference", { owner: "ACME", repositories: ["Api"], permissions: { contents: "write" } }, "allowed"],
  [
    "metadata can always be read",
    { owner: "acme", repositories: ["api"], permissions: { metadata: "read" } },
    "allowed",
  ],
  [
    "metadata cannot be written by itself",
    { owner: "acme", repositories: ["api"], permissions: { metadata: "write" } },
    "denied",
  ],
  [
    "a permission that no grant has is denied",
    { owner: "acme", repositories: ["api"], permissions: { actions: "read" } },
    "denied",
  ],
  [
    "a level above the grant is denied",
    { owner: "acme", repositories: ["api"], permissions: { issues: "write" } },
    "denied",
  ],
  ["admin is denied", { owner: "acme", repositories: ["api"], permissions: { contents: "admin" } }, "denied"],
  [
    "a repository that no grant has is denied",
    { owner: "acme", repositories: ["secret"], permissions: { contents: "read" } },
    "denied",
  ],
  [
    "one denied repository denies all",
    { owner: "acme", repositories: ["api", "secret"], permissions: { contents: "read" } },
    "denied",
  ],
  [
    "a pattern covers what it stands for",
    { owner: "acme", repositories: ["svc-a"], permissions: { pull_requests: "write" } },
    "allowed",
  ],
  [
    "a pair may rest on two grants",
    { owner: "acme", repositories: ["api", "web"], permissions: { contents: "read" } },
    "allowed",
  ],
  [
    "the union of two grants is not enough",
    { owner: "acme", repositories: ["api", "web"], permissions: { contents: "write" } },
    "denied",
  ],
  [
    "nor are permissions of different repositories",
    { owner: "acme", repositories: ["api", "web"], permissions: { issues: "read", pull_requests: "write" } },
    "denied",
  ],
  [
    "a grant on another owner counts for nothing",
    { owner: "globex", repositories: ["api"], permissions: { contents: "write" } },
    "denied",
  ],
  [
    "an unknown owner is denied",
    { owner: "nobody", repositories: ["api"], permissions: { contents: "read" } },
    "denied",
  ],
  ["repositories left out are refused", { owner: "acme", permissions: { contents: "read" } }, "invalid"],
  ["repositories left out by id are refused", { installationId: 9, permissions: { contents: "read" } }, "invalid"],
  ["an id without a pin is denied", { owner: "acme", repositoryIds: [7], permissions: { contents: "read" } }, "denied"],
  [
    "a pinned installation is found by its id",
    { installationId: 9, repositories: ["api"], permissions: { contents: "read" } },
    "allowed",
  ],
  [
    "a pinned installation gives no more by its id",
    { installationId: 9, repositories: ["api"], permissions: { contents: "write" } },
    "denied",
  ],
  [
    "an owner with another's id is refused",
    { owner: "globex", installationId: 8, repositories: ["api"], permissions: { contents: "read" } },
    "invalid",
  ],
  [
    "more repositories than fit are refused",
    { owner: "acme", repositories: Array.from({ length: 11 }, (_, n) => `svc-${n}`) },
    "invalid",
  ],
];
for (const [title, ask, status] of table) {
  test(title, () => {
    assert.equal(decided(ask).status, status);
  });
}

test("a denial names the pairs and what would be allowed", () => {
  const decision = decided({
    owner: "acme",
    repositories: ["api", "nope"],
    permissions: { contents: "write", issues: "write" },
  });
  assert.deepEqual(decision, {
    status: "denied",
    denied: [
      { repository: "api", permission: "issues", requested: "write", max: "read" },
      { repository: "nope", permission: "contents", requested: "write", max: "none" },
      { repository: "nope", permission: "issues", requested: "write", max: "none" },
    ],
  });
});

test("a repository that does not exist and a forbidden one look alike", () => {
  const of = (name: string) => JSON.stringify(decided({ owner: "acme", repositories: [name] })).replaceAll(name, "X");
  assert.equal(of("site"), of("no-such-thing"));
});

test("an unknown client is denied", () => {
  assert.equal(decided({ owner: "acme", repositories: ["api"] }, two, "api", "nobody").status, "denied");
  assert.equal(decided({ installationId: 9, repositories: ["api"] }, two, "api", "nobody").status, "denied");
});

function scopeOf(decision: Decision) {
  return decision.status === "allowed" ? decision.candidates[0]?.scope : undefined;
}

test("where no grant is, even a request for no permission is denied", () => {
  assert.deepEqual(decided({ owner: "nobody", repositories: ["api"], permissions: {} }), {
    status: "denied",
    denied: [],
  });
});

test("an allowed request is passed on as it was asked, each repository once", () => {
  const scope = scopeOf(
    decided({ owner: "acme", repositories: ["Api", "api", "web"], permissions: { contents: "read" } }),
  );
  assert.deepEqual(scope?.repositories, ["Api", "web"]);
  assert.deepEqual([...(scope?.permissions ?? [])], [["contents", "read"]]);
});

test("an id that no grant pins may be that of any allowed account without one", () => {
  const decision = decided({ installationId: 5, repositories: ["api"], permissions: { contents: "read" } });
  assert.equal(decision.status, "allowed");
  assert.deepEqual(decision.status === "allowed" && decision.candidates.map((one) => [one.owner, one.pinnedId]), [
    ["acme", undefined],
  ]);
});

test("a pinned installation is told from one to be looked up", () => {
  const decision = decided({ owner: "globex", repositories: ["api"], permissions: { contents: "read" } });
  assert.deepEqual(decision.status === "allowed" && decision.candidates.map((one) => one.pinnedId), [9]);
});

test("without permissions the first grant that covers all repositories gives its defaults", () => {
  const under = policy(
    "{owner: acme, repositories: [api], permissions: {contents: write, issues: write}, default_permissions: {issues: read}, git_permissions: {contents: write}}",
  );
  const ask = { owner: "acme", repositories: ["api"] };
  assert.deepEqual([...(scopeOf(decided(ask, under))?.permissions ?? [])], [["issues", "read"]]);
  assert.deepEqual([...(scopeOf(decided(ask, under, "git"))?.permissions ?? [])], [["contents", "write"]]);
});

test("git gets the level of contents that the grant has", () => {
  const level = (repository: string) =>
    scopeOf(decided({ owner: "acme", repositories: [repository] }, two, "git"))?.permissions.get("contents");
  assert.equal(level("api"), "write");
  assert.equal(level("web"), "read");
});

test("defaults do not widen: repositories of two grants get contents: read", () => {
  assert.deepEqual(
    [...(scopeOf(decided({ owner: "acme", repositories: ["api", "web"] }))?.permissions ?? [])],
    [["contents", "read"]],
  );
});

test("a denied permission is denied whatever the grants say", () => {
  const under = policy(API, "deny: {permissions: [contents]}");
  assert.equal(
    decided({ owner: "acme", repositories: ["api"], permissions: { contents: "read" } }, under).status,
    "denied",
  );
  assert.equal(
    decided({ owner: "acme", repositories: ["api"], permissions: { issues: "read" } }, under).status,
    "allowed",
  );
});

test("a dangerous permission that was allowed by name is allowed", () => {
  const under = policy(
    "{owner: acme, repositories: [api], permissions: {workflows: write}, allow_dangerous: [workflows]}",
  );
  assert.equal(
    decided({ owner: "acme", repositories: ["api"], permissions: { workflows: "write" } }, under).status,
    "allowed",
  );
});

/** What the reader of policy files never lets through, put there by hand. */
function forged(permission: string, level: Level): Policy {
  const [client] = two.clients;
  const [grant] = client?.grants ?? [];
  assert.ok(client !== undefined && grant !== undefined);
  return { ...two, clients: [{ ...client, grants: [{ ...grant, permissions: new Map([[permission, level]]) }] }] };
}

test("the floor holds even against a policy that lifts it", () => {
  for (const [name, level] of [
    ["administration", "read"],
    ["contents", "admin"],
    ["secrets", "write"],
  ] as const) {
    const ask = { owner: "acme", repositories: ["api"], permissions: { [name]: level } };
    assert.equal(decided(ask, forged(name, level)).status, "denied", name);
  }
});

test("a dangerous write that was not allowed by name is denied even if granted", () => {
  const ask = { owner: "acme", repositories: ["api"], permissions: { workflows: "write" as const } };
  assert.equal(decided(ask, forged("workflows", "write")).status, "denied");
});

const pinned = policy(
  "{owner: acme, repositories: [api, web], repository_ids: {API: 501}, permissions: {contents: read}}",
);

test("a pinned id stands for its repository", () => {
  const scope = scopeOf(decided({ owner: "acme", repositoryIds: [501], permissions: { contents: "read" } }, pinned));
  assert.deepEqual(scope?.repositories, ["api"]);
  assert.equal(scope?.pins.get("api"), 501);
});

test("an id and a name that looks like it are two things", () => {
  const under = policy("{owner: acme, repositories: ['501'], permissions: {contents: read}}");
  assert.equal(
    decided({ owner: "acme", repositories: ["501"], permissions: { contents: "read" } }, under).status,
    "allowed",
  );
  assert.equal(
    decided({ owner: "acme", repositoryIds: [501], permissions: { contents: "read" } }, under).status,
    "denied",
  );
});

test("an id without pin is denied even where every name is allowed", () => {
  const under = policy("{owner: acme, repositories: ['*'], all_repositories: true, permissions: {contents: read}}");
  assert.equal(
    decided({ owner: "acme", repositoryIds: [501], permissions: { contents: "read" } }, under).status,
    "denied",
  );
});

test("repositories may be left out where the grant says so, for its permissions alone", () => {
  const under = policy(
    `{owner: acme, repositories: ['*'], all_repositories: true, permissions: {contents: read}}, ${API}`,
  );
  assert.equal(scopeOf(decided({ owner: "acme", permissions: { contents: "read" } }, under))?.repositories, "all");
  assert.deepEqual([...(scopeOf(decided({ owner: "acme" }, under))?.permissions ?? [])], [["contents", "read"]]);
  assert.equal(decided({ owner: "acme", permissions: { contents: "write" } }, under).status, "denied");
});

const builtIn = builtInPolicy([]);
const unruled: [title: string, ask: Parameters<typeof asked>[0], status: Decision["status"]][] = [
  [
    "contents may be written",
    { owner: "any", repositories: ["x"], permissions: { contents: "write", issues: "write", pull_requests: "write" } },
    "allowed",
  ],
  [
    "an installation's id will do",
    { installationId: 5, repositories: ["x"], permissions: { contents: "write" } },
    "allowed",
  ],
  ["actions may not even be read", { owner: "any", repositories: ["x"], permissions: { actions: "read" } }, "denied"],
  [
    "administration is denied",
    { owner: "any", repositories: ["x"], permissions: { administration: "read" } },
    "denied",
  ],
  ["repositories are always named", { owner: "any", permissions: { contents: "read" } }, "invalid"],
  ["ids are no names", { owner: "any", repositoryIds: [1], permissions: { contents: "read" } }, "denied"],
  [
    "the organisation's .github is left out",
    { owner: "any", repositories: [".github"], permissions: { contents: "read" } },
    "denied",
  ],
];
for (const [title, ask, status] of unruled) {
  test(`without a policy file ${title}`, () => {
    assert.equal(decided(ask, builtIn, "api", "default").status, status);
  });
}

test("without a policy file the defaults are reading, and for git writing", () => {
  const ask = { owner: "any", repositories: ["x"] };
  assert.deepEqual(
    [...(scopeOf(decided(ask, builtIn, "api", "default"))?.permissions ?? [])],
    [
      ["contents", "read"],
      ["metadata", "read"],
    ],
  );
  assert.deepEqual([...(scopeOf(decided(ask, builtIn, "git", "default"))?.permissions ?? [])], [["contents", "write"]]);
});
