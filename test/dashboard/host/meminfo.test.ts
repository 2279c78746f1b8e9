import assert from "node:assert/strict";
import { test } from "node:test";
import { parseMeminfo } from "../../../src/dashboard/host/meminfo.ts";
import { MEMINFO } from "./kernels.ts";

const KIB = 1024;

test("used is what is not available", () => {
  assert.deepEqual(parseMeminfo(MEMINFO.current), {
    total: 16_303_496 * KIB,
    used: 8_151_748 * KIB,
    available: 8_151_748 * KIB,
    percent: 50,
  });
});

test("a kernel that does not say what is available: free memory and caches are, shared memory is not", () => {
  const available = 154_784 + 140_736 + 1_914_528 + 234_100 - 204_800;
  const memory = parseMeminfo(MEMINFO.old);
  assert.equal(memory.available, available * KIB);
  assert.equal(memory.used, (3_882_076 - available) * KIB);
});

test("the table that the oldest kernels begin with is passed over", () => {
  const { total, available } = parseMeminfo(MEMINFO.ancient);
  assert.deepEqual([total, available], [128_372 * KIB, (2_600 + 6_760 + 71_284) * KIB]);
});

test("more available than there is counts as all of it", () => {
  const total = 524_288 * KIB;
  assert.deepEqual(parseMeminfo(MEMINFO.lxcfs), { total, used: 0, available: total, percent: 0 });
});

test("more shared memory than caches takes nothing from what is free", () => {
  assert.equal(parseMeminfo("MemTotal: 100 kB\nMemFree: 40 kB\nCached: 1 kB\nShmem: 30 kB\n").available, 40 * KIB);
});

const unknown = { used: null, available: null, percent: null };
for (const [what, text, total] of [
  ["nothing", "", null],
  ["no total", "MemAvailable: 5 kB\n", null],
  ["a total of 0", "MemTotal: 0 kB\nMemFree: 0 kB\n", 0],
  ["nothing but the total", "MemTotal: 8 kB\n", 8 * KIB],
  ["a total past all numbers", "MemTotal: 99999999999999999999 kB\nMemFree: 1 kB\n", null],
] as const) {
  test(`${what} tells no usage`, () => {
    assert.deepEqual(parseMeminfo(text), { total, ...unknown });
  });
}
