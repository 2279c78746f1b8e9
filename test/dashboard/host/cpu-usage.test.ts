import assert from "node:assert/strict";
import { test } from "node:test";
import { parseCpuStat } from "../../../src/dashboard/host/cpu-stat.ts";
import { cpuUsage, type CpuUsage } from "../../../src/dashboard/host/cpu-usage.ts";
import { STAT } from "./kernels.ts";

/** Between two lines of all CPUs. */
function between(before: string, now: string): CpuUsage {
  return cpuUsage(parseCpuStat(`cpu  ${before}\n`), parseCpuStat(`cpu  ${now}\n`));
}

const table: [what: string, before: string, now: string, shares: [number | null, number | null, number | null]][] = [
  ["half of the time is spent", "0 0 0 0", "30 10 10 50", [50, 0, 0]],
  ["irq and softirq are work", "0 0 0 0 0 0 0 0", "0 0 0 50 0 25 25 0", [50, 0, 0]],
  ["iowait is idle time and told apart", "0 0 0 0 0 0 0 0", "0 0 20 40 40 0 0 0", [20, 40, 0]],
  ["steal is time we did not have and told apart", "0 0 0 0 0 0 0 0", "20 0 0 50 0 0 0 30", [50, 0, 30]],
  ["a guest's time is in user already", "0 0 0 0 0 0 0 0 0 0", "50 0 0 50 0 0 0 0 50 0", [50, 0, 0]],
  ["a niced guest's time is in nice already", "0 0 0 0 0 0 0 0 0 0", "0 50 0 50 0 0 0 0 0 50", [50, 0, 0]],
  ["an iowait that goes back has not moved", "0 0 0 0 90 0 0 0", "50 0 0 50 40 0 0 0", [50, 0, 0]],
  ["a user time that goes back has not moved", "90 0 0 0 0 0 0 0", "80 0 50 50 0 0 0 0", [50, 0, 0]],
  ["all of it goes back: nothing is known", "9 9 9 9 9 9 9 9", "1 1 1 1 1 1 1 1", [null, null, null]],
  ["no time has passed: nothing is known", "9 9 9 9 9 9 9 9", "9 9 9 9 9 9 9 9", [null, null, null]],
  ["two decimals are kept", "0 0 0 0 0 0 0 0", "1 0 0 2 0 0 0 0", [33.33, 0, 0]],
  ["a counter near the end of what can be told", "9007199254740000 0 0 0", "9007199254740050 0 0 50", [50, 0, 0]],
];
for (const [what, before, now, [percent, iowait, steal]] of table) {
  test(`shares: ${what}`, () => {
    assert.deepEqual(between(before, now), { percent, iowait, steal, cores: [] });
  });
}

test("the first reading says nothing of now", () => {
  const usage = cpuUsage(null, parseCpuStat(STAT.centos7));
  assert.deepEqual(usage, { percent: null, iowait: null, steal: null, cores: [null, null] });
});

test("a reading that failed says nothing, not even how many cores there are", () => {
  assert.deepEqual(cpuUsage(parseCpuStat(STAT.centos7), null), {
    percent: null,
    iowait: null,
    steal: null,
    cores: [],
  });
});

test("each core stands at its own number, with a hole where one is offline", () => {
  const now = STAT.offline
    .replace("cpu0 100 0 100 800", "cpu0 150 0 100 850")
    .replace("cpu3 100 0 100 800", "cpu3 125 0 100 875");
  assert.deepEqual(cpuUsage(parseCpuStat(STAT.offline), parseCpuStat(now)).cores, [50, null, null, 25]);
});

test("a core that comes online is known from its second reading on", () => {
  const one = parseCpuStat("cpu 0 0 0 0\ncpu0 0 0 0 0\n");
  const two = parseCpuStat("cpu 50 0 0 50\ncpu0 50 0 0 50\ncpu1 700 0 0 100\n");
  const three = parseCpuStat("cpu 60 0 0 60\ncpu0 60 0 0 60\ncpu1 710 0 0 140\n");
  assert.deepEqual(cpuUsage(one, two).cores, [50, null]);
  assert.deepEqual(cpuUsage(two, three).cores, [50, 20]);
});

test("a core that goes offline leaves the others where they are", () => {
  const before = parseCpuStat("cpu 0 0 0 0\ncpu0 0 0 0 0\ncpu1 0 0 0 0\n");
  assert.deepEqual(cpuUsage(before, parseCpuStat("cpu 5 0 0 5\ncpu1 5 0 0 5\n")).cores, [null, 50]);
});
