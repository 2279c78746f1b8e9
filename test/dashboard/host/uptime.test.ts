import assert from "node:assert/strict";
import { test } from "node:test";
import { parseUptime } from "../../../src/dashboard/host/uptime.ts";

const table: [text: string, seconds: number | null][] = [
  ["350735.47 234388.90\n", 350_735.47],
  ["0.01 0.00\n", 0.01],
  /** lxcfs gives whole seconds. */
  ["3162.0 3162.0\n", 3162],
  ["12 4\n", 12],
  ["", null],
  ["up 3 days\n", null],
  ["-5.00 1.00\n", null],
  ["1e400 1\n", null],
];
for (const [text, seconds] of table) {
  test(`${JSON.stringify(text)} is ${seconds === null ? "no uptime" : `${seconds} s`}`, () => {
    assert.equal(parseUptime(text), seconds);
  });
}
