import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdir, symlink, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { MAX_FILE_BYTES } from "../../../src/core/queue/envelope.ts";
import { readQueueFile } from "../../../src/core/queue/read-file.ts";
import { temporaryFolder } from "./support.ts";

test("a regular file is read whole, up to 16 MiB", async (t) => {
  const path = join(await temporaryFolder(t), "a.json");
  const bytes = Buffer.alloc(MAX_FILE_BYTES, "x");
  await writeFile(path, bytes);
  const read = await readQueueFile(path);
  assert.ok(read.status === "read" && read.bytes.equals(bytes));
  await truncate(path, MAX_FILE_BYTES + 1);
  assert.equal((await readQueueFile(path)).status, "unfit");
  await truncate(path, 0);
  assert.equal((await readQueueFile(path)).status, "empty");
});

test("a link is not followed, a fifo without a writer does not block, a folder and a device are no files", async (t) => {
  const dir = await temporaryFolder(t);
  await writeFile(join(dir, "secret"), "secret");
  await symlink(join(dir, "secret"), join(dir, "link"));
  await mkdir(join(dir, "folder"));
  execFileSync("mkfifo", [join(dir, "fifo")]);
  for (const path of [join(dir, "link"), join(dir, "folder"), join(dir, "fifo"), "/dev/null"]) {
    assert.equal((await readQueueFile(path)).status, "unfit", path);
  }
  assert.equal((await readQueueFile(join(dir, "missing"))).status, "gone");
});
