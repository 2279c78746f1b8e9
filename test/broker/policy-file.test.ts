import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import { z } from "zod";
import { policyFileSchema, readPolicy } from "../../src/broker/policy-file.ts";
import { repositoryRoot } from "../support/root.ts";
import { OTHER_SECRET, policyText, sha256 } from "./support.ts";

function problems(text: string): string {
  const reading = readPolicy(text);
  return reading.status === "bad" ? reading.problems.join("\n") : "";
}

test("a policy is read whole", () => {
  const reading = readPolicy(
    policyText(
      "        installation_id: 12",
      "defaults: {max_repositories: 3, min_ttl_seconds: 90}\ndeny: {permissions: [pages]}",
    ),
  );
  assert.equal(reading.status, "ok");
  if (reading.status !== "ok") return;
  const { policy } = reading;
  assert.deepEqual([policy.maxRepositories, policy.minTtlSeconds, policy.source], [3, 90, "file"]);
  assert.deepEqual([...policy.denied], ["pages"]);
  assert.deepEqual(
    policy.clients.map((one) => one.id),
    ["agent", "second"],
  );
  assert.equal(policy.clients[0]?.grants[0]?.installationId, 12);
  assert.deepEqual(policy.clients[1]?.secretDigests[0]?.toString("hex"), sha256(OTHER_SECRET, "hex"));
  assert.deepEqual(policy.clients[1]?.limits, { mintsPerMinute: 30, mintsPerHour: 600 });
});

test("any change of the text is another policy", () => {
  const digest = (text: string) => {
    const reading = readPolicy(text);
    return reading.status === "ok" ? reading.policy.digest : "";
  };
  assert.notEqual(digest(policyText()), digest(policyText("", "deny: {permissions: [pages]}")));
});

const grant = (text: string): string => policyText(text);
const bad: [title: string, text: string, problem: RegExp][] = [
  ["an empty file", "", /the file/],
  ["no YAML", "version: 1\nclients: [", /line 2 is no YAML/],
  ["a key twice", "version: 1\nversion: 1\nclients: []", /line 2 is no YAML: duplicate key/],
  ["another version", policyText().replace("version: 1", "version: 2"), /version/],
  ["an unknown key", policyText("", "grants: []"), /grants/],
  ["an unknown key in a grant", grant("        repos: [x]"), /repos/],
  ["an admin level", grant("        git_permissions: {contents: admin}"), /git_permissions/],
  ["no client", "version: 1\nclients: []", /clients/],
  ["a pattern as owner", policyText().replace("owner: acme", "owner: 'ac*'"), /owner/],
  ["a secret in place of its digest", policyText().replace(sha256(OTHER_SECRET, "hex"), OTHER_SECRET), /secret_sha256/],
  [
    "two clients of one secret",
    policyText().replace(sha256(OTHER_SECRET, "hex"), sha256("test-secret-0123456789-abcdefghijklmnop", "hex")),
    /share a secret_sha256/,
  ],
  ["two clients of one id", policyText().replace("id: second", "id: agent"), /stands there twice/],
  ["a permission nobody knows", policyText().replace("issues: write", "isues: write"), /isues is no permission/],
  [
    "a permission of the floor",
    policyText().replace("issues: write", "administration: write"),
    /administration can never be allowed/,
  ],
  [
    "a permission of an organisation",
    policyText().replace("issues: write", "organization_hooks: read"),
    /organization_hooks can never be allowed/,
  ],
  [
    "a dangerous permission not named",
    policyText().replace("issues: write", "workflows: write"),
    /workflows: write needs allow_dangerous: \[workflows\]/,
  ],
  [
    "defaults above the permissions",
    grant("        default_permissions: {pull_requests: write}"),
    /default_permissions: pull_requests: write is more/,
  ],
  [
    "git permissions above the permissions",
    grant("        git_permissions: {actions: read}"),
    /git_permissions: actions: read is more/,
  ],
  ["all repositories by a star alone", policyText().replace('"w*"', '"*"'), /\* needs all_repositories: true/],
  ["all repositories by stars and marks", policyText().replace('"w*"', '"?*"'), /\* needs all_repositories: true/],
  ["an unknown denied permission", policyText("", "deny: {permissions: [nope]}"), /deny.permissions: nope/],
  [
    "aliases without end",
    `a: &a [1,1]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b]\nd: [*c,*c,*c,*c,*c,*c,*c]\n`,
    /aliases/,
  ],
  ["a file too large", `version: 1\n# ${"x".repeat(70_000)}`, /64 KiB/],
];
for (const [title, text, problem] of bad) {
  test(`refused with its place: ${title}`, () => {
    assert.match(problems(text), problem);
  });
}

test("an owner with two installations, and one installation of two owners, are refused", () => {
  const second = "      - {owner: ACME, installation_id: 13, repositories: [x], permissions: {contents: read}}";
  assert.match(problems(policyText(`        installation_id: 12\n${second}`)), /installation_id/);
  assert.match(
    problems(policyText(`        installation_id: 13\n${second.replace("ACME", "globex")}`)),
    /installation_id/,
  );
  assert.equal(problems(policyText(`        installation_id: 13\n${second}`)), "");
});

test("a repository with two ids is refused", () => {
  const second = "      - {owner: ACME, repository_ids: {API: 6}, repositories: [x], permissions: {contents: read}}";
  assert.match(problems(policyText(`        repository_ids: {api: 5}\n${second}`)), /repository_ids/);
  assert.equal(problems(policyText(`        repository_ids: {api: 6}\n${second}`)), "");
});

test("a name that GitHub has added can be declared, but never one of the floor", () => {
  const text = policyText("", "defaults: {extra_permissions: [artifacts, organization_new]}");
  assert.equal(problems(text.replace("issues: write", "artifacts: write")), "");
  assert.match(problems(text.replace("issues: write", "organization_new: read")), /can never be allowed/);
});

test("a problem never tells a value", () => {
  const secret = "hunter2-hunter2-hunter2-hunter2-hunter2";
  assert.ok(!problems(policyText().replace(sha256(OTHER_SECRET, "hex"), secret)).includes(secret));
  assert.ok(!problems(`version: 1\n${secret}`).includes(secret));
});

test("docs/policy.schema.json is the schema that policies are read by", async () => {
  const written = JSON.parse(await readFile(path.join(repositoryRoot, "docs", "policy.schema.json"), "utf8")) as object;
  assert.deepEqual(written, JSON.parse(JSON.stringify(z.toJSONSchema(policyFileSchema))));
});
