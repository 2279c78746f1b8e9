import assert from "node:assert/strict";
import { test } from "node:test";
import { matchesName } from "../../src/broker/glob.ts";

const cases: [pattern: string, name: string, matched: boolean][] = [
  ["api", "api", true],
  ["api", "API", true],
  ["API", "api", true],
  ["api", "api2", false],
  ["api", "my-api", false],
  ["svc-*", "svc-a", true],
  ["svc-*", "SVC-A", true],
  ["svc-*", "svc-", true],
  ["svc-*", "svc", false],
  ["*-docs", "a-docs", true],
  ["*-docs", "a-docs-old", false],
  ["a*b*c", "axxbyyc", true],
  ["a*b*c", "axxcyyb", false],
  ["a*b", "ab-b", true],
  ["v?", "v1", true],
  ["v?", "v12", false],
  ["v?", "v", false],
  ["*", "anything", true],
  ["*", ".github", false],
  [".*", ".github", false],
  [".githu?", ".github-private", false],
  [".git*", ".github-private", false],
  [".github", ".github", true],
  [".GitHub", ".github", true],
  ["a.c", "abc", false],
  ["", "a", false],
];
for (const [pattern, name, matched] of cases) {
  test(`'${pattern}' ${matched ? "stands" : "does not stand"} for ${name}`, () => {
    assert.equal(matchesName(pattern, name), matched);
  });
}

test("many stars against a long name take no time", () => {
  const started = performance.now();
  assert.equal(matchesName(`${"a*".repeat(49)}b`, "a".repeat(100)), false);
  assert.ok(performance.now() - started < 5_000);
});
