import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { mkdir, rename, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import { ProcFiles, readHead } from "../../../src/dashboard/host/proc-file.ts";
import { needsLinux } from "../../support/needs.ts";
import { tempDir } from "../../support/temp-dir.ts";

const noProcfs = needsLinux();
const open = (): number => readdirSync("/proc/self/fd").length;

test("a file is opened once, read anew each time, and closed at the end", { skip: noProcfs }, async (t) => {
  const dir = await tempDir(t);
  await writeFile(path.join(dir, "stat"), "one");
  const files = new ProcFiles(dir);
  const before = open();
  assert.equal(files.read("stat"), "one");
  await writeFile(path.join(dir, "stat"), "three");
  assert.equal(files.read("stat"), "three");
  for (let n = 0; n < 20; n += 1) files.read("stat");
  assert.equal(open(), before + 1);
  files.close();
  assert.equal(open(), before);
});

test("a shorter text leaves nothing of a longer one behind", async (t) => {
  const dir = await tempDir(t);
  await writeFile(path.join(dir, "a"), "a long text\n");
  await writeFile(path.join(dir, "b"), "b\n");
  const files = new ProcFiles(dir);
  t.after(() => {
    files.close();
  });
  assert.deepEqual([files.read("a"), files.read("b")], ["a long text\n", "b\n"]);
});

test("a file that is not there is null, and read when it comes", async (t) => {
  const dir = await tempDir(t);
  const files = new ProcFiles(dir);
  t.after(() => {
    files.close();
  });
  assert.equal(files.read("pressure/cpu"), null);
  await mkdir(path.join(dir, "pressure"));
  await writeFile(path.join(dir, "pressure", "cpu"), "some");
  assert.equal(files.read("pressure/cpu"), "some");
});

test("a directory, or a file that has become empty, is null, and what is there later is read", async (t) => {
  const dir = await tempDir(t);
  const files = new ProcFiles(dir);
  t.after(() => {
    files.close();
  });
  await mkdir(path.join(dir, "stat"));
  assert.equal(files.read("stat"), null);
  await rm(path.join(dir, "stat"), { recursive: true });
  await writeFile(path.join(dir, "stat"), "one");
  assert.equal(files.read("stat"), "one");
  await writeFile(path.join(dir, "stat"), "");
  assert.equal(files.read("stat"), null);
  await writeFile(path.join(dir, "new"), "two");
  await rename(path.join(dir, "new"), path.join(dir, "stat"));
  assert.equal(files.read("stat"), "two");
});

test("a text of more than a page comes whole from the kernel", { skip: noProcfs }, (t) => {
  const files = new ProcFiles("/proc");
  t.after(() => {
    files.close();
  });
  const maps = files.read("self/maps") ?? "";
  assert.ok(maps.length > 8_192, `${maps.length} bytes`);
  assert.match(maps, /\[stack\]\n/);
});

test("the head of a file is as much as the buffer holds", async (t) => {
  const file = path.join(await tempDir(t), "cmdline");
  await writeFile(file, "node\0main.js\0");
  assert.equal(readHead(file, Buffer.alloc(8)), "node\0mai");
  assert.equal(readHead(file, Buffer.alloc(80)), "node\0main.js\0");
  assert.equal(readHead(`${file}.none`, Buffer.alloc(8)), null);
});
