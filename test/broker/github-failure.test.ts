import assert from "node:assert/strict";
import { test } from "node:test";
import type { RawReply } from "../../src/broker/github-call.ts";
import { failureOf, isTransient, refusalOf, type FailureKind } from "../../src/broker/github-failure.ts";

const NOW = 1_760_000_000_000;
function reply(http: number, message: string, headers: Record<string, string> = {}): RawReply {
  return { status: "reply", http, headers, text: JSON.stringify({ message }) };
}

const table: [title: string, reply: RawReply, kind: FailureKind][] = [
  ["a bad JWT", reply(401, "A JSON web token could not be decoded"), "unauthorized"],
  ["a suspended installation", reply(403, "This installation has been suspended"), "suspended"],
  [
    "a primary limit",
    reply(403, "API rate limit exceeded for installation ID 1.", { "x-ratelimit-remaining": "0" }),
    "rate_limited",
  ],
  ["a secondary limit without any header", reply(403, "You have exceeded a secondary rate limit."), "rate_limited"],
  ["a 403 with Retry-After", reply(403, "Slow down, please", { "retry-after": "5" }), "rate_limited"],
  ["429", reply(429, "Too many"), "rate_limited"],
  [
    "a 403 of another kind",
    reply(403, "Resource not accessible by integration", { "x-ratelimit-remaining": "4999" }),
    "rejected",
  ],
  ["404", reply(404, "Not Found"), "gone"],
  [
    "a permission not granted",
    reply(422, "The permissions requested are not granted to this installation."),
    "permission_not_granted",
  ],
  [
    "a repository out of reach",
    reply(422, "There is at least one repository that does not exist or is not accessible to the parent installation."),
    "repository_not_accessible",
  ],
  ["too many repositories", reply(422, "Too many repositories for installation"), "too_many_repositories"],
  ["another 422", reply(422, "Invalid request."), "rejected"],
  ["500", reply(500, "Server Error"), "unavailable"],
  ["502 with a page", { status: "reply", http: 502, headers: {}, text: "<html>Unicorn!</html>" }, "unavailable"],
  ["a redirect", reply(301, "Moved Permanently"), "invalid"],
  ["a lost connection", { status: "lost", why: "network", detail: "ECONNRESET" }, "network"],
  ["silence", { status: "lost", why: "timeout", detail: "" }, "timeout"],
  ["a reply too large", { status: "lost", why: "too_large", detail: "" }, "invalid"],
];
for (const [title, given, kind] of table) {
  test(`${title} is ${kind}`, () => {
    assert.equal(failureOf(given, NOW)?.kind, kind);
  });
}

test("a success is no failure", () => {
  assert.equal(failureOf(reply(201, ""), NOW), undefined);
});

const pauses: [title: string, reply: RawReply, ms: number][] = [
  ["seconds", reply(403, "", { "retry-after": "7" }), 7000],
  ["a date", reply(429, "", { "retry-after": new Date(NOW + 9000).toUTCString() }), 9000],
  [
    "the limit's reset",
    reply(403, "", { "x-ratelimit-remaining": "0", "x-ratelimit-reset": String(NOW / 1000 + 30) }),
    30_000,
  ],
  ["nothing", reply(429, ""), 60_000],
  ["nonsense", reply(429, "", { "retry-after": "soon" }), 60_000],
  ["a reset in the past", reply(403, "", { "x-ratelimit-remaining": "0", "x-ratelimit-reset": "1" }), 60_000],
  ["more than a quarter of an hour", reply(429, "", { "retry-after": "86400" }), 900_000],
];
for (const [title, given, ms] of pauses) {
  test(`the pause that ${title} asks for`, () => {
    assert.equal(failureOf(given, NOW)?.retryAfterMs, ms);
  });
}

test("a refusal never holds GitHub's words", () => {
  for (const [, given] of table) {
    const failure = failureOf(given, NOW);
    assert.ok(failure !== undefined);
    const text = JSON.stringify(refusalOf(failure));
    assert.ok(failure.detail.length < 8 || !text.includes(failure.detail.slice(4)), text);
  }
});

test("what may pass by itself is told from what will not", () => {
  assert.ok(isTransient("network") && isTransient("unauthorized") && isTransient("invalid"));
  assert.ok(!isTransient("gone") && !isTransient("suspended") && !isTransient("rejected"));
});
