import assert from "node:assert/strict";
import { test } from "node:test";
import { Breaker } from "../../src/broker/breaker.ts";

test("after five failures in a row GitHub is left alone for 15 s", () => {
  const breaker = new Breaker();
  for (let n = 0; n < 4; n += 1) breaker.failed(0);
  assert.equal(breaker.check(0), undefined);
  breaker.failed(0);
  assert.deepEqual(breaker.check(5000), { why: "down", forMs: 10_000 });
  assert.equal(breaker.check(15_000), undefined);
});

test("one failure more after the pause is enough for another", () => {
  const breaker = new Breaker();
  for (let n = 0; n < 5; n += 1) breaker.failed(0);
  breaker.failed(15_000);
  assert.ok(breaker.check(20_000));
});

test("a call that comes through starts the count anew", () => {
  const breaker = new Breaker();
  for (let n = 0; n < 4; n += 1) breaker.failed(0);
  breaker.reached();
  breaker.failed(0);
  assert.equal(breaker.check(0), undefined);
});

test("a pause that GitHub asks for is kept", () => {
  const breaker = new Breaker();
  breaker.pause(0, 60_000);
  assert.deepEqual(breaker.check(1000), { why: "limited", forMs: 59_000 });
});

test("of two pauses the longer is kept, whichever comes first", () => {
  const breaker = new Breaker();
  breaker.pause(0, 60_000);
  breaker.pause(0, 1000);
  for (let n = 0; n < 5; n += 1) breaker.failed(0);
  assert.deepEqual(breaker.check(20_000), { why: "limited", forMs: 40_000 });
  breaker.pause(20_000, 90_000);
  assert.deepEqual(breaker.check(20_000), { why: "limited", forMs: 90_000 });
});
