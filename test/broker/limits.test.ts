import assert from "node:assert/strict";
import { test } from "node:test";
import { Limiter } from "../../src/broker/limits.ts";

const LIMITS = { mintsPerMinute: 2, mintsPerHour: 5 };

test("a minute's mints are taken at once, then one at a time", () => {
  const limiter = new Limiter();
  assert.equal(limiter.takeMint("a", LIMITS, 0).status, "taken");
  assert.equal(limiter.takeMint("a", LIMITS, 0).status, "taken");
  assert.deepEqual(limiter.takeMint("a", LIMITS, 0), { status: "empty", retryAfterS: 30 });
  assert.equal(limiter.takeMint("a", LIMITS, 29_000).status, "empty");
  assert.equal(limiter.takeMint("a", LIMITS, 30_000).status, "taken");
});

test("clients do not take from each other", () => {
  const limiter = new Limiter();
  for (let n = 0; n < 2; n += 1) limiter.takeMint("a", LIMITS, 0);
  assert.equal(limiter.takeMint("a", LIMITS, 0).status, "empty");
  assert.equal(limiter.takeMint("b", LIMITS, 0).status, "taken");
});

test("an hour's mints are an end too", () => {
  const limiter = new Limiter();
  const taken = Array.from({ length: 10 }, (_, n) => limiter.takeMint("a", LIMITS, n * 60_000).status);
  assert.deepEqual(taken.filter((status) => status === "taken").length, 5);
});

test("all clients together have an end", () => {
  const limiter = new Limiter();
  const wide = { mintsPerMinute: 100, mintsPerHour: 100 };
  const taken = Array.from({ length: 3000 }, (_, n) => limiter.takeMint(`c${n % 60}`, wide, 0).status);
  assert.equal(taken.filter((status) => status === "taken").length, 2000);
});

test("a refusal takes nothing", () => {
  const limiter = new Limiter();
  for (let n = 0; n < 50; n += 1) limiter.takeMint("a", LIMITS, 0);
  assert.equal(limiter.takeMint("a", LIMITS, 30_000).status, "taken");
});

test("a limit that was raised counts at once for what comes after", () => {
  const limiter = new Limiter();
  for (let n = 0; n < 2; n += 1) limiter.takeMint("a", LIMITS, 0);
  assert.equal(limiter.takeMint("a", { mintsPerMinute: 60, mintsPerHour: 600 }, 1000).status, "taken");
});

test("look-ups are 20 a minute and 300 an hour for a client, whatever others do", () => {
  const limiter = new Limiter();
  const burst = Array.from({ length: 25 }, () => limiter.takeLookup("a", 0).status);
  assert.deepEqual(burst.lastIndexOf("taken"), 19);
  assert.deepEqual(limiter.takeLookup("a", 0), { status: "empty", retryAfterS: 3 });
  assert.equal(limiter.takeLookup("b", 0).status, "taken");
  const hour = Array.from({ length: 1200 }, (_, n) => limiter.takeLookup("c", n * 3000).status);
  assert.equal(hour.slice(0, 300).lastIndexOf("empty"), -1);
  assert.ok(hour.filter((status) => status === "taken").length <= 600);
});

test("look-ups of all clients together have an end, which is not that of mints", () => {
  const limiter = new Limiter();
  const taken = Array.from({ length: 2000 }, (_, n) => limiter.takeLookup(`c${n % 100}`, 0).status);
  assert.equal(taken.filter((status) => status === "taken").length, 1000);
  assert.equal(limiter.takeMint("c1", LIMITS, 0).status, "taken");
});

test("other actions have buckets of their own", () => {
  const limiter = new Limiter();
  assert.equal(limiter.takeOther("a", "evict", 1, 0).status, "taken");
  assert.deepEqual(limiter.takeOther("a", "evict", 1, 0), { status: "empty", retryAfterS: 60 });
  assert.equal(limiter.takeOther("a", "revoke", 1, 0).status, "taken");
});
