import assert from "node:assert/strict";
import { test } from "node:test";
import { MessageCounts } from "../../../src/dashboard/services/message-counts.ts";
import { ManualClock } from "../host/manual-clock.ts";

const NOW = 1_760_000_000_000;
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

function countsOf(...rows: object[]): { clock: ManualClock; counts: MessageCounts } {
  const clock = new ManualClock(NOW);
  const counts = new MessageCounts(clock);
  for (const row of rows) counts.add(row);
  return { clock, counts };
}

const ages: [what: string, ageMs: number, lastHour: number, lastDay: number][] = [
  ["now", 0, 1, 1],
  ["an hour ago", HOUR, 1, 1],
  ["a second more than an hour ago", HOUR + 1_000, 0, 1],
  ["a day ago", 24 * HOUR, 0, 1],
  ["a minute more than a day ago", 24 * HOUR + MINUTE, 0, 0],
  ["years ago", 1e11, 0, 0],
];
for (const [what, ageMs, lastHour, lastDay] of ages) {
  test(`a message that came ${what} counts ${lastHour} in the hour and ${lastDay} in the day`, () => {
    const { counts } = countsOf({ timestamp: NOW - ageMs, direction: "in" });
    assert.deepEqual(counts.totals(), { lastHour, lastDay });
  });
}

test("messages that went out do not count, and an older row's ts does", () => {
  const { counts } = countsOf({ timestamp: NOW, direction: "out" }, { timestamp: NOW }, { ts: NOW, direction: "in" });
  assert.deepEqual(counts.totals(), { lastHour: 1, lastDay: 1 });
});

test("rows count in any order, and grow old while none comes", () => {
  const { clock, counts } = countsOf(
    { timestamp: NOW, direction: "in" },
    { timestamp: NOW - 30 * MINUTE, direction: "in" },
    { timestamp: NOW - 5 * HOUR, direction: "in" },
    { timestamp: NOW - 30 * MINUTE, direction: "in" },
  );
  assert.deepEqual(counts.totals(), { lastHour: 3, lastDay: 4 });
  clock.advance(31 * MINUTE);
  assert.deepEqual(counts.totals(), { lastHour: 1, lastDay: 4 });
  clock.advance(25 * HOUR);
  assert.deepEqual(counts.totals(), { lastHour: 0, lastDay: 0 });
});

test("a row whose time is none, or far ahead, counts nothing and pushes nothing out", () => {
  const times = [null, "now", Number.NaN, Number.POSITIVE_INFINITY, -5, NOW + HOUR, NOW * 1_000];
  const { counts } = countsOf(
    { timestamp: NOW, direction: "in" },
    ...times.map((timestamp) => ({ timestamp, direction: "in" })),
    // A day ahead lies in the place of now.
    { timestamp: NOW + (24 * 60 + 1) * MINUTE, direction: "in" },
  );
  assert.deepEqual(counts.totals(), { lastHour: 1, lastDay: 1 });
});
