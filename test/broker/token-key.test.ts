import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import type { Level } from "../../src/broker/permissions.ts";
import { tokenKey, type KeyParts } from "../../src/broker/token-key.ts";

function key(
  change: Partial<KeyParts> = {},
  repositories: readonly string[] | "all" = ["api"],
  permissions: readonly [string, Level][] = [["contents", "read"]],
): string {
  const scope = { repositories, permissions: new Map(permissions), pins: new Map<string, number>() };
  return tokenKey({
    appId: "77",
    apiUrl: "https://api.github.com",
    client: "agent",
    installationId: 1,
    policyDigest: "d",
    scope,
    ...change,
  });
}

test("order, case and repetition make no difference", () => {
  assert.equal(
    key(
      {},
      ["Web", "api", "API"],
      [
        ["issues", "read"],
        ["contents", "write"],
      ],
    ),
    key(
      {},
      ["api", "web"],
      [
        ["contents", "write"],
        ["issues", "read"],
      ],
    ),
  );
});

const apart: [title: string, a: string, b: string][] = [
  ["levels", key({}, ["api"], [["contents", "read"]]), key({}, ["api"], [["contents", "write"]])],
  ["write and admin", key({}, ["api"], [["contents", "write"]]), key({}, ["api"], [["contents", "admin"]])],
  ["a repository more", key({}, ["api"]), key({}, ["api", "web"])],
  ["all and one called all", key({}, "all"), key({}, ["all"])],
  [
    "a repository called contents and the permission",
    key({}, ["contents"], [["issues", "read"]]),
    key({}, ["issues"], [["contents", "read"]]),
  ],
  ["a comma in a name and two names", key({}, ["a,b"]), key({}, ["a", "b"])],
  ["installations", key({ installationId: 1 }), key({ installationId: 2 })],
  [
    "an installation's id and a repository of that name",
    key({ installationId: 7 }, ["1"]),
    key({ installationId: 1 }, ["7"]),
  ],
  ["clients", key({ client: "agent" }), key({ client: "second" })],
  ["Apps", key({ appId: "77" }), key({ appId: "78" })],
  ["GitHubs", key({ apiUrl: "https://api.github.com" }), key({ apiUrl: "https://git.corp/api/v3" })],
  ["policies", key({ policyDigest: "d" }), key({ policyDigest: "e" })],
];
for (const [title, a, b] of apart) {
  test(`keys differ by ${title}`, () => {
    assert.notEqual(a, b);
  });
}

test("two scopes share a key only if they are the same", () => {
  const names = fc.uniqueArray(fc.constantFrom("a", "b", "7", "contents", "a,b", "all"), {
    minLength: 1,
    maxLength: 4,
  });
  const permissions = fc.uniqueArray(
    fc.tuple(fc.constantFrom("contents", "issues", "pages"), fc.constantFrom<Level>("read", "write", "admin")),
    { minLength: 1, selector: ([name]) => name },
  );
  const canon = (repositories: string[], pairs: [string, Level][]) =>
    JSON.stringify([[...repositories].sort(), pairs.map((pair) => pair.join(":")).sort()]);
  fc.assert(
    fc.property(names, permissions, names, permissions, (n1, p1, n2, p2) => {
      assert.equal(key({}, n1, p1) === key({}, n2, p2), canon(n1, p1) === canon(n2, p2));
    }),
    { numRuns: 2000 },
  );
});
