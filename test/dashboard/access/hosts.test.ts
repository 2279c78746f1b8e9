import assert from "node:assert/strict";
import { test } from "node:test";
import { isAllowedHost, isAllowedOrigin } from "../../../src/dashboard/access/hosts.ts";

const DEFAULT = ["localhost", "127.0.0.1", "[::1]"];
const PUBLIC = [...DEFAULT, "bots.example.com", "other.example.com:8443"];

for (const [host, expected] of [
  ["localhost:3100", true],
  ["LocalHost", true],
  ["127.0.0.1:9", true],
  ["[::1]:3100", true],
  ["bots.example.com", true],
  ["bots.example.com:443", true],
  ["other.example.com:8443", true],
  ["other.example.com", false],
  ["other.example.com:8444", false],
  ["example.com", false],
  ["evil-localhost", false],
  ["localhost.evil.example", false],
  ["localhost@evil.example", false],
  ["localhost:3100:1", false],
  ["bots.example.com.", false],
  ["", false],
  [undefined, false],
] as const) {
  test(`the host ${host ?? "that is missing"} is ${expected ? "ours" : "foreign"}`, () => {
    assert.equal(isAllowedHost(host, PUBLIC), expected);
  });
}

for (const [origin, host, expected] of [
  ["http://localhost:3100", "localhost:3100", true],
  ["http://127.0.0.1:3100", "localhost:3100", true],
  ["https://bots.example.com", "bots.example.com", true],
  // A tunnel may ask us under another name than the page has.
  ["https://bots.example.com", "localhost:3100", true],
  ["https://other.example.com:8443", "localhost:3100", true],
  ["http://localhost:8080", "localhost:3100", false],
  ["http://localhost", "localhost:3100", false],
  ["https://bots.example.com:8443", "bots.example.com", false],
  ["https://other.example.com", "localhost:3100", false],
  ["https://evil.example", "localhost:3100", false],
  ["null", "localhost:3100", false],
  ["", "localhost:3100", false],
  ["http://localhost:3100/path", "localhost:3100", false],
  ["http://user@localhost:3100", "localhost:3100", false],
  ["ftp://localhost:3100", "localhost:3100", false],
  ["file://", "localhost:3100", false],
] as const) {
  test(`a page of ${origin || "no origin"} ${expected ? "may" : "may not"} ask ${host}`, () => {
    assert.equal(isAllowedOrigin(origin, host, PUBLIC), expected);
  });
}
