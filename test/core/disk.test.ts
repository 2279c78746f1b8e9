import assert from "node:assert/strict";
import { test } from "node:test";
import { diskLevel, nextLevel, readDiskSpace, type DiskLevel } from "../../src/core/disk.ts";
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
  ["a disk of 64 MiB is empty", { freeBytes: 64 * MIB, totalBytes: 64 * MIB }, "ok"],
  ["a twentieth of a small disk is free", { freeBytes: 5 * MIB, totalBytes: 100 * MIB }, "soft"],
  ["less than a twentieth of a small disk is free", { freeBytes: 5 * MIB - 1, totalBytes: 100 * MIB }, "hard"],
  ["one inode in a hundred is free", { freeInodes: 10 }, "ok"],
  ["fewer inodes than one in a hundred are free", { freeInodes: 9 }, "hard"],
  ["the file system has no fixed number of inodes", { freeInodes: 0, totalInodes: 0 }, "ok"],
];
for (const [when, change, level] of cases) {
  test(`the level is ${level} when ${when}`, () => {
    assert.equal(diskLevel({ ...roomy, ...change }), level);
    assert.equal(nextLevel("ok", { ...roomy, ...change }), level);
  });
}

const changes: [DiskLevel, Partial<typeof roomy>, DiskLevel, string][] = [
  ["hard", { freeBytes: 64 * MIB }, "hard", "64 MiB are free"],
  ["hard", { freeBytes: 128 * MIB - 1 }, "hard", "less than 128 MiB are free"],
  ["hard", { freeBytes: 128 * MIB }, "soft", "128 MiB are free"],
  ["hard", { freeBytes: 2 * GIB }, "ok", "2 GiB are free"],
  ["hard", { freeInodes: 19 }, "hard", "less than two inodes in a hundred are free"],
  ["hard", { freeInodes: 20 }, "ok", "two inodes in a hundred are free"],
  ["hard", { freeBytes: 10 * MIB - 1, totalBytes: 100 * MIB }, "hard", "less than a tenth of a small disk is free"],
  ["hard", { freeBytes: 10 * MIB, totalBytes: 100 * MIB }, "soft", "a tenth of a small disk is free"],
  ["soft", { freeBytes: 2 * GIB - 1 }, "soft", "less than 2 GiB are free"],
  ["soft", { freeBytes: 2 * GIB }, "ok", "2 GiB are free"],
  ["soft", { freeBytes: 64 * MIB - 1 }, "hard", "less than 64 MiB are free"],
  ["soft", { freeInodes: 19 }, "soft", "less than two inodes in a hundred are free"],
  ["ok", { freeBytes: GIB }, "ok", "1 GiB is free"],
];
for (const [before, change, after, when] of changes) {
  test(`after ${before} comes ${after} when ${when}`, () => {
    assert.equal(nextLevel(before, { ...roomy, ...change }), after);
  });
}

test("each level can be left on a disk of any size, and by the ballast's return no level is entered", () => {
  for (let totalBytes = 1 * MIB; totalBytes < 100 * GIB; totalBytes *= 2) {
    const space = { ...roomy, totalBytes, freeBytes: totalBytes };
    assert.equal(nextLevel("hard", space), "ok", `${totalBytes} bytes`);
    const twice = Math.ceil(2 * Math.min(totalBytes / 20, 64 * MIB));
    const ballast = Math.min(totalBytes / 160, 8 * MIB);
    assert.notEqual(nextLevel("soft", { ...space, freeBytes: twice - ballast }), "hard", `${totalBytes} bytes`);
  }
});

test("the space of a real directory is read in bytes", async (t) => {
  const space = await readDiskSpace(await tempDir(t));
  assert.ok(space.totalBytes > MIB && space.freeBytes >= 0 && space.freeBytes <= space.totalBytes);
});

test("a directory that does not exist is an error of the system", async (t) => {
  await assert.rejects(readDiskSpace(`${await tempDir(t)}/none`), { code: "ENOENT" });
});
