/** On a real file system of 64 MiB: hard is under 3.2 MiB, left at 6.4 MiB; soft is under 6.4 MiB, left at 12.8 MiB. */
import assert from "node:assert/strict";
import { mkdir, stat, statfs, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { ballastPath, fillBallast, readBallast, spendBallast } from "../../src/core/ballast.ts";
import { systemClock, type Clock } from "../../src/core/clock.ts";
import type { DiskLevel } from "../../src/core/disk.ts";
import { DiskWatch, sparingLog, type Look } from "../../src/core/disk-watch.ts";
import { QueueError } from "../../src/core/queue/errors.ts";
import { memoryLog } from "../support/memory-log.ts";
import { noSmallDisk, smallDisk } from "../support/small-disk.ts";
import { tempDir } from "../support/temp-dir.ts";

const MIB = 1024 * 1024;
const skip = noSmallDisk;

/** A watch that looks when `pass` is called, and when it is made to. */
async function open(t: TestContext, dir: string) {
  await mkdir(join(dir, "status"), { recursive: true });
  const due: { ms: number; task: () => void }[] = [];
  let now = 0;
  const clock: Clock = {
    ...systemClock,
    monotonic: () => now,
    after: (ms, task) => {
      const entry = { ms, task };
      due.push(entry);
      return () => {
        due.splice(due.indexOf(entry), due.includes(entry) ? 1 : 0);
      };
    },
  };
  const changes: DiskLevel[] = [];
  let looked: (look: Look) => void = () => undefined;
  const watch = new DiskWatch({
    dir,
    clock,
    log: memoryLog().log,
    onChange: (level) => changes.push(level),
    onLook: (look) => Promise.resolve(looked(look)),
  });
  t.after(() => watch.stop());
  await watch.start();
  const nextLook = (): Promise<Look> => new Promise((resolve) => (looked = resolve));
  return {
    watch,
    changes,
    due,
    nextLook,
    advance: (ms: number): void => {
      now += ms;
    },
    pass: async (): Promise<DiskLevel> => {
      const look = nextLook();
      due.shift()?.task();
      await look;
      await new Promise((resolve) => setImmediate(resolve));
      return watch.level;
    },
  };
}

test("a disk that fills up goes through the levels, and back at twice the floor", { skip }, async (t) => {
  const disk = await smallDisk(t);
  const { pass, changes } = await open(t, disk.path);
  const at = async (leave: number): Promise<DiskLevel> => {
    await disk.clear();
    await disk.fill(leave);
    return pass();
  };
  assert.equal(await at(20 * MIB), "ok");
  assert.equal(await at(6 * MIB), "soft");
  assert.equal(await at(3 * MIB), "hard");
  assert.equal(await at(7 * MIB), "soft");
  assert.equal(await at(20 * MIB), "ok");
  assert.deepEqual(changes, ["soft", "hard", "soft", "ok"]);
});

test(
  "while the ballast is spent a watch that starts anew finds the disk full up to twice the floor",
  { skip },
  async (t) => {
    const disk = await smallDisk(t);
    await mkdir(join(disk.path, "status"));
    await spendBallast(disk.path);
    await disk.fill(5 * MIB);
    const { watch, pass } = await open(t, disk.path);
    assert.equal(watch.level, "hard");
    await disk.clear();
    await disk.fill(7 * MIB);
    assert.equal(await pass(), "soft");
  },
);

test("a disk without inodes is full, and roomy when there are some", { skip }, async (t) => {
  const disk = await smallDisk(t, { inodes: 1_000 });
  const { pass } = await open(t, disk.path);
  await disk.fillInodes(9);
  assert.equal(await pass(), "hard");
  await disk.clear();
  assert.equal(await pass(), "ok");
});

test("a file system that was made read-only is full, and well when it is writable again", { skip }, async (t) => {
  const disk = await smallDisk(t);
  const { pass } = await open(t, disk.path);
  await disk.readOnly(true);
  assert.equal(await pass(), "hard");
  await disk.readOnly(false);
  assert.equal(await pass(), "ok");
});

test("a directory that is gone counts as full", async (t) => {
  const { watch } = await open(t, join(await tempDir(t), "data"));
  assert.equal(watch.level, "ok");
  const gone = new DiskWatch({ dir: "/nowhere", clock: systemClock, log: memoryLog().log });
  await gone.start();
  await gone.stop();
  assert.equal(gone.level, "hard");
});

test("it looks every five seconds, and at once when a write finds no room, however deep that lies", async (t) => {
  const { watch, due, pass, nextLook, advance } = await open(t, await tempDir(t));
  assert.deepEqual(
    due.map(({ ms }) => ms),
    [5_000],
  );
  await pass();
  assert.equal(due[0]?.ms, 5_000);
  watch.suspect(new Error("something else"));
  assert.equal(due[0]?.ms, 5_000);
  const cause = Object.assign(new Error("write"), { code: "EDQUOT" });
  watch.suspect(new QueueError("queue_write_failed", "no", { cause }));
  assert.deepEqual(
    due.map(({ ms }) => ms),
    [500],
  );
  advance(500);
  const look = nextLook();
  watch.suspect(Object.assign(new Error("write"), { code: "ENOSPC" }));
  await look;
});

test("a watch that was stopped looks no more", async (t) => {
  const { watch, due } = await open(t, await tempDir(t));
  await watch.stop();
  assert.deepEqual(due, []);
  watch.suspect(Object.assign(new Error("write"), { code: "ENOSPC" }));
  assert.deepEqual(due, []);
});

test("the ballast takes real space, gives it back, and keeps the moment", { skip }, async (t) => {
  const disk = await smallDisk(t);
  const free = async (): Promise<number> => {
    const { bavail, bsize } = await statfs(disk.path);
    return bavail * bsize;
  };
  await mkdir(join(disk.path, "status"));
  assert.deepEqual(await readBallast(disk.path), { state: "none" });
  const before = await free();
  await fillBallast(disk.path, 64 * MIB);
  assert.deepEqual(await readBallast(disk.path), { state: "whole" });
  const { size, blocks } = await stat(ballastPath(disk.path));
  assert.ok(size === Math.trunc((64 * MIB) / 160) && blocks * 512 >= size, `${size} bytes in ${blocks} blocks`);
  assert.ok(before - (await free()) >= size);
  const since = Date.now() - 100;
  await spendBallast(disk.path);
  const spent = await readBallast(disk.path);
  assert.ok(spent.state === "spent" && spent.since >= since && spent.since <= Date.now() + 100, JSON.stringify(spent));
  assert.equal(await free(), before);
});

test("on a large disk the ballast is 8 MiB", async (t) => {
  const dir = await tempDir(t);
  await mkdir(join(dir, "status"));
  await fillBallast(dir, 1024 ** 4);
  assert.equal((await stat(ballastPath(dir))).size, 8 * MIB);
});

test("a ballast for which there is no room leaves nothing behind, and what was there stays", { skip }, async (t) => {
  const disk = await smallDisk(t);
  await mkdir(join(disk.path, "status"));
  await spendBallast(disk.path);
  await disk.fill(MIB / 8);
  await assert.rejects(fillBallast(disk.path, 64 * MIB), { code: "ENOSPC" });
  assert.equal((await readBallast(disk.path)).state, "spent");
  await writeFile(join(disk.path, "status", "small"), "there is room again");
});

test("lines for the search for faults are left out while the disk is short, the others are not", () => {
  const { log, lines } = memoryLog();
  const disk = { level: "ok" as DiskLevel };
  const sparing = sparingLog(log, disk);
  const say = (): void => {
    for (const level of ["debug", "info", "warn", "error"] as const) sparing[level]({}, disk.level);
  };
  say();
  disk.level = "soft";
  say();
  assert.deepEqual(
    lines.map(({ level, message }) => `${message} ${level}`),
    ["ok debug", "ok info", "ok warn", "ok error", "soft info", "soft warn", "soft error"],
  );
});
