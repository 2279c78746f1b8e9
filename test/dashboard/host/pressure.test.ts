import assert from "node:assert/strict";
import { test } from "node:test";
import { parsePressure, pressureSince } from "../../../src/dashboard/host/pressure.ts";
import { PRESSURE } from "./kernels.ts";

test("both lines are read", () => {
  assert.deepEqual(parsePressure(PRESSURE.both), {
    some: { avg10: 0.98, avg60: 1.54, avg300: 1.09, totalMicros: 45_230_412 },
    full: { avg10: 0.64, avg60: 1.06, avg300: 0.66, totalMicros: 19_290_394 },
  });
});

test("a line that the kernel does not have is null", () => {
  assert.equal(parsePressure(PRESSURE.someAlone)?.full, null);
  assert.equal(parsePressure(PRESSURE.someAlone)?.some?.avg10, 1.53);
  assert.equal(parsePressure(PRESSURE.fullAlone)?.some, null);
});

test("an average a hair above 100 is 100", () => {
  assert.equal(parsePressure(PRESSURE.over)?.some?.avg10, 100);
});

for (const text of ["", "some\n", "some avg10=x avg60=1.00 avg300=1.00 total=1\n", "some avg10=1.00 total=1\n"]) {
  test(`${JSON.stringify(text)} is no pressure`, () => {
    assert.equal(parsePressure(text), null);
  });
}

const line = (total: number): string => `some avg10=1.00 avg60=2.00 avg300=3.00 total=${total}\n`;
const table: [what: string, before: number | null, now: number, elapsedMs: number, share: number | null][] = [
  ["a quarter of the time", 1_000_000, 1_250_000, 1_000, 25],
  ["none of it", 5, 5, 1_000, 0],
  ["more than the clock saw counts as all of it", 0, 1_010_000, 1_000, 100],
  ["a total that went back", 500, 100, 1_000, 0],
  ["no time between", 0, 100, 0, null],
  ["the first reading", null, 100, 1_000, null],
];
for (const [what, before, now, elapsedMs, share] of table) {
  test(`now: ${what}`, () => {
    const reading = parsePressure(line(now));
    assert.ok(reading !== null);
    const pressure = pressureSince(before === null ? null : parsePressure(line(before)), reading, elapsedMs);
    assert.deepEqual(pressure, { some: { now: share, avg10: 1, avg60: 2, avg300: 3 }, full: null });
  });
}
