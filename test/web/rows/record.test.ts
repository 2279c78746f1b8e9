import assert from "node:assert/strict";
import { test } from "node:test";
import { pageModule } from "../page-module.ts";

const { idOf, listOf, numberOf, recordOf, stringOf, textOf, threadIdOf, timeOf } = await pageModule<{
  idOf: (value: unknown) => string;
  listOf: (value: unknown) => unknown[];
  numberOf: (value: unknown) => number | undefined;
  recordOf: (value: unknown) => object;
  stringOf: (value: unknown) => string;
  textOf: (value: unknown) => string | undefined;
  threadIdOf: (value: unknown) => number | undefined;
  timeOf: (row: unknown, names?: readonly string[]) => number | undefined;
}>("rows/record.js");
const { modelClass, rankOfModel, rankOfTier, tierClass } = await pageModule<
  Record<"modelClass" | "tierClass", (value: unknown) => string> &
    Record<"rankOfModel" | "rankOfTier", (value: unknown) => number>
>("rows/models.js");

test("whatever stands in a record, a reader gets what it asked for or nothing", () => {
  const values = [undefined, null, "", "x", 0, 5, Number.NaN, Number.POSITIVE_INFINITY, [], [1], {}, { a: 1 }, true];
  const none = undefined;
  assert.deepEqual(values.map(textOf), [none, none, none, "x", none, none, none, none, none, none, none, none, none]);
  assert.deepEqual(values.map(stringOf), ["", "", "", "x", "", "", "", "", "", "", "", "", ""]);
  assert.deepEqual(values.map(numberOf), [none, none, none, none, 0, 5, none, none, none, none, none, none, none]);
  assert.deepEqual(values.map(idOf), ["", "", "", "x", "0", "5", "NaN", "Infinity", "", "", "", "", ""]);
  assert.deepEqual(values.map(listOf), [[], [], [], [], [], [], [], [], [], [1], [], [], []]);
  assert.deepEqual(values.map(recordOf), [{}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, { a: 1 }, {}]);
});

test("a thread's id is a whole number from 1 on, also as an address has it", () => {
  assert.deepEqual([1, "7", "007", 2 ** 53 - 1].map(threadIdOf), [1, 7, 7, 2 ** 53 - 1]);
  for (const value of [0, -1, 1.5, 2 ** 53, "0", "-1", "1e3", "", " 1", "9".repeat(16), null]) {
    assert.equal(threadIdOf(value), undefined, String(value));
  }
});

test("a record's time is its timestamp, an older one's its ts, and none that no date can have", () => {
  assert.equal(timeOf({ timestamp: 5, ts: 6, time: 7 }), 5);
  assert.equal(timeOf({ timestamp: null, ts: 6 }), 6);
  assert.equal(timeOf({ timestamp: 5, time: 7 }, ["time", "timestamp"]), 7);
  for (const row of [{ time: 7 }, { timestamp: "5" }, { timestamp: 9e15 }, { timestamp: Number.NaN }, null, "x", [5]]) {
    assert.equal(timeOf(row), undefined, JSON.stringify(row));
  }
});

test("models and tiers are known by their names, a tier by the model it is for", () => {
  assert.deepEqual(["haiku", "sonnet", "opus", "gpt", "", undefined].map(rankOfModel), [0, 1, 2, -1, -1, -1]);
  assert.deepEqual(["SIMPLE", "MEDIUM", "COMPLEX", "simple"].map(rankOfTier), [0, 1, 2, -1]);
  assert.deepEqual(["SIMPLE", "COMPLEX", "x", 1].map(tierClass), ["haiku", "opus", "", ""]);
  assert.deepEqual(["opus", "toString", null].map(modelClass), ["opus", "", ""]);
});
