import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { appendFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { SourceFile } from "../../../src/dashboard/tail/source-file.ts";
import { temporaryFolder } from "./support.ts";

test("a folder, a pipe without a writer and nothing at all are no files, and nobody waits for them", async (t) => {
  const folder = await temporaryFolder(t);
  assert.equal(spawnSync("mkfifo", [join(folder, "pipe")]).status, 0);
  await writeFile(join(folder, "file"), "");
  for (const name of [".", "pipe", "none", "file/none"]) {
    assert.equal(await SourceFile.open(join(folder, name)), undefined, name);
  }
});

test("an open file can be read after its name is gone, until the last who shares it has let go", async (t) => {
  const path = join(await temporaryFolder(t), "a");
  await writeFile(path, "12345");
  const file = await SourceFile.open(path);
  assert.ok(file);
  assert.equal(await file.isLinked(), true);
  await rm(path);
  assert.equal(await file.isLinked(), false);
  file.retain();
  await file.release();
  const buffer = Buffer.alloc(9);
  assert.equal(await file.read(buffer, 9, 3), 2);
  assert.equal(buffer.toString("utf8", 0, 2), "45");
  await file.release();
  await assert.rejects(file.read(buffer, 1, 0), { code: "file_unreadable" });
});

test("a place is held by the bytes before it, and by no others", async (t) => {
  const path = join(await temporaryFolder(t), "a");
  await writeFile(path, "abc");
  const file = await SourceFile.open(path);
  assert.ok(file);
  t.after(() => file.release());
  assert.equal(await file.holds({ gen: "", offset: 0, check: 0 }), true);
  assert.equal(await file.holds({ gen: "", offset: 3, check: 440920331 }), true, "FNV-1a of abc is 1a47e90b");
  assert.equal(await file.holds({ gen: "", offset: 3, check: 1 }), false);
  assert.equal(await file.holds({ gen: "", offset: 4, check: 440920331 }), false);
  await appendFile(path, "d");
  assert.equal(await file.holds({ gen: "", offset: 3, check: 440920331 }), true);
});
