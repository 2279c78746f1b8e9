import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { ConfigError } from "../../src/core/errors.ts";
import { readDashboardConfig } from "../../src/dashboard/config.ts";
import { tempDir } from "../support/temp-dir.ts";

test("an empty environment gives the documented defaults", () => {
  const config = readDashboardConfig({});
  assert.equal(config.host, "127.0.0.1");
  assert.equal(config.port, 3100);
  assert.deepEqual(config.allowedHosts, ["localhost", "127.0.0.1", "[::1]"]);
  assert.equal(config.token, undefined);
  assert.equal(config.access, undefined);
  assert.match(config.procRoot, /^(\/host)?\/proc$/);
});

test("hosts are taken in lower case, with and without ports", () => {
  const { allowedHosts } = readDashboardConfig({ DASHBOARD_ALLOWED_HOSTS: "Bots.Example.com, localhost:3100,[::1]:8" });
  assert.deepEqual(allowedHosts, ["bots.example.com", "localhost:3100", "[::1]:8"]);
});

for (const [team, issuer] of [
  ["acme", "https://acme.cloudflareaccess.com"],
  ["acme.cloudflareaccess.com", "https://acme.cloudflareaccess.com"],
  ["https://acme.cloudflareaccess.com/", "https://acme.cloudflareaccess.com"],
  ["http://127.0.0.1:4000", "http://127.0.0.1:4000"],
] as const) {
  test(`the team ${team} issues as ${issuer}`, () => {
    const { access } = readDashboardConfig({ CF_ACCESS_TEAM_DOMAIN: team, CF_ACCESS_AUD: "a1b2" });
    assert.deepEqual(access, { issuer, audience: "a1b2" });
  });
}

for (const [variable, environment] of [
  ["DASHBOARD_PORT", { DASHBOARD_PORT: "65536" }],
  ["DASHBOARD_PORT", { DASHBOARD_PORT: "31OO" }],
  ["DASHBOARD_HOST", { DASHBOARD_HOST: "not an address" }],
  ["DASHBOARD_ALLOWED_HOSTS", { DASHBOARD_ALLOWED_HOSTS: "*" }],
  ["DASHBOARD_ALLOWED_HOSTS", { DASHBOARD_ALLOWED_HOSTS: " , " }],
  ["DASHBOARD_ALLOWED_HOSTS", { DASHBOARD_ALLOWED_HOSTS: "https://example.com" }],
  ["DASHBOARD_TOKEN", { DASHBOARD_TOKEN: "short" }],
  ["DASHBOARD_TOKEN", { DASHBOARD_TOKEN: "long enough, but with spaces" }],
  ["CF_ACCESS_AUD", { CF_ACCESS_TEAM_DOMAIN: "acme" }],
  ["CF_ACCESS_TEAM_DOMAIN", { CF_ACCESS_AUD: "a1b2" }],
  ["CF_ACCESS_TEAM_DOMAIN", { CF_ACCESS_AUD: "a1b2", CF_ACCESS_TEAM_DOMAIN: "http://acme.cloudflareaccess.com" }],
  ["CF_ACCESS_TEAM_DOMAIN", { CF_ACCESS_AUD: "a1b2", CF_ACCESS_TEAM_DOMAIN: "https://acme.example.com/path" }],
  ["CF_ACCESS_AUD", { CF_ACCESS_AUD: "a b", CF_ACCESS_TEAM_DOMAIN: "acme" }],
  ["LOG_LEVEL", { LOG_LEVEL: "loud" }],
] as const) {
  test(`${JSON.stringify(environment)} is refused, naming ${variable} and not the value`, () => {
    assert.throws(
      () => readDashboardConfig(environment),
      (error: unknown) => {
        assert.ok(error instanceof ConfigError);
        assert.ok(error.message.startsWith(`${variable} `), error.message);
        assert.ok(!error.message.includes("long enough"));
        return true;
      },
    );
  });
}

test("the token is also read from a file", async (t) => {
  const path = join(await tempDir(t), "token");
  await writeFile(path, "0123456789abcdef0123\n");
  assert.equal(readDashboardConfig({ DASHBOARD_TOKEN_FILE: path }).token?.reveal(), "0123456789abcdef0123");
});
