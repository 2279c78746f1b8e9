import assert from "node:assert/strict";
import { test } from "node:test";
import { readBrokerConfig, webHostOf } from "../../src/broker/config.ts";
import { ConfigError } from "../../src/core/errors.ts";
import { OTHER_SECRET, SECRET } from "./support.ts";

test("everything has a default", () => {
  const config = readBrokerConfig({ GITHUB_APP_ID: "", BROKER_SECRET: "", BROKER_POLICY_FILE: "" });
  assert.deepEqual(
    [
      config.appId,
      config.keyFiles,
      config.apiUrl,
      config.webHost,
      config.policy,
      config.secrets,
      config.host,
      config.port,
      config.logLevel,
    ],
    [
      undefined,
      ["/secrets/github-app.pem"],
      "https://api.github.com",
      "github.com",
      { path: "/secrets/policy.yaml", required: false },
      [],
      "127.0.0.1",
      3000,
      "info",
    ],
  );
  for (const host of ["broker", "localhost", "127.0.0.1", "[::1]"]) assert.ok(config.hosts.has(host), host);
});

test("two keys, two secrets and more hosts are read", () => {
  const config = readBrokerConfig({
    GITHUB_APP_PRIVATE_KEY_FILE: "/a.pem, /b.pem",
    BROKER_SECRET: `${SECRET}\n${OTHER_SECRET}\n`,
    BROKER_ALLOWED_HOSTS: "Tokens.corp:3000, other",
    GITHUB_APP_ID: "Iv23liAbCdEfGh",
  });
  assert.deepEqual(config.keyFiles, ["/a.pem", "/b.pem"]);
  assert.deepEqual(
    config.secrets.map((secret) => secret.reveal()),
    [SECRET, OTHER_SECRET],
  );
  assert.ok(config.hosts.has("tokens.corp") && config.hosts.has("other"));
});

const bad: [variable: string, value: string][] = [
  ["GITHUB_APP_ID", "my-app"],
  ["GITHUB_APP_ID", "0"],
  ["GITHUB_APP_PRIVATE_KEY_FILE", "/a,/b,/c"],
  ["GITHUB_APP_PRIVATE_KEY_FILE", "-----BEGIN RSA PRIVATE KEY-----"],
  ["GITHUB_API_URL", "github.com"],
  ["GITHUB_API_URL", "ftp://api.github.com"],
  ["GITHUB_API_URL", "http://api.github.com"],
  ["GITHUB_API_URL", "https://user@api.github.com"],
  ["GITHUB_API_URL", "https://api.github.com?x"],
  ["BROKER_SECRET", "changeme"],
  ["BROKER_SECRET", "a".repeat(40)],
  ["BROKER_SECRET", `${SECRET} x`],
  ["BROKER_SECRET", `${SECRET}"`],
  ["BROKER_SECRET", `${SECRET}\nshort`],
  ["BROKER_SECRET", `${SECRET}\n${OTHER_SECRET}\n${SECRET}x`],
  ["BROKER_HOST", "a b"],
  ["BROKER_PORT", "80000"],
  ["BROKER_PORT", "http"],
  ["BROKER_ALLOWED_HOSTS", "a b"],
  ["LOG_LEVEL", "loud"],
];
for (const [variable, value] of bad) {
  test(`${variable} is refused by name, never by value: ${value.slice(0, 30)}`, () => {
    assert.throws(
      () => readBrokerConfig({ [variable]: value }),
      (error) =>
        error instanceof ConfigError &&
        error.details["variable"] === variable &&
        (value.length < 4 || !error.message.includes(value)),
    );
  });
}

test("plain http is taken where nobody listens in", () => {
  for (const url of ["http://127.0.0.1:9", "http://localhost:9", "http://github-sandbox:9", "http://[::1]:9"]) {
    assert.equal(readBrokerConfig({ GITHUB_API_URL: `${url}/` }).apiUrl, url);
  }
});

test("the site is known by its API", () => {
  assert.equal(webHostOf("https://api.github.com"), "github.com");
  assert.equal(webHostOf("https://api.corp.ghe.com"), "corp.ghe.com");
  assert.equal(webHostOf("https://git.corp.example/api/v3"), "git.corp.example");
  assert.equal(webHostOf("https://localhost:8443"), "localhost:8443");
  assert.equal(webHostOf("https://api.github.com.evil.example"), "api.github.com.evil.example");
});
