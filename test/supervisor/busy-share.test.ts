import assert from "node:assert/strict";
import { test } from "node:test";
import { busyShare } from "../../src/supervisor/busy-share.ts";

test("the share is of the time between two readings, or of all of it", () => {
  assert.equal(busyShare({ idle: 75, active: 25 }), 0.25);
  assert.equal(busyShare({ idle: 175, active: 125 }, { idle: 75, active: 25 }), 0.5);
  assert.equal(busyShare({ idle: 0, active: 3 }), 1);
});

test("readings at once tell of no time, and none that is less than nothing or more than all", () => {
  const before = { idle: 10, active: 5 };
  assert.equal(busyShare(before, before), 0);
  assert.equal(busyShare({ idle: 0, active: 0 }), 0);
  assert.equal(busyShare({ idle: 10.014, active: 4.99 }, before), 0);
  assert.equal(busyShare({ idle: 9.99, active: 5.014 }, before), 1);
});
