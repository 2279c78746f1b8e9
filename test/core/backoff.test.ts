import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { backoffMs } from "../../src/core/backoff.ts";

const rule = { firstMs: 100, maxMs: 15_000, jitter: 0.2 };

test("pauses double from the first one and stop at the longest", () => {
  const pauses = [0, 1, 2, 3, 4, 5, 6, 7, 8, 1_000].map((n) => backoffMs(rule, n, 0.5));
  assert.deepEqual(pauses, [100, 200, 400, 800, 1_600, 3_200, 6_400, 12_800, 15_000, 15_000]);
});

test("chance takes or adds its share", () => {
  assert.equal(backoffMs(rule, 2, 0), 320);
  assert.equal(backoffMs(rule, 2, 0.999_999), 480);
});

test("no pause is negative, longer than the longest, or no number", () => {
  fc.assert(
    fc.property(fc.nat(), fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (n, random) => {
      const pause = backoffMs(rule, n, random);
      assert.ok(Number.isInteger(pause) && pause >= 80 && pause <= rule.maxMs, String(pause));
    }),
  );
});
