import assert from "node:assert/strict";
import { test } from "node:test";
import { parseLoadavg } from "../../../src/dashboard/host/loadavg.ts";

const table: [text: string, load: readonly number[] | null][] = [
  ["0.20 0.18 0.12 1/80 11206\n", [0.2, 0.18, 0.12]],
  ["1034.05 998.10 640.00 1040/33121 4194303\n", [1034.05, 998.1, 640]],
  ["0.00 0.01 0.05", [0, 0.01, 0.05]],
  ["", null],
  ["0.20 0.18\n", null],
  ["a b c 1/80 1\n", null],
  ["-0.20 0.18 0.12 1/80 1\n", null],
  ["0.20 0.18 0.12junk\n", null],
];
for (const [text, load] of table) {
  test(`${JSON.stringify(text)} is ${load === null ? "no load" : load.join(", ")}`, () => {
    assert.deepEqual(parseLoadavg(text), load);
  });
}
