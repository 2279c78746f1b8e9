import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { containerOf } from "../../../src/dashboard/host/cgroup.ts";
import { parseCpuStat } from "../../../src/dashboard/host/cpu-stat.ts";
import { cpuUsage } from "../../../src/dashboard/host/cpu-usage.ts";
import { parseLoadavg } from "../../../src/dashboard/host/loadavg.ts";
import { parseMeminfo } from "../../../src/dashboard/host/meminfo.ts";
import { parseStartTicks } from "../../../src/dashboard/host/pid-stat.ts";
import { parsePressure, pressureSince } from "../../../src/dashboard/host/pressure.ts";
import { parseUptime } from "../../../src/dashboard/host/uptime.ts";
import { parseOomKills } from "../../../src/dashboard/host/vmstat.ts";
import { CGROUP, MEMINFO, pidStat, PRESSURE, STAT } from "./kernels.ts";

/** A text with pieces cut out, doubled or replaced by others. */
function damaged(...texts: string[]): fc.Arbitrary<string> {
  const piece = fc.oneof(
    fc.constantFrom("", "\n", " ", "-1", "18446744073709551616", "9".repeat(400), "NaN", "0", "kB", ")", "cpu", "\0"),
    fc.string({ unit: "binary", maxLength: 8 }),
  );
  const cut = fc.record({ at: fc.double({ min: 0, max: 1, noNaN: true }), length: fc.nat(40), piece });
  return fc.tuple(fc.constantFrom(...texts), fc.array(cut, { maxLength: 6 })).map(([text, cuts]) =>
    cuts.reduce((whole, { at, length, piece }) => {
      const from = Math.floor(at * whole.length);
      return whole.slice(0, from) + piece + whole.slice(from + length);
    }, text),
  );
}

function isPercent(value: number | null): void {
  assert.ok(value === null || (value >= 0 && value <= 100), `${value} is no percentage`);
  assert.ok(value === null || Math.round(value * 100) / 100 === value, `${value} has more than two decimals`);
}

function isCount(value: number | null): void {
  assert.ok(value === null || (Number.isFinite(value) && value >= 0), `${value} is no amount`);
}

test("whatever two readings of the CPU hold, shares are 0 to 100 or unknown, and busy and iowait fit into one whole", () => {
  const counter = fc.oneof(fc.nat(1_000), fc.maxSafeNat());
  const line = fc.array(counter, { minLength: 4, maxLength: 10 }).map((fields) => fields.join(" "));
  const reading = fc.tuple(line, fc.dictionary(fc.nat(20).map(String), line)).map(
    ([all, cores]) =>
      `cpu  ${all}\n${Object.entries(cores)
        .map(([id, core]) => `cpu${id} ${core}\n`)
        .join("")}`,
  );
  fc.assert(
    fc.property(reading, reading, (before, now) => {
      const { percent, iowait, steal, cores } = cpuUsage(parseCpuStat(before), parseCpuStat(now));
      for (const value of [percent, iowait, steal, ...cores]) isPercent(value);
      assert.ok((percent ?? 0) + (iowait ?? 0) <= 100.01 && (steal ?? 0) <= (percent ?? 0));
    }),
  );
});

test("a damaged text of the CPU is a share of 0 to 100 or unknown", () => {
  const stat = damaged(...Object.values(STAT));
  fc.assert(
    fc.property(stat, stat, (before, now) => {
      const { percent, iowait, steal, cores } = cpuUsage(parseCpuStat(before), parseCpuStat(now));
      for (const value of [percent, iowait, steal, ...cores]) isPercent(value);
      assert.ok(cores.length <= 8_192);
    }),
  );
});

test("a damaged text of the memory never tells more used, or available, than there is", () => {
  fc.assert(
    fc.property(damaged(...Object.values(MEMINFO)), (text) => {
      const { total, used, available, percent } = parseMeminfo(text);
      for (const value of [total, used, available]) isCount(value);
      isPercent(percent);
      assert.ok(used === null || available === null || used + available === total);
    }),
  );
});

test("a damaged text of the pressure is a share of 0 to 100 or unknown", () => {
  const text = damaged(...Object.values(PRESSURE));
  fc.assert(
    fc.property(text, text, fc.double({ min: -1, max: 1e9, noNaN: true }), (before, now, elapsed) => {
      const reading = parsePressure(now);
      if (reading === null) return;
      const { some, full } = pressureSince(parsePressure(before), reading, elapsed);
      for (const stall of [some, full])
        for (const value of Object.values(stall ?? {})) isPercent(value as number | null);
    }),
  );
});

test("a damaged text of anything else is an amount or unknown", () => {
  const small = damaged(
    "0.20 0.18 0.12 1/80 11206\n",
    "350735.47 234388.90\n",
    "pgmajfault 2\noom_kill 3\n",
    pidStat(5, "a) b", 812),
    ...Object.values(CGROUP),
  );
  fc.assert(
    fc.property(small, fc.boolean(), (text, namespaced) => {
      for (const value of parseLoadavg(text) ?? []) isCount(value);
      isCount(parseUptime(text));
      isCount(parseOomKills(text));
      isCount(parseStartTicks(text));
      assert.match(containerOf(text, namespaced) ?? "own", /^(own|[0-9a-f]{64})$/);
    }),
  );
});
