import assert from "node:assert/strict";
import { test } from "node:test";
import { diskUsage, readDiskUsage } from "../../../src/dashboard/host/disk-usage.ts";
import { tempDir } from "../../support/temp-dir.ts";

const table: [
  what: string,
  counts: [bsize: bigint, blocks: bigint, bfree: bigint, bavail: bigint],
  usage: [total: number, used: number, available: number, percent: number | null],
][] = [
  ["root's reserve is neither used nor available", [4096n, 100n, 40n, 30n], [409_600, 245_760, 122_880, 66.67]],
  ["an empty disk", [512n, 100n, 100n, 100n], [51_200, 0, 51_200, 0]],
  ["a full disk whose reserve is left", [1n, 100n, 5n, 0n], [100, 95, 0, 100]],
  ["a disk that root has overdrawn", [1n, 100n, 3n, -2n], [100, 97, 0, 100]],
  ["more free than there is", [1n, 100n, 200n, 200n], [100, 0, 200, 0]],
  ["a file system without blocks", [4096n, 0n, 0n, 0n], [0, 0, 0, null]],
  ["an exbibyte", [1n << 20n, 1n << 40n, 1n << 39n, 1n << 39n], [2 ** 60, 2 ** 59, 2 ** 59, 50]],
];
for (const [what, [bsize, blocks, bfree, bavail], [total, used, available, percent]] of table) {
  test(`disk: ${what}`, () => {
    assert.deepEqual(diskUsage({ bsize, blocks, bfree, bavail }), { total, used, available, percent });
  });
}

test("a path that does not exist is unknown", async (t) => {
  const usage = readDiskUsage(`${await tempDir(t)}/none`);
  assert.deepEqual(usage, { total: null, used: null, available: null, percent: null });
});
