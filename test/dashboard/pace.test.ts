import assert from "node:assert/strict";
import { test } from "node:test";
import { Pace } from "../../src/dashboard/pace.ts";

/** Does it as soon as it may be done, for each of those who ask. */
function timesOf(pace: Pace, asked: readonly number[]): number[] {
  let now = Number.NEGATIVE_INFINITY;
  return asked.map((at) => {
    now = Math.max(now, at);
    now += pace.wait(now);
    pace.take(now);
    return now;
  });
}

test("some are done at once, and then one each interval", () => {
  assert.deepEqual(timesOf(new Pace(10, 3), [0, 0, 0, 0, 0]), [0, 0, 0, 10, 20]);
});

test("who asks less often than that never waits, though some come late and close together", () => {
  const asked = [0, 12, 24, 50, 51, 60, 72];
  assert.deepEqual(timesOf(new Pace(10, 3), asked), asked);
});

test("after a rest it is as at first, and no more than that", () => {
  const pace = new Pace(10, 3);
  timesOf(pace, [0, 0, 0, 0]);
  assert.deepEqual(timesOf(pace, [1000, 1000, 1000, 1000]), [1000, 1000, 1000, 1010]);
});

test("what is done all the same makes the next wait for one interval and no longer", () => {
  const pace = new Pace(10, 3);
  for (let n = 0; n < 1000; n += 1) pace.take(0);
  assert.equal(pace.wait(0), 10);
});
