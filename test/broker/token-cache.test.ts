import assert from "node:assert/strict";
import { test } from "node:test";
import { TokenCache, hashOf, leftMs, type HeldToken } from "../../src/broker/token-cache.ts";

function held(token: string, more: Partial<HeldToken> = {}): HeldToken {
  return {
    token,
    sha256: hashOf(token),
    client: "agent",
    owner: "acme",
    installationId: 1,
    expiresAt: "2030-01-01T00:00:00Z",
    expiresAtMs: Date.parse("2030-01-01T00:00:00Z"),
    expiresMono: 3_600_000,
    repositories: [{ name: "api", id: 501 }],
    permissions: { contents: "read" },
    selection: "selected",
    ...more,
  };
}

const END = Date.parse("2030-01-01T00:00:00Z");
const lives: [title: string, monotonic: number, githubNow: number, left: number][] = [
  ["as long as both clocks say", 600_000, END - 3_000_000, 3_000_000],
  ["no longer than GitHub's clock says, when the machine slept", 0, END - 5000, 5000],
  ["not at all after GitHub's end", 0, END + 1, -1],
  ["no longer than the monotonic clock says, when the wall clock was set back", 3_599_000, END - 3_600_000, 1000],
];
for (const [title, monotonic, githubNow, left] of lives) {
  test(`a token lives ${title}`, () => {
    assert.equal(leftMs(held("a"), monotonic, githubNow), left);
  });
}

test("of more than a thousand tokens the least recently used goes", () => {
  const cache = new TokenCache();
  for (let n = 0; n < 1000; n += 1) cache.set(String(n), held(String(n)));
  assert.equal(cache.get("0")?.token, "0");
  cache.set("more", held("more"));
  assert.deepEqual([cache.size, cache.get("0")?.token, cache.get("1")], [1000, "0", undefined]);
});

test("a token is evicted by its hash, by its own client or by whoever holds it", () => {
  const cache = new TokenCache();
  cache.set("k", held("a"));
  assert.equal(cache.evict(hashOf("a"), "other"), false);
  assert.equal(cache.evict(hashOf("b")), false);
  assert.equal(cache.evict(hashOf("a"), "agent"), true);
  cache.set("k", held("a"));
  assert.equal(cache.evict(hashOf("a")), true);
  assert.equal(cache.size, 0);
});
