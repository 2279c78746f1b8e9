import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { test } from "node:test";
import { promisify } from "node:util";
import { systemClock } from "../../../src/core/clock.ts";
import { HostSampler } from "../../../src/dashboard/host/sampler.ts";
import { needsLinux, needsProgram } from "../../support/needs.ts";
import { tempDir } from "../../support/temp-dir.ts";

/** The same numbers as the tools of the machine give. */
const run = promisify(execFile);
const environment = { ...process.env, LC_ALL: "C", S_TIME_FORMAT: "ISO" };

function without(command: string, remedy: string): string | false {
  return needsLinux() || needsProgram(command, remedy);
}

function sampler(diskPath = "/"): HostSampler {
  return new HostSampler({ procRoot: "/proc", diskPath, clock: systemClock });
}

function near(what: string, ours: number | null | undefined, theirs: number | undefined, tolerance: number): void {
  const far = Math.abs((ours ?? Number.NaN) - (theirs ?? Number.NaN));
  assert.ok(far <= tolerance, `${what}: ours ${ours}, theirs ${theirs}`);
}

interface MpstatRow {
  readonly cpu: string;
  readonly iowait: number;
  readonly steal: number;
  readonly idle: number;
}

async function mpstat(): Promise<MpstatRow[]> {
  const { stdout } = await run("mpstat", ["-P", "ALL", "-o", "JSON", "3", "1"], { env: environment });
  const report = JSON.parse(stdout) as {
    sysstat: { hosts: [{ statistics: [{ "cpu-load": MpstatRow[] }] }] };
  };
  return report.sysstat.hosts[0].statistics[0]["cpu-load"];
}

/** Others work on this machine between our reading and theirs: one comparison of some is near enough. */
async function once(compare: () => Promise<void>): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await compare();
      return;
    } catch (error) {
      if (attempt === 10) throw error;
    }
  }
}

test("CPU shares are those of mpstat", { skip: without("mpstat", "apt-get install sysstat") }, () =>
  // mpstat's three seconds are not quite ours: it has to start and to end.
  once(async () => {
    const ours = sampler();
    ours.sample();
    const theirs = await mpstat();
    const { cpu } = ours.sample();
    ours.stop();
    const all = theirs.find((row) => row.cpu === "all");
    near("busy", cpu.percent, all && 100 - all.idle - all.iowait, 2);
    near("iowait", cpu.iowait, all?.iowait, 2);
    near("steal", cpu.steal, all?.steal, 2);
    for (const row of theirs)
      if (row.cpu !== "all") near(`core ${row.cpu}`, cpu.cores[Number(row.cpu)], 100 - row.idle - row.iowait, 4);
    assert.equal(cpu.cores.filter((core) => core !== null).length, theirs.length - 1);
  }),
);

test("memory is that of free", { skip: without("free", "apt-get install procps") }, () =>
  once(async () => {
    const { stdout } = await run("free", ["-b"], { env: environment });
    const ours = sampler();
    const { memory } = ours.sample();
    ours.stop();
    const [total = 0, , , , , available] = (/^Mem:(.*)$/m.exec(stdout)?.[1] ?? "").trim().split(/\s+/).map(Number);
    assert.equal(memory.total, total);
    near("available", memory.available, available, total / 50);
    near("percent", memory.percent, 100 * (1 - (available ?? Number.NaN) / total), 2);
  }),
);

test("the disk is that of df", { skip: without("df", "apt-get install coreutils") }, async (t) => {
  const dir = await tempDir(t);
  for (const path of [dir, "/"]) {
    const ours = sampler(path);
    const { disk } = ours.sample();
    ours.stop();
    const { stdout } = await run("df", ["-B1", "--output=size,used,avail,pcent", path], { env: environment });
    const [size = 0, used, available, percent] = (stdout.trim().split("\n")[1] ?? "")
      .trim()
      .split(/\s+/)
      .map((word) => Number(word.replace("%", "")));
    assert.equal(disk.total, size);
    near("used", disk.used, used, size / 50);
    near("available", disk.available, available, size / 50);
    // df rounds up.
    near("percent", disk.percent, percent, 2);
  }
});

test("load and uptime are those of the uptime command", { skip: without("uptime", "apt-get install procps") }, () =>
  once(async () => {
    const ours = sampler();
    const { load, uptime } = ours.sample();
    ours.stop();
    const words = await run("uptime", [], { env: environment });
    const theirs = (/load averages?: (.*)$/m.exec(words.stdout)?.[1] ?? "").split(/[ ,]+/).map(Number);
    for (const [index, value] of load.entries()) near(`load ${index}`, value, theirs[index], 1);
    const { stdout } = await run("uptime", ["-s"], { env: environment });
    near("boot", Date.now() / 1_000 - (uptime ?? Number.NaN), Date.parse(stdout.trim().replace(" ", "T")) / 1_000, 5);
  }),
);
