import assert from "node:assert/strict";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { pageModule, questions } from "../page-module.ts";

type Column = readonly (number | null)[];
interface Series {
  readonly columns: Map<string, Column>;
  readonly cores: readonly Column[];
  load(signal: AbortSignal): Promise<void>;
  add(metrics: unknown): string;
}
const { RANGES, Series } = await pageModule<{
  RANGES: Record<"hour" | "day", object>;
  Series: new (range: object) => Series;
}>("views/system-data.js");

async function loaded(t: TestContext, history: object, range: "hour" | "day" = "hour"): Promise<Series> {
  const asked = questions(t);
  const series = new Series(RANGES[range]);
  const loading = series.load(new AbortController().signal);
  asked[0]?.answer(history);
  await loading;
  assert.equal(asked[0]?.query.get("step"), range === "hour" ? "1" : "15");
  assert.equal(asked[0].query.get("cores"), "1");
  return series;
}

const seconds = (...times: number[]): number[] => times.map((time) => time * 1_000);

test("figures and cores of the past stand at their times, with a hole where there was none", async (t) => {
  const series = await loaded(t, {
    timestamp: seconds(100, 101, 200),
    series: { "cpu.percent": [1, "x", 3] },
    cores: [
      [10, 20, 30],
      [null, 0.5],
    ],
  });
  assert.deepEqual(series.columns.get("timestamp"), [100, 101, 102, 200]);
  assert.deepEqual(series.columns.get("cpu.percent"), [1, null, null, 3]);
  assert.deepEqual(series.cores, [
    [10, 20, null, 30],
    [null, 0.5, null, null],
  ]);
});

test("a sample goes on from there; one that is too early is old, one too late leaves a hole", async (t) => {
  const series = await loaded(t, { timestamp: seconds(100), series: {}, cores: [[1], [2]] });
  const sample = (time: number): object => ({ timestamp: time * 1_000, cpu: { percent: 9, cores: [50, "x"] } });
  assert.deepEqual(
    [series.add(sample(100.5)), series.add(sample(101)), series.add(sample(110)), series.add({})],
    ["old", "new", "hole", "old"],
  );
  assert.deepEqual(series.columns.get("cpu.percent"), [null, 9]);
  assert.deepEqual(series.cores, [
    [1, 50],
    [2, null],
  ]);
});

test("what is older than the range is let go, of the cores too", async (t) => {
  const series = await loaded(t, { timestamp: seconds(1, 2, 3_602, 3_603), series: {}, cores: [[1, 2, 3, 4]] });
  assert.deepEqual(series.columns.get("timestamp"), [3, 3_602, 3_603]);
  assert.deepEqual(series.cores, [[null, 3, 4]]);
});

test("a server that tells no cores has none", async (t) => {
  assert.deepEqual((await loaded(t, { timestamp: seconds(1), series: {} })).cores, []);
  assert.deepEqual((await loaded(t, { timestamp: "x" }, "day")).columns.get("timestamp"), []);
});

test("four samples may be missing before it is a hole", async (t) => {
  const series = await loaded(t, { timestamp: [0, 60_000, 135_000], series: { "load.1": [1, 2, 3] } }, "day");
  assert.deepEqual(series.columns.get("timestamp"), [0, 60, 75, 135]);
  assert.deepEqual(series.columns.get("load.1"), [1, 2, null, 3]);
});
