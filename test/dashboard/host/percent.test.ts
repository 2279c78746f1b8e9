import assert from "node:assert/strict";
import { test } from "node:test";
import { percentOf, round2 } from "../../../src/dashboard/host/percent.ts";

test("numbers are cut to two decimals", () => {
  assert.deepEqual([1 / 3, 99.999, 0.005, 12].map(round2), [0.33, 100, 0.01, 12]);
});

const table: [part: number, whole: number, percent: number | null][] = [
  [1, 4, 25],
  [2, 3, 66.67],
  [5, 4, 100],
  [-1, 4, 0],
  [0, 0, null],
  [1, -4, null],
  [Number.NaN, 4, null],
  [1, Number.NaN, null],
];
for (const [part, whole, percent] of table) {
  test(`${part} of ${whole} is ${percent === null ? "unknown" : `${percent} %`}`, () => {
    assert.equal(percentOf(part, whole), percent);
  });
}
