import assert from "node:assert/strict";
import { test } from "node:test";
import { matchOf, parseFilter, timeOfRow } from "../../src/dashboard/filter.ts";
import type { Filter } from "../../src/dashboard/filter.ts";
import { FileRow } from "../../src/dashboard/tail/row.ts";

function row(content: object | string): FileRow {
  const text = typeof content === "string" ? content : JSON.stringify(content);
  return new FileRow({ gen: "0".repeat(29), offset: 1, check: 0 }, 0, text, 0);
}

function passes(filter: Filter, content: object | string): boolean | "stop" {
  return matchOf(filter)?.(row(content)) ?? true;
}

test("what a filter does not know is told by name", () => {
  const cases: [unknown, RegExp][] = [
    [{ thread: 5 }, /thread is wrong/],
    [{ threadId: {} }, /threadId is wrong/],
    [{ model: [] }, /model is wrong/],
    [{ q: "" }, /q is wrong/],
    [{ q: "x".repeat(401) }, /q is wrong/],
    [{ from: 1 }, /from is wrong/],
    ["threadId", /this is wrong/],
    [null, /this is wrong/],
    [[], /this is wrong/],
  ];
  for (const [given, message] of cases) assert.throws(() => parseFilter(given), { code: "bad_filter", message });
});

test("no field to filter by is no filter", () => {
  assert.equal(matchOf(parseFilter({})), undefined);
});

test("a field is equal to the value, or to any of several", () => {
  assert.equal(passes({ threadId: 5 }, { threadId: 5 }), true);
  assert.equal(passes({ threadId: 5 }, { threadId: 6 }), false);
  assert.equal(passes({ threadId: 5 }, { threadId: "5" }), true, "as it is written");
  assert.equal(passes({ messageId: "5" }, { messageId: 5 }), true, "as it is written");
  assert.equal(passes({ threadId: "true" }, { threadId: true }), false);
  assert.equal(passes({ threadId: [5, 6] }, { threadId: 6 }), true);
  assert.equal(passes({ threadId: 5, direction: "in" }, { threadId: 5, direction: "out" }), false);
  assert.equal(passes({ messageId: ["a", "b"] }, { messageId: "c" }), false);
  assert.equal(passes({ model: "opus" }, {}), false);
  assert.equal(passes({ model: "opus" }, "no json with opus"), false);
});

test("a level is known by pino's number and by its name", () => {
  assert.equal(passes({ level: "warn" }, { level: 40 }), true);
  assert.equal(passes({ level: 40 }, { level: 40 }), true);
  assert.equal(passes({ level: "WARN" }, { level: "warn" }), true);
  assert.equal(passes({ level: "40" }, { level: 40 }), true);
  assert.equal(passes({ level: ["error", "fatal"] }, { level: 30 }), false);
});

test("q is found whatever its case, also as JSON writes it, and in lines that are no JSON", () => {
  assert.equal(passes({ q: "ÄPFEL" }, { message: "zwei Äpfel" }), true);
  assert.equal(passes({ q: 'say "hi"' }, { message: 'I say "HI"' }), true);
  assert.equal(passes({ q: "a.c" }, { message: "abc" }), false);
  assert.equal(passes({ q: "warn" }, "plain WARNING"), true);
});

test("times are inclusive, and a row without one is not between any", () => {
  const filter = { from: 10, to: 20 };
  for (const [time, verdict] of [
    [9, false],
    [10, true],
    [20, true],
    [21, false],
  ] as const) {
    assert.equal(passes(filter, { timestamp: time }), verdict, `${time}`);
  }
  assert.equal(passes(filter, { ts: 15 }), true);
  assert.equal(passes(filter, { time: 15 }), true);
  assert.equal(passes(filter, {}), false);
  assert.equal(timeOfRow(row({ timestamp: "15" })), undefined);
});

test("reading stops where nothing more can lie in the time asked for, some disorder allowed", () => {
  const MINUTE = 60_000;
  const forward = matchOf({ to: MINUTE }, "forward");
  assert.equal(forward?.(row({ timestamp: MINUTE })), true);
  assert.equal(forward?.(row({ timestamp: 2 * MINUTE })), false);
  assert.equal(forward?.(row({ timestamp: 2 * MINUTE + 1 })), "stop");
  assert.equal(forward?.(row({})), false);
  const backward = matchOf({ from: 2 * MINUTE }, "backward");
  assert.equal(backward?.(row({ timestamp: 2 * MINUTE })), true);
  assert.equal(backward?.(row({ timestamp: MINUTE })), false);
  assert.equal(backward?.(row({ timestamp: MINUTE - 1 })), "stop");
});
