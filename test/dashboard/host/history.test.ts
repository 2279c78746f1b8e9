import assert from "node:assert/strict";
import { test } from "node:test";
import { MetricsHistory } from "../../../src/dashboard/host/history.ts";
import { unknownMetrics, type HostMetrics } from "../../../src/dashboard/host/metrics.ts";

/** At a whole quarter of a minute. */
const START = 1_760_000_010_000 - (1_760_000_010_000 % 15_000);

function sample(timestamp: number, percent: number | null, cores: readonly (number | null)[] = []): HostMetrics {
  const metrics = unknownMetrics(timestamp);
  return { ...metrics, cpu: { ...metrics.cpu, percent, cores } };
}

function historyOf(
  seconds: number,
  percentAt: (second: number) => number | null,
  coresAt?: (second: number) => readonly (number | null)[],
): MetricsHistory {
  const history = new MetricsHistory();
  for (let second = 0; second < seconds; second += 1) {
    history.add(sample(START + second * 1_000, percentAt(second), coresAt?.(second)));
  }
  return history;
}

test("without samples there are columns without rows", () => {
  const { step, timestamp, series } = new MetricsHistory().columns();
  assert.deepEqual([step, timestamp, series["cpu.percent"]], [1, [], []]);
  assert.deepEqual(new MetricsHistory().columns({ step: 15 }).max?.["load.1"], []);
});

test("each second is a row, unknown values null, numbers with two decimals", () => {
  const { timestamp, series, min, max } = historyOf(3, (second) => [12.34, null, 0][second] ?? null).columns();
  assert.deepEqual(timestamp, [START, START + 1_000, START + 2_000]);
  assert.deepEqual(series["cpu.percent"], [12.34, null, 0]);
  assert.deepEqual(series["memory.used"], [null, null, null]);
  assert.deepEqual([min, max], [undefined, undefined]);
});

test("all that is charted is kept", () => {
  const history = new MetricsHistory();
  const stall = (now: number): { some: { now: number; avg10: number; avg60: number; avg300: number }; full: null } => ({
    some: { now, avg10: 0, avg60: 0, avg300: 0 },
    full: null,
  });
  history.add({
    timestamp: START,
    cpu: { percent: 1, iowait: 2, steal: 3, cores: [] },
    memory: { total: 100, used: 4, available: 96, percent: 5 },
    load: [6, 7, 8],
    disk: { total: 100, used: 9, available: 91, percent: 10 },
    uptime: 1,
    pressure: { cpu: stall(11), memory: stall(12), io: stall(13) },
    oomKills: 14,
    containers: { bot: null, broker: null, dashboard: null },
  });
  assert.deepEqual(
    Object.values(history.columns().series),
    Array.from({ length: 14 }, (_, n) => [n + 1]),
  );
});

test("stretches of 15 s have averages, the smallest and the largest, the one that is not over among them", () => {
  const history = historyOf(32, (second) => (second < 15 ? second : second < 30 ? null : 50));
  const { step, timestamp, series, min, max } = history.columns({ step: 15 });
  assert.equal(step, 15);
  assert.deepEqual(timestamp, [START, START + 15_000, START + 30_000]);
  assert.deepEqual(series["cpu.percent"], [7, null, 50]);
  assert.deepEqual(min?.["cpu.percent"], [0, null, 50]);
  assert.deepEqual(max?.["cpu.percent"], [14, null, 50]);
});

test("an hour is kept by the second and a day by the quarter of a minute", () => {
  const history = historyOf(25 * 3_600, (second) => second % 100);
  const newest = START + (25 * 3_600 - 1) * 1_000;
  const hour = history.columns();
  assert.deepEqual([hour.timestamp.length, hour.timestamp.at(-1)], [3_600, newest]);
  const day = history.columns({ step: 15 });
  assert.deepEqual([day.timestamp.length, day.timestamp.at(-1)], [5_760, newest - 14_000]);
  assert.equal(hour.series["cpu.percent"].length, 3_600);
  assert.equal(day.max?.["cpu.percent"].length, 5_760);
});

test("the step follows from how far back the rows are asked for, unless it is given", () => {
  const history = historyOf(2 * 3_600, () => 1);
  const newest = START + (2 * 3_600 - 1) * 1_000;
  assert.equal(history.columns({ from: newest - 3_600_000 }).step, 1);
  assert.equal(history.columns({ from: newest - 3_600_001 }).step, 15);
  assert.equal(history.columns({ from: newest - 10_000 }).timestamp.length, 11);
  assert.equal(history.columns({ from: newest - 30_000, step: 15 }).timestamp.length, 2);
  assert.equal(history.columns({ from: 0, step: 1 }).timestamp.length, 3_600);
});

test("rows from before a pause are left out once they are too old", () => {
  const history = historyOf(100, () => 1);
  history.add(sample(START + 3_600_000 + 50_000, 2));
  assert.equal(history.columns({ step: 1 }).timestamp.length, 51);
});

test("a clock that was set back takes the rows of the future away", () => {
  const history = historyOf(100, () => 1);
  history.add(sample(START + 20_000, 9));
  assert.deepEqual(history.columns().timestamp.slice(-2), [START + 19_000, START + 20_000]);
  const { timestamp, series } = history.columns({ step: 15 });
  assert.deepEqual(
    [timestamp, series["cpu.percent"]],
    [
      [START, START + 15_000],
      [1, 9],
    ],
  );
});

for (const step of [1, 15] as const) {
  test(`the pieces at ${step} s are the columns as JSON, of the moment they were begun`, () => {
    const percentAt = (second: number): number | null => (second % 7 === 0 ? null : second);
    const history = historyOf(100, percentAt, (second) => [percentAt(second), 100]);
    const wanted = { from: START + 10_000, step, cores: true };
    const columns = history.columns(wanted);
    const pieces = history.json(wanted);
    const first = pieces.next().value ?? "";
    history.add(sample(START + 200_000, 1));
    assert.deepEqual(JSON.parse(first + [...pieces].join("")), columns);
  });
}

test("cores are told to half a percent, a column each, and only when they are asked for", () => {
  const history = historyOf(
    3,
    () => 1,
    (second) =>
      [
        [null, null],
        [0, 99.9, 12.3],
        [33.26, null],
      ][second] ?? [],
  );
  assert.equal("cores" in history.columns(), false);
  assert.equal([...history.json()].join("").includes("cores"), false);
  assert.deepEqual(history.columns({ cores: true }).cores, [
    [null, 0, 33.5],
    [null, 100, null],
    [null, 12.5, null],
  ]);
});

test("stretches of 15 s have the average of each core", () => {
  const history = historyOf(
    31,
    () => 1,
    (second) => (second < 15 ? [second, null] : second < 30 ? [null, 40] : [100, 0]),
  );
  assert.deepEqual(history.columns({ step: 15, cores: true }).cores, [
    [7, null, 100],
    [null, 40, 0],
  ]);
});

test("cores are kept as long as all else, and of a machine with very many the first 256", () => {
  const history = historyOf(
    3_700,
    () => 1,
    (second) => Array.from({ length: 300 }, (_, core) => (second + core) % 100),
  );
  const { timestamp, cores = [] } = history.columns({ cores: true });
  assert.deepEqual([timestamp.length, cores.length, cores[255]?.length], [3_600, 256, 3_600]);
  assert.deepEqual([cores[0]?.[0], cores[255]?.at(-1)], [0, (3_699 + 255) % 100]);
  assert.equal(history.columns({ from: (timestamp.at(-1) ?? 0) - 4_000, cores: true }).cores?.[3]?.length, 5);
});
