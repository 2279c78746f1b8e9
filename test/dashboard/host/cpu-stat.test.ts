import assert from "node:assert/strict";
import { test } from "node:test";
import { parseCpuStat } from "../../../src/dashboard/host/cpu-stat.ts";
import { STAT } from "./kernels.ts";

test("the columns of a current kernel are read, and the guest's, which others hold already, are not", () => {
  const reading = parseCpuStat("cpu  1 2 3 4 5 6 7 8 9 10\ncpu0 11 12 13 14 15 16 17 18 19 20\nintr 1\n");
  assert.deepEqual(reading?.all, { user: 1, nice: 2, system: 3, idle: 4, iowait: 5, irq: 6, softirq: 7, steal: 8 });
  assert.equal(reading.cores.get(0)?.user, 11);
});

test("columns that an old kernel does not have are 0", () => {
  assert.deepEqual(parseCpuStat(STAT.ancient)?.all, {
    user: 2255,
    nice: 34,
    system: 2290,
    idle: 22_625_563,
    iowait: 0,
    irq: 0,
    softirq: 0,
    steal: 0,
  });
  assert.deepEqual(Object.values(parseCpuStat(STAT.seven)?.all ?? {}), [4705, 356, 584, 3699, 23, 23, 0, 0]);
});

const cores: [name: keyof typeof STAT, numbers: number[]][] = [
  ["ancient", [0]],
  ["centos7", [0, 1]],
  ["offline", [0, 3]],
  ["lxcfs", [0]],
  ["huge", [0, 255]],
];
for (const [name, numbers] of cores) {
  test(`the cores of "${name}" keep their numbers`, () => {
    assert.deepEqual([...(parseCpuStat(STAT[name])?.cores.keys() ?? [])], numbers);
  });
}

test("a line whose counter fell below zero is no reading, and the others stand", () => {
  const reading = parseCpuStat(STAT.underflow);
  assert.equal(reading?.all, null);
  assert.deepEqual([...reading.cores.keys()], [0]);
});

for (const [what, text] of Object.entries({
  nothing: "",
  "another file": "MemTotal: 1 kB\n",
  "too few columns": "cpu 1 2 3\n",
  words: "cpu a b c d\n",
  "negative numbers": "cpu  -1 2 3 4\n",
})) {
  test(`${what} is no reading`, () => {
    assert.equal(parseCpuStat(text), null);
  });
}

test("a core's number past any kernel's limit is left out", () => {
  assert.deepEqual([...(parseCpuStat("cpu 1 1 1 1\ncpu9999 1 1 1 1\ncpu8191 1 1 1 1")?.cores.keys() ?? [])], [8191]);
});

test("a text that is cut in the middle of a line is read up to there", () => {
  const reading = parseCpuStat("cpu  1 2 3 4 5 6 7 8 9 10\ncpu0 1 2 3 4 5 6 7 8\ncpu1 1 2");
  assert.deepEqual([...(reading?.cores.keys() ?? [])], [0]);
});
