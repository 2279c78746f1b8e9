import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { CountRing } from "../../../src/dashboard/services/count-ring.ts";

test("what happened in the stretches that are kept is counted, in whatever order it comes", () => {
  const nowAt = 1_000_000;
  fc.assert(
    fc.property(fc.array(fc.integer({ min: nowAt - 300, max: nowAt + 30 }), { maxLength: 60 }), (times) => {
      const ring = new CountRing(10, 20);
      for (const time of times) if (time <= nowAt) ring.add(time);
      const oldest = Math.floor(nowAt / 10) - 19;
      const reachable = times.filter((time) => time <= nowAt && Math.floor(time / 10) >= oldest);
      assert.equal(ring.total(nowAt), reachable.length);
    }),
  );
});

test("what is counted grows too old as time passes", () => {
  const ring = new CountRing(10, 3);
  for (const time of [100, 105, 112, 129]) ring.add(time);
  assert.deepEqual(
    [129, 130, 139, 140, 150].map((now) => ring.total(now)),
    [4, 2, 2, 1, 0],
  );
});

test("what is older than its place counts is out of reach", () => {
  const ring = new CountRing(10, 3);
  ring.add(130);
  ring.add(100);
  assert.equal(ring.total(130), 1);
  assert.equal(ring.total(100), 0);
});
