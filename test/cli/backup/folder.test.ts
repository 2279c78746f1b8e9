import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { rename, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { Folder } from "../../../src/cli/backup/folder.ts";
import { tempDir } from "../../support/temp-dir.ts";
import { write } from "./scene.ts";

test("below a folder no link is followed, and a fifo is waited for by nobody", async (t) => {
  const dir = await tempDir(t);
  await write(join(dir, "inside", "file"), "secret");
  await write(join(dir, "a", "plain"), "plain");
  await symlink("../inside", join(dir, "a", "folder"));
  await symlink("../inside/file", join(dir, "a", "file"));
  execFileSync("mkfifo", [join(dir, "a", "pipe")]);
  const folder = await Folder.open(join(dir, "a"));
  assert.ok(folder !== undefined);
  t.after(() => folder.close());
  assert.deepEqual(
    (await folder.entries()).map(({ name, kind, unfit }) => [name, kind, unfit]),
    [
      ["file", "other", "a symbolic link"],
      ["folder", "other", "a symbolic link"],
      ["pipe", "other", "a fifo"],
      ["plain", "file", undefined],
    ],
  );
  assert.equal(await folder.folder("folder"), undefined);
  for (const name of ["file", "pipe", "folder", "missing"]) assert.equal(await folder.file(name), undefined, name);
});

test("a folder that is held is read where it went, not where its name leads now", async (t) => {
  const dir = await tempDir(t);
  await write(join(dir, "a", "b", "file"), "ours");
  await write(join(dir, "elsewhere", "file"), "a secret");
  const a = await Folder.open(join(dir, "a"));
  const b = await a?.folder("b");
  assert.ok(a !== undefined && b !== undefined);
  t.after(async () => {
    await a.close();
    await b.close();
  });
  await rename(join(dir, "a", "b"), join(dir, "a", "c"));
  await symlink(join(dir, "elsewhere"), join(dir, "a", "b"));
  const handle = await b.file("file");
  assert.equal(await handle?.readFile("utf8"), "ours");
  await handle?.close();
  assert.equal(await a.folder("b"), undefined);
});

test("a name with a line break, which an archive would take for its end, is told as such", async (t) => {
  const dir = await tempDir(t);
  await writeFile(join(dir, "a\n14 path=data"), "x");
  const folder = await Folder.open(dir);
  t.after(() => folder?.close());
  assert.deepEqual(
    (await folder?.entries())?.map(({ kind, unfit }) => [kind, unfit]),
    [["other", "a name with control characters"]],
  );
});

test("a name that is not UTF-8 is told as such", async (t) => {
  const dir = await tempDir(t);
  await writeFile(Buffer.concat([Buffer.from(`${dir}/`), Buffer.from([0xff, 0x41])]), "x");
  const folder = await Folder.open(dir);
  t.after(() => folder?.close());
  assert.deepEqual(
    (await folder?.entries())?.map(({ kind, unfit }) => [kind, unfit]),
    [["other", "a name that is not UTF-8"]],
  );
});
