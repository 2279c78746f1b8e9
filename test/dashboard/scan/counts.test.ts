import assert from "node:assert/strict";
import { test } from "node:test";
import { arrivalOf } from "../../../src/dashboard/scan/counts.ts";
import { FileRow } from "../../../src/dashboard/tail/row.ts";

function rowOf(text: string): FileRow {
  return new FileRow({ gen: "g", offset: text.length + 1, check: 0 }, 0, text, 0);
}

const lines: [line: string, arrival: number | undefined][] = [
  ['{"timestamp":7,"direction":"in"}', 7],
  ['{"ts":7,"direction":"in"}', 7],
  ['{"timestamp":7,"direction":"out"}', undefined],
  ['{"timestamp":7}', undefined],
  ['{"direction":"in"}', undefined],
  ['{"timestamp":null,"direction":"in"}', undefined],
  ['{"timestamp":"now","direction":"in"}', undefined],
  ['{"timestamp":1e400,"direction":"in"}', undefined],
  ['{"timestamp":7,"direction":"\\u0069n"}', 7],
  ['{"timestamp":7,"direction":"inn"}', undefined],
  ['{"timestamp":7,"direction":"out","direction":"in"}', 7],
  ['{"timestamp":7,"direction":"in","direction":["in"]}', undefined],
  ["no JSON", undefined],
];
for (const [line, arrival] of lines) {
  test(`${line} is a message that came ${arrival === undefined ? "at no time" : `at ${arrival}`}`, () => {
    assert.equal(arrivalOf(rowOf(line)), arrival);
    const block = Buffer.from(`${line}\n`);
    const bytes = { block, from: 0, to: block.length - 1 };
    assert.equal(arrivalOf(new FileRow({ gen: "g", offset: block.length, check: 0 }, 0, bytes, 0)), arrival);
  });
}
