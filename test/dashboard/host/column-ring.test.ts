import assert from "node:assert/strict";
import { test } from "node:test";
import { ColumnRing } from "../../../src/dashboard/host/column-ring.ts";

function ringOf(capacity: number, ...timestamps: number[]): ColumnRing {
  const ring = new ColumnRing(2, capacity);
  for (const timestamp of timestamps) ring.push(timestamp, [timestamp / 10, Number.NaN]);
  return ring;
}

const table: [what: string, pushed: number[], from: number, kept: number[]][] = [
  ["nothing was pushed", [], 0, []],
  ["fewer rows than there is room for", [10, 20], 0, [10, 20]],
  ["the oldest rows make room", [10, 20, 30, 40, 50, 60], 0, [30, 40, 50, 60]],
  ["rows from a time on", [10, 20, 30, 40, 50, 60], 45, [50, 60]],
  ["a row of exactly that time", [10, 20, 30], 20, [20, 30]],
  ["no row is as young", [10, 20, 30], 31, []],
  ["the clock was set back", [10, 20, 30, 40, 50, 25], 0, [20, 25]],
  ["the clock was set back before all rows", [10, 20, 30, 40, 50, 5, 6], 0, [5, 6]],
  ["the same time again takes the row's place", [10, 20, 20, 20], 0, [10, 20]],
];
for (const [what, pushed, from, kept] of table) {
  test(`rows: ${what}`, () => {
    const { timestamps, columns } = ringOf(4, ...pushed).rows(from);
    assert.deepEqual([...timestamps], kept);
    assert.deepEqual(
      [...(columns[0] ?? [])],
      kept.map((timestamp) => Math.fround(timestamp / 10)),
    );
    assert.deepEqual(
      [...(columns[1] ?? [])],
      kept.map(() => Number.NaN),
    );
  });
}

test("rows are a copy: what is pushed later does not show in them", () => {
  const ring = ringOf(2, 10, 20);
  const { timestamps } = ring.rows(0);
  ring.push(30, [3, 3]);
  assert.deepEqual([...timestamps], [10, 20]);
  assert.equal(ring.newest, 30);
});
