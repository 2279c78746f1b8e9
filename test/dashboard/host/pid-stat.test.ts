import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { parseStartTicks, TICKS_PER_SECOND } from "../../../src/dashboard/host/pid-stat.ts";
import { parseUptime } from "../../../src/dashboard/host/uptime.ts";
import { needsLinux } from "../../support/needs.ts";
import { pidStat } from "./kernels.ts";

for (const comm of ["node", "Web Content", "(sd-pam)", "a) S 1 2 3", "))) (((", "tmux: server", ""]) {
  test(`the start of a process called ${JSON.stringify(comm)} is found`, () => {
    assert.equal(parseStartTicks(pidStat(71, comm, 8_675_309)), 8_675_309);
  });
}

for (const text of ["", "71 (node", "71 (node)", "71 (node) S 1 2 3\n", pidStat(7, "x", Number.NaN)]) {
  test(`${JSON.stringify(text.slice(0, 20))} tells no start`, () => {
    assert.equal(parseStartTicks(text), null);
  });
}

test("this process began as long ago as it says itself", { skip: needsLinux() }, async () => {
  const ticks = parseStartTicks(await readFile("/proc/self/stat", "utf8"));
  const uptime = parseUptime(await readFile("/proc/uptime", "utf8"));
  assert.ok(ticks !== null && uptime !== null);
  const ran = uptime - ticks / TICKS_PER_SECOND;
  assert.ok(Math.abs(ran - process.uptime()) < 10, `${ran} s by procfs, ${process.uptime()} s by Node`);
});
