import assert from "node:assert/strict";
import { test } from "node:test";
import {
  PERMISSION_NAMES,
  higher,
  isDangerous,
  isNeverAllowed,
  permissionsText,
  reaches,
  type Level,
} from "../../src/broker/permissions.ts";

test("GitHub's 55 permissions are known", () => {
  assert.equal(PERMISSION_NAMES.size, 55);
});

const order: [held: Level | undefined, asked: Level, reached: boolean][] = [
  ["read", "read", true],
  ["read", "write", false],
  ["write", "read", true],
  ["write", "admin", false],
  ["admin", "write", true],
  [undefined, "read", false],
];
for (const [held, asked, reached] of order) {
  test(`${held ?? "nothing"} ${reached ? "reaches" : "does not reach"} ${asked}`, () => {
    assert.equal(reaches(held, asked), reached);
  });
}

test("of two levels the higher one counts", () => {
  assert.equal(higher("read", "write"), "write");
  assert.equal(higher("write", "read"), "write");
  assert.equal(higher(undefined, "read"), "read");
  assert.equal(higher(undefined, undefined), undefined);
});

const never =
  "administration members organization_administration organization_hooks organization_secrets organization_plan " +
  "enterprise_custom_properties_for_organizations custom_properties_for_organizations secrets dependabot_secrets " +
  "codespaces environments repository_hooks email_addresses followers git_ssh_keys gpg_keys interaction_limits profile starring";
for (const name of never.split(" ")) {
  test(`${name} is never allowed, not even to read`, () => {
    assert.ok(isNeverAllowed(name, "read"));
  });
}

test("the level admin is never allowed", () => {
  for (const name of PERMISSION_NAMES) assert.ok(isNeverAllowed(name, "admin"), name);
});

test("what the App is set up for is neither forbidden nor dangerous", () => {
  for (const name of ["contents", "pull_requests", "issues"]) {
    assert.equal(isNeverAllowed(name, "write"), false);
    assert.equal(isDangerous(name, "write"), false);
  }
});

test("writes that run code or forge checks are dangerous, reading them is not", () => {
  for (const name of "workflows actions checks statuses deployments pages packages attestations merge_queues security_events".split(
    " ",
  )) {
    assert.ok(isDangerous(name, "write"), name);
    assert.equal(isDangerous(name, "read"), false, name);
  }
});

test("the same permissions give the same text in any order", () => {
  const one = permissionsText(
    new Map([
      ["issues", "read"],
      ["contents", "write"],
    ]),
  );
  assert.equal(
    one,
    permissionsText(
      new Map([
        ["contents", "write"],
        ["issues", "read"],
      ]),
    ),
  );
  assert.equal(one, "contents:write,issues:read");
});
