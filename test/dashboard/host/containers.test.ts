import assert from "node:assert/strict";
import { mkdir, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { test, type TestContext } from "node:test";
import { ContainerFinder } from "../../../src/dashboard/host/containers.ts";
import { tempDir } from "../../support/temp-dir.ts";
import { CGROUP, CGROUP_NONE, ID, INNER_ID, pidStat } from "./kernels.ts";
import { ManualClock } from "./manual-clock.ts";

const LOOK_MS = 15_000;
const OTHER_ID = ID.replaceAll("3", "e");
const scope = (id: string): string => `0::/system.slice/docker-${id}.scope\n`;

interface Process {
  readonly cgroup: string;
  readonly words: readonly string[];
  readonly startTicks: number;
}

/** A procfs with processes that a test adds and ends. */
async function stage(t: TestContext): Promise<{
  finder: ContainerFinder;
  clock: ManualClock;
  run: (pid: number, process: Process) => Promise<void>;
  end: (pid: number) => Promise<void>;
}> {
  const procRoot = await tempDir(t);
  const clock = new ManualClock(1_760_000_000_000);
  const finder = new ContainerFinder({ procRoot, clock });
  const run = async (pid: number, { cgroup, words, startTicks }: Process): Promise<void> => {
    const dir = path.join(procRoot, String(pid));
    await mkdir(dir, { recursive: true });
    await writeFile(path.join(dir, "cgroup"), cgroup);
    await writeFile(path.join(dir, "cmdline"), `${words.join("\0")}\0`);
    await writeFile(path.join(dir, "stat"), pidStat(pid, "node (1)", startTicks));
  };
  await run(1, { cgroup: CGROUP_NONE.init, words: ["/sbin/init"], startTicks: 2 });
  return { finder, clock, run, end: (pid) => rm(path.join(procRoot, String(pid)), { recursive: true }) };
}

test("the containers of our three programs are found, and how long each has run", async (t) => {
  const { finder, run } = await stage(t);
  await run(41, { cgroup: scope(ID), words: ["node", "dist/src/supervisor/main.js"], startTicks: 10_000 });
  await run(50, { cgroup: scope(INNER_ID), words: ["node", "dist/src/broker/main.js"], startTicks: 20_050 });
  await run(60, { cgroup: scope(OTHER_ID), words: ["node", "dist/src/dashboard/main.js"], startTicks: 99_999 });
  await run(70, { cgroup: CGROUP.podman.replaceAll("3", "d"), words: ["nginx"], startTicks: 500 });
  assert.deepEqual(finder.uptimes(1_000), { bot: null, broker: null, dashboard: null });
  await finder.refresh();
  assert.deepEqual(finder.uptimes(1_000), { bot: 900, broker: 799.5, dashboard: 0.01 });
});

test("a container is found by its program although another process is older", async (t) => {
  const { finder, run } = await stage(t);
  await run(40, { cgroup: scope(ID), words: ["/sbin/docker-init"], startTicks: 10_000 });
  await run(41, { cgroup: scope(ID), words: ["node", "dist/src/supervisor/main.js"], startTicks: 10_150 });
  await finder.refresh();
  assert.deepEqual(finder.uptimes(1_000), { bot: 900, broker: null, dashboard: null });
});

test("from within a container, its own processes are told from the host's", async (t) => {
  const { finder, run } = await stage(t);
  await run(1, { cgroup: CGROUP_NONE.outside, words: ["/sbin/init"], startTicks: 2 });
  await run(40, { cgroup: CGROUP.neighbour, words: ["node", "dist/src/supervisor/main.js"], startTicks: 10_000 });
  await run(50, { cgroup: CGROUP_NONE.root, words: ["node", "dist/src/dashboard/main.js"], startTicks: 20_000 });
  await run(60, { cgroup: "0::/../../user.slice\n", words: ["node", "dist/src/broker/main.js"], startTicks: 5 });
  await finder.refresh();
  assert.deepEqual(finder.uptimes(1_000), { bot: 900, broker: null, dashboard: 800 });
});

test("a program that runs in no container has no container's uptime", async (t) => {
  const { finder, run } = await stage(t);
  await run(40, { cgroup: CGROUP_NONE.host, words: ["node", "dist/src/supervisor/main.js"], startTicks: 10_000 });
  await finder.refresh();
  assert.equal(finder.uptimes(1_000).bot, null);
});

test("a new container is seen at the next look, 15 s after the last", async (t) => {
  const { finder, clock, run, end } = await stage(t);
  await finder.refresh();
  await run(40, { cgroup: scope(ID), words: ["node", "dist/src/supervisor/main.js"], startTicks: 10_000 });
  clock.advance(LOOK_MS - 1);
  await finder.refresh();
  assert.equal(finder.uptimes(1_000).bot, null);
  clock.advance(1);
  await finder.refresh();
  assert.equal(finder.uptimes(1_000).bot, 900);
  await end(40);
  clock.advance(LOOK_MS);
  await finder.refresh();
  assert.equal(finder.uptimes(1_000).bot, null);
});

test("a container that began anew under the same process number is another one", async (t) => {
  const { finder, clock, run } = await stage(t);
  const programs = ["supervisor", "broker", "dashboard"];
  for (const [n, name] of programs.entries()) {
    const id = [ID, INNER_ID, OTHER_ID][n] ?? "";
    await run(40 + n, { cgroup: scope(id), words: ["node", `${name}/main.js`], startTicks: 10_000 });
  }
  await finder.refresh();
  assert.deepEqual(finder.uptimes(1_000), { bot: 900, broker: 900, dashboard: 900 });
  await run(41, { cgroup: scope(INNER_ID), words: ["node", "broker/main.js"], startTicks: 95_000 });
  clock.advance(LOOK_MS);
  await finder.refresh();
  assert.deepEqual(finder.uptimes(1_000), { bot: 900, broker: 50, dashboard: 900 });
});

test("while all three live, the other processes are left alone", async (t) => {
  const { finder, clock, run } = await stage(t);
  for (const [n, name] of ["supervisor", "broker", "dashboard"].entries()) {
    const id = [ID, INNER_ID, OTHER_ID][n] ?? "";
    await run(40 + n, { cgroup: scope(id), words: ["node", `${name}/main.js`], startTicks: 10_000 });
  }
  await finder.refresh();
  // Were the processes looked through, this younger container would take the bot's place.
  await run(70, {
    cgroup: CGROUP.podman.replaceAll("3", "d"),
    words: ["node", "supervisor/main.js"],
    startTicks: 90_000,
  });
  clock.advance(LOOK_MS);
  await finder.refresh();
  assert.equal(finder.uptimes(1_000).bot, 900);
});

test("an uptime that cannot be set against the start of a process is unknown", async (t) => {
  const { finder, run } = await stage(t);
  await run(40, { cgroup: scope(ID), words: ["node", "supervisor/main.js"], startTicks: 100_000 });
  await finder.refresh();
  assert.equal(finder.uptimes(null).bot, null);
  assert.equal(finder.uptimes(60).bot, null);
  assert.equal(finder.uptimes(999.99).bot, 0);
});

test("a procfs that is gone has no containers", async (t) => {
  const clock = new ManualClock(0);
  const finder = new ContainerFinder({ procRoot: path.join(await tempDir(t), "none"), clock });
  await finder.refresh();
  assert.deepEqual(finder.uptimes(1_000), { bot: null, broker: null, dashboard: null });
});
