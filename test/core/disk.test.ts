import assert from "node:assert/strict";
import { test } from "node:test";
import { diskLevel, readDiskSpace, type DiskLevel } from "../../src/core/disk.ts";
import { tempDir } from "../support/temp-dir.ts";

const MIB = 1024 * 1024;
const GIB = 1024 * MIB;
const roomy = { freeBytes: 50 * GIB, totalBytes: 100 * GIB, freeInodes: 900, totalInodes: 1_000 };

const cases: [string, Partial<typeof roomy>, DiskLevel][] = [
  ["half of a large disk is free", {}, "ok"],
  ["1 GiB of a large disk is free", { freeBytes: GIB }, "ok"],
  ["a byte less than 1 GiB of a large disk is free", { freeBytes: GIB - 1 }, "soft"],
  ["a tenth of a small disk is free", { freeBytes: 100 * MIB, totalBytes: 1_000 * MIB }, "ok"],
  ["less than a tenth of a small disk is free", { freeBytes: 99 * MIB, totalBytes: 1_000 * MIB }, "soft"],
  ["64 MiB are free", { freeBytes: 64 * MIB }, "soft"],
  ["a byte less than 64 MiB is free", { freeBytes: 64 * MIB - 1 }, "hard"],
  ["one inode in a hundred is free", { freeInodes: 10 }, "ok"],
  ["fewer inodes than one in a hundred are free", { freeInodes: 9 }, "hard"],
  ["the file system has no fixed number of inodes", { freeInodes: 0, totalInodes: 0 }, "ok"],
];
for (const [when, change, level] of cases) {
  test(`the level is ${level} when ${when}`, () => {
    assert.equal(diskLevel({ ...roomy, ...change }), level);
  });
}

test("the space of a real directory is read in bytes", async (t) => {
  const space = await readDiskSpace(await tempDir(t));
  assert.ok(space.totalBytes > MIB && space.freeBytes >= 0 && space.freeBytes <= space.totalBytes);
});

test("a directory that does not exist is an error of the system", async (t) => {
  await assert.rejects(readDiskSpace(`${await tempDir(t)}/none`), { code: "ENOENT" });
});
