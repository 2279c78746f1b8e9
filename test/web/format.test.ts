import assert from "node:assert/strict";
import { test } from "node:test";
import { pageModule } from "./page-module.ts";

type Write = (value: unknown) => string;
const { ago, asText, cost, count, duration, exactTime, fullTime, isTime, oneLine, percent, shortTime, size, visible } =
  await pageModule<{
    ago: (time: unknown, now: number) => string;
    asText: Write;
    cost: Write;
    count: Write;
    duration: Write;
    exactTime: Write;
    fullTime: Write;
    isTime: (time: unknown) => boolean;
    oneLine: (text: unknown, length?: number) => string;
    percent: Write;
    shortTime: Write;
    size: Write;
    visible: (text: string) => string;
  }>("format.js");

const NOT_NUMBERS = [undefined, null, "5", Number.NaN, Number.POSITIVE_INFINITY, {}];

for (const [write, table] of [
  [
    duration,
    [
      [0, "0 s"],
      [59.9, "59 s"],
      [60, "1 min"],
      [3_599, "59 min"],
      [3_600, "1 h 0 min"],
      [86_399, "23 h 59 min"],
      [90_000, "1 d 1 h"],
    ],
  ],
  [
    size,
    [
      [0, "0 B"],
      [1_023, "1023 B"],
      [1_024, "1.0 KiB"],
      [10_240, "10 KiB"],
      [1024 ** 3, "1.0 GiB"],
      [1024 ** 7, "1048576 PiB"],
      [-1, "-1 B"],
    ],
  ],
  [
    percent,
    [
      [0, "0.0 %"],
      [9.94, "9.9 %"],
      [10, "10 %"],
      [99.6, "100 %"],
    ],
  ],
  [
    cost,
    [
      [0, "$0.0000"],
      [0.01234, "$0.0123"],
      [1, "$1.00"],
      [12.345, "$12.35"],
    ],
  ],
] as const) {
  test(`${write.name}: figures as people read them, and a dash for what is none`, () => {
    for (const [value, text] of table) assert.equal(write(value), text);
    for (const value of NOT_NUMBERS) assert.equal(write(value), "–");
  });
}

test("count groups thousands as the reader's language does", () => {
  assert.equal(count(1_234_567), new Intl.NumberFormat().format(1_234_567));
  for (const value of NOT_NUMBERS) assert.equal(count(value), "–");
});

test("ago tells how long it is since, and of the future and the last seconds that it is now", () => {
  const now = 1_700_000_000_000;
  for (const [time, text] of [
    [now, "now"],
    [now - 4_999, "now"],
    [now - 5_000, "5 s ago"],
    [now + 60_000, "now"],
    [now - 7_200_000, "2 h 0 min ago"],
    [0, "–"],
    ["soon", "–"],
  ] as const) {
    assert.equal(ago(time, now), text);
  }
});

test("a time that no date can have is none", () => {
  for (const time of [8.64e15 + 1, -8.64e15 - 1, Number.NaN, "1", undefined]) {
    assert.deepEqual([isTime(time), shortTime(time), exactTime(time), fullTime(time)], [false, "–", "–", ""]);
  }
  assert.ok(isTime(8.64e15));
});

test("a time of today is told without its day, with milliseconds where they matter", () => {
  const today = new Date().setHours(12, 34, 56, 7);
  assert.match(shortTime(today), /^12:34:56$/);
  assert.match(exactTime(today), /^12:34:56\.007$/);
  const date = new Date(today);
  const earlier = date.setDate(date.getDate() - 3);
  assert.match(shortTime(earlier), /^\D+.*12:34:56$|^\d.*12:34:56$/);
  assert.notEqual(shortTime(earlier), "12:34:56");
});

test("what hides or turns a text around is shown by its number, on one line where one is wanted", () => {
  assert.equal(visible("a\u202Eb\u200B\u0000\u001b[1m\n\t"), "a⟨202e⟩b⟨200b⟩⟨0000⟩⟨001b⟩[1m\n\t");
  assert.equal(oneLine("a\n  b\t\u202Ec"), "a b ⟨202e⟩c");
  assert.equal(oneLine("x".repeat(9), 5), "xxxxx…");
  assert.equal(oneLine("😀".repeat(4), 3), "😀😀😀…", "a character of two units is not cut in two");
  assert.equal(oneLine("12345", 5), "12345");
});

test("any value of a record can be written", () => {
  assert.deepEqual(["a", 1, null, undefined, { toString: 5 }, [1]].map(asText), [
    "a",
    "1",
    "",
    "",
    '{"toString":5}',
    "[1]",
  ]);
});
