import assert from "node:assert/strict";
import { test } from "node:test";
import { pageModule } from "../page-module.ts";

type Column = readonly (number | null)[];
const { busiest, cellsOf, summaryOf } = await pageModule<{
  busiest: (values: Column) => number;
  cellsOf: (cores: readonly Column[], times: Column, width: number) => Float32Array;
  summaryOf: (column: Column) => { now: number | null; average: number | null; most: number | null };
}>("views/system-cells.js");

const NONE = Number.NaN;

const table: [what: string, cores: Column[], times: Column, width: number, cells: number[]][] = [
  ["a pixel has the average of its samples", [[0, 50, 10, 30]], [0, 1, 2, 3], 2, [25, 20]],
  [
    "each core has a line of its own",
    [
      [0, 50],
      [100, 25],
    ],
    [0, 10],
    2,
    [0, 50, 100, 25],
  ],
  ["a sample holds until the next", [[10, 20]], [0, 10], 4, [10, 10, 10, 20]],
  ["what is unknown is left out of an average", [[null, 40, null, 20]], [0, 1, 2, 3], 2, [40, 20]],
  [
    "where all is unknown there is a hole, up to the next sample",
    [[10, null, 30]],
    [0, 1, 10],
    5,
    [10, NONE, NONE, NONE, 30],
  ],
  ["one moment fills all", [[70]], [5], 2, [70, 70]],
  ["without a sample nothing is known", [[]], [], 2, [NONE, NONE]],
  ["a column that is shorter ends in a hole", [[1]], [0, 10], 2, [1, NONE]],
];
for (const [what, cores, times, width, cells] of table) {
  test(`cells: ${what}`, () => assert.deepEqual([...cellsOf(cores, times, width)], cells));
}

test("figures of a core leave out what is unknown", () => {
  assert.deepEqual(summaryOf([null, 10, 20, null, 60]), { now: 60, average: 30, most: 60 });
  assert.deepEqual(summaryOf([50, null]), { now: null, average: 50, most: 50 });
  assert.deepEqual(summaryOf([null]), { now: null, average: null, most: null });
  assert.deepEqual(summaryOf([]), { now: null, average: null, most: null });
});

test("the busiest core is the first of the largest that are known", () => {
  assert.equal(busiest([null, 0, 5, 5, null]), 2);
  assert.equal(busiest([0]), 0);
  assert.equal(busiest([null, null]), -1);
  assert.equal(busiest([]), -1);
});
