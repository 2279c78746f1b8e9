import assert from "node:assert/strict";
import { test } from "node:test";
import { checkMint } from "../../src/broker/mint-check.ts";
import type { Level } from "../../src/broker/permissions.ts";

const AT = Date.parse("2026-02-10T18:00:00Z");
const TOKEN = "ghs_16C7e42F292c6912E7710c838347Ae178B4a";
const honest = {
  token: TOKEN,
  expires_at: "2026-02-10T19:00:00Z",
  permissions: { contents: "write", metadata: "read" },
  repository_selection: "selected",
  repositories: [{ id: 5, name: "API", full_name: "Acme/API" }],
};
const permissions = new Map<string, Level>([["contents", "write"]]);
const scope = { repositories: ["api"], permissions, pins: new Map<string, number>() };
const check = (change: object, asked: Parameters<typeof checkMint>[1] = scope) =>
  checkMint({ ...honest, ...change }, asked, "acme", AT);

test("an honest reply is taken, whatever the case of its names", () => {
  const checked = check({});
  assert.equal(checked.status, "ok");
  assert.deepEqual(checked.status === "ok" && checked.granted, {
    token: TOKEN,
    expiresAt: "2026-02-10T19:00:00Z",
    lifeMs: 3_600_000,
    repositories: [{ name: "API", id: 5 }],
    permissions: { contents: "write", metadata: "read" },
    selection: "selected",
  });
});

test("less than asked is taken", () => {
  assert.equal(check({ permissions: { contents: "read" } }).status, "ok");
});

test("a token of any form is taken", () => {
  for (const token of ["v1.0123456789abcdef0123456789abcdef", `ghs_77_${"a.b-c_".repeat(80)}`])
    assert.equal(check({ token }).status, "ok");
});

const wider: [title: string, change: object][] = [
  ["a permission more", { permissions: { contents: "write", issues: "read" } }],
  ["a higher level", { permissions: { contents: "admin" } }],
  ["a level nobody knows", { permissions: { contents: "owner" } }],
  ["metadata to write", { permissions: { contents: "write", metadata: "write" } }],
  ["all repositories", { repository_selection: "all" }],
  ["a repository more", { repositories: [...honest.repositories, { id: 6, name: "web", full_name: "acme/web" }] }],
  ["another repository", { repositories: [{ id: 6, name: "web", full_name: "acme/web" }] }],
];
for (const [title, change] of wider) {
  test(`too wide, and its token is told for revoking: ${title}`, () => {
    const checked = check(change);
    assert.deepEqual([checked.status, checked.status !== "ok" && checked.token], ["wider", TOKEN]);
  });
}

test("another repository under a pinned name is too wide", () => {
  assert.equal(check({}, { ...scope, pins: new Map([["api", 5]]) }).status, "ok");
  assert.equal(check({}, { ...scope, pins: new Map([["api", 6]]) }).status, "wider");
  assert.equal(
    check({ repositories: [{ name: "api", full_name: "acme/api" }] }, { ...scope, pins: new Map([["api", 6]]) }).status,
    "wider",
  );
});

test("repositories of another account are a sign that it was renamed", () => {
  assert.equal(check({ repositories: [{ id: 5, name: "api", full_name: "globex/api" }] }).status, "moved");
});

const invalid: [title: string, body: unknown][] = [
  ["nothing", undefined],
  ["an empty object", {}],
  ["a list", []],
  ["a text", "<html>"],
  ["no token", { ...honest, token: undefined }],
  ["an empty token", { ...honest, token: "" }],
  ["a token with a line feed", { ...honest, token: `${TOKEN}\nx` }],
  ["no expiry", { ...honest, expires_at: undefined }],
  ["a strange expiry", { ...honest, expires_at: "tomorrow" }],
  ["an expiry that is past", { ...honest, expires_at: "2026-02-10T17:00:00Z" }],
  ["an expiry in less than a minute", { ...honest, expires_at: "2026-02-10T18:00:59Z" }],
  ["an expiry in a year", { ...honest, expires_at: "2027-02-10T18:00:00Z" }],
  ["no permissions", { ...honest, permissions: undefined }],
  ["no selection", { ...honest, repository_selection: undefined }],
  ["no repositories", { ...honest, repositories: undefined }],
  ["a repository missing", { ...honest, repositories: [] }],
];
for (const [title, body] of invalid) {
  test(`makes no sense: ${title}`, () => {
    assert.equal(checkMint(body, scope, "acme", AT).status, "invalid");
  });
}

test("the token of a reply without sense is told for revoking", () => {
  const checked = check({ permissions: undefined });
  assert.equal(checked.status !== "ok" && checked.token, TOKEN);
});

test("where all repositories were asked for, all are taken", () => {
  const all = { ...scope, repositories: "all" as const };
  assert.equal(check({ repository_selection: "all", repositories: undefined }, all).status, "ok");
  assert.equal(check({ permissions: { contents: "write", pages: "write" } }, all).status, "wider");
});
