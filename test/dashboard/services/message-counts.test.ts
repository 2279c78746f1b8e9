import assert from "node:assert/strict";
import { test } from "node:test";
import { MessageCounts } from "../../../src/dashboard/services/message-counts.ts";
import { ManualClock } from "../host/manual-clock.ts";

const NOW = 1_760_000_000_000;
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

function countsOf(...times: number[]): { clock: ManualClock; counts: MessageCounts } {
  const clock = new ManualClock(NOW);
  const counts = new MessageCounts(clock);
  for (const time of times) counts.add(time);
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
    const { counts } = countsOf(NOW - ageMs);
    assert.deepEqual(counts.totals(), { lastHour, lastDay });
  });
}

test("messages count in any order, and grow old while none comes", () => {
  const { clock, counts } = countsOf(NOW, NOW - 30 * MINUTE, NOW - 5 * HOUR, NOW - 30 * MINUTE);
  assert.deepEqual(counts.totals(), { lastHour: 3, lastDay: 4 });
  clock.advance(31 * MINUTE);
  assert.deepEqual(counts.totals(), { lastHour: 1, lastDay: 4 });
  clock.advance(25 * HOUR);
  assert.deepEqual(counts.totals(), { lastHour: 0, lastDay: 0 });
});

test("a time far ahead, or before all times, counts nothing and pushes nothing out", () => {
  // A day ahead lies in the place of now.
  const { counts } = countsOf(NOW, -5, NOW + HOUR, NOW * 1_000, NOW + (24 * 60 + 1) * MINUTE);
  assert.deepEqual(counts.totals(), { lastHour: 1, lastDay: 1 });
});

test("a clock that was ahead and is set back knows what is ahead again", () => {
  const { clock, counts } = countsOf(NOW - 1_000);
  clock.advance(2 * HOUR);
  counts.add(NOW + 2 * HOUR);
  clock.advance(-2 * HOUR);
  counts.totals();
  // It lies in the place of the first one.
  counts.add(NOW + HOUR);
  assert.deepEqual(counts.totals(), { lastHour: 1, lastDay: 1 });
});
