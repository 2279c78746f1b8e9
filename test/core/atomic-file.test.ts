import assert from "node:assert/strict";
import fs from "node:fs";
import { mkdir, readFile, readdir, readlink, stat, writeFile } from "node:fs/promises";
import { syncBuiltinESMExports } from "node:module";
import { join } from "node:path";
import { test } from "node:test";
import { setImmediate as nextTurn } from "node:timers/promises";
import {
  publishFile,
  replaceFile,
  replaceIfRoom,
  syncDirectory,
  syncOnce,
  writeAll,
} from "../../src/core/atomic-file.ts";
import { eventually } from "../support/eventually.ts";
import { noSmallDisk, smallDisk } from "../support/small-disk.ts";
import { temporaryFolder } from "./queue/support.ts";
import { watchSyncs } from "./queue/syncs.ts";

test("a write that is cut short goes on where it stopped", async () => {
  const written: number[] = [];
  const handle = {
    async write(buffer: Uint8Array, offset: number, length: number) {
      const part = buffer.subarray(offset, offset + Math.min(3, length));
      written.push(...part);
      return { bytesWritten: part.length };
    },
  };
  const bytes = Buffer.from("a message of some length");
  await writeAll(handle, bytes);
  assert.equal(Buffer.from(written).toString(), bytes.toString());
});

test("a write that makes no headway fails and does not loop", async () => {
  await assert.rejects(writeAll({ write: async () => ({ bytesWritten: 0 }) }, Buffer.from("x")), /byte 0 of 1/);
});

test("a sync that fails is a fault of its own and is not tried again", async () => {
  let calls = 0;
  const failing = async (): Promise<void> => {
    calls += 1;
    throw Object.assign(new Error("i/o error"), { code: "EIO" });
  };
  await assert.rejects(syncOnce("/data/x", failing), { code: "sync_failed" });
  assert.equal(calls, 1);
});

test("a published file is whole, the owner's and the group's, and leaves nothing in tmp", async (t) => {
  const dir = await temporaryFolder(t);
  const tmpDir = join(dir, "tmp");
  await mkdir(tmpDir);
  const bytes = Buffer.alloc(300_000, "x");
  assert.equal(await publishFile({ tmpDir, dir, name: "a", bytes }), "published");
  assert.deepEqual(await readFile(join(dir, "a")), bytes);
  assert.equal((await stat(join(dir, "a"))).mode & 0o037, 0);
  assert.deepEqual(await readdir(tmpDir), []);
});

test("what was written, or could not be, is closed, and so is its folder", async (t) => {
  const dir = await temporaryFolder(t);
  const openFiles = async (): Promise<string[]> => {
    const fds = await readdir("/proc/self/fd");
    const paths = await Promise.all(fds.map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => "")));
    return paths.filter((path) => path.startsWith(dir));
  };
  const warnings: string[] = [];
  const onWarning = ({ message }: Error): number => warnings.push(message);
  process.on("warning", onWarning);
  t.after(() => process.off("warning", onWarning));
  const tmpDir = join(dir, "tmp");
  await mkdir(tmpDir);
  const bytes = Buffer.from("x");
  const syncs = await watchSyncs(t, dir);
  await publishFile({ tmpDir, dir, name: "a", bytes });
  syncs.before = () => Promise.reject(new Error("i/o error"));
  await assert.rejects(publishFile({ tmpDir, dir, name: "b", bytes }), { code: "sync_failed" });
  await assert.rejects(syncDirectory(dir), { code: "sync_failed" });
  await replaceFile(join(dir, "a"), bytes, { durable: false });
  assert.equal((await openFiles()).includes(join(dir, "a")), false);
  // Nobody is told when the others are closed. What is forgotten is closed in the end too, as garbage, with a warning.
  await eventually("all closed", async () => ((await openFiles()).length === 0 ? true : undefined));
  assert.deepEqual(warnings, []);
});

test("a published file is synced before it has its name, and the name in tmp goes while its folder is synced", async (t) => {
  const root = await temporaryFolder(t);
  for (const name of ["tmp", "incoming"]) await mkdir(join(root, name));
  const syncs = await watchSyncs(t, root);
  const [tmpDir, dir] = [join(root, "tmp"), join(root, "incoming")];
  const names: string[][] = [];
  syncs.before = async ({ call }) => {
    if (call === "datasync") return;
    await eventually("an empty tmp", async () => ((await readdir(tmpDir)).length === 0 ? true : undefined));
    names.push(await readdir(tmpDir), await readdir(dir));
  };
  const bytes = Buffer.alloc(300_000, "x");
  await publishFile({ tmpDir, dir, name: "a", bytes });
  const text = bytes.toString();
  const [first, second, ...rest] = syncs.seen;
  assert.deepEqual(first, { call: "datasync", on: ["tmp/a"], files: { "tmp/a": text } });
  assert.deepEqual([second?.call, second?.on, second?.files["incoming/a"]], ["sync", ["incoming"], text]);
  assert.deepEqual(rest, []);
  assert.deepEqual(names, [[], ["a"]]);
});

test("a file whose folder cannot be synced has left tmp when that is told", async (t) => {
  const root = await temporaryFolder(t);
  for (const name of ["tmp", "incoming"]) await mkdir(join(root, name));
  let removed = false;
  const { unlink } = fs.promises;
  const { mock } = t.mock.method(fs.promises, "unlink", async (path: string) => {
    await nextTurn();
    await unlink(path);
    removed = true;
  });
  syncBuiltinESMExports();
  t.after(() => {
    mock.restore();
    syncBuiltinESMExports();
  });
  const syncs = await watchSyncs(t, root);
  syncs.before = ({ call }) => (call === "sync" ? Promise.reject(new Error("i/o error")) : undefined);
  const file = { tmpDir: join(root, "tmp"), dir: join(root, "incoming"), name: "a", bytes: Buffer.from("x") };
  await assert.rejects(publishFile(file), { code: "sync_failed" });
  assert.equal(removed, true);
  assert.deepEqual(await readdir(file.tmpDir), []);
});

test("a file whose turn has not come has no name yet, though others are published meanwhile", async (t) => {
  const dir = await temporaryFolder(t);
  const tmpDir = join(dir, "tmp");
  await mkdir(tmpDir);
  let begin = (): void => undefined;
  const turn = new Promise<void>((resolve) => {
    begin = resolve;
  });
  const first = publishFile({ tmpDir, dir, name: "a", bytes: Buffer.from("a"), turn });
  for (const name of ["b", "c"]) await publishFile({ tmpDir, dir, name, bytes: Buffer.from(name) });
  assert.deepEqual((await readdir(dir)).sort(), ["b", "c", "tmp"]);
  begin();
  await first;
  assert.deepEqual((await readdir(dir)).sort(), ["a", "b", "c", "tmp"]);
});

test("publishing never replaces a file", async (t) => {
  const dir = await temporaryFolder(t);
  const tmpDir = join(dir, "tmp");
  await mkdir(tmpDir);
  await writeFile(join(dir, "a"), "first");
  assert.equal(await publishFile({ tmpDir, dir, name: "a", bytes: Buffer.from("second") }), "already_there");
  assert.equal(await readFile(join(dir, "a"), "utf8"), "first");
  assert.deepEqual(await readdir(tmpDir), []);
});

test("a file that cannot be published leaves nothing behind", async (t) => {
  const dir = await temporaryFolder(t);
  await assert.rejects(publishFile({ tmpDir: dir, dir: join(dir, "missing"), name: "a", bytes: Buffer.from("x") }), {
    code: "ENOENT",
  });
  assert.deepEqual(await readdir(dir), []);
});

test("callers that come while a directory is synced share the next sync, and none shares one that began before", async (t) => {
  const dir = await temporaryFolder(t);
  const first = syncDirectory(dir);
  const second = syncDirectory(dir);
  assert.notEqual(second, first);
  assert.equal(syncDirectory(dir), second);
  await first;
  assert.equal(syncDirectory(dir) === first, false);
  await second;
});

test("a replaced file is the old one or the new one, and the last call wins", async (t) => {
  const dir = await temporaryFolder(t);
  const path = join(dir, "threads.json");
  const texts = Array.from({ length: 20 }, (_, n) => `${n} `.repeat(5000));
  const replaced = Promise.all(texts.map((text, n) => replaceFile(path, text, { durable: n % 2 === 0 })));
  const reading = new AbortController();
  void replaced.finally(() => {
    reading.abort();
  });
  while (!reading.signal.aborted) {
    const seen = await readFile(path, "utf8").catch(() => texts[0]);
    assert.ok(texts.includes(seen ?? ""), "part of a file was seen");
  }
  await replaced;
  assert.equal(await readFile(path, "utf8"), texts.at(-1));
  assert.deepEqual(await readdir(dir), ["threads.json"]);
});

test("a replaced file is synced before it takes the place, and its folder afterwards", async (t) => {
  const dir = await temporaryFolder(t);
  const path = join(dir, "threads.json");
  await writeFile(path, "old");
  const syncs = await watchSyncs(t, dir);
  await replaceFile(path, "new");
  const [first, second, ...rest] = syncs.seen;
  const [tmp = ""] = first?.on ?? [];
  assert.deepEqual(first, { call: "datasync", on: [tmp], files: { [tmp]: "new", "threads.json": "old" } });
  assert.deepEqual(second, { call: "sync", on: [""], files: { "threads.json": "new" } });
  assert.deepEqual(rest, []);
});

test("a file that need not be durable is replaced without a sync", async (t) => {
  const dir = await temporaryFolder(t);
  const syncs = await watchSyncs(t, dir);
  await replaceFile(join(dir, "status.json"), "new", { durable: false });
  assert.equal(await readFile(join(dir, "status.json"), "utf8"), "new");
  assert.deepEqual(syncs.seen, []);
});

test(
  "where the old text would do, a full disk leaves it, and any other fault is told",
  { skip: noSmallDisk },
  async (t) => {
    const disk = await smallDisk(t, { mib: 1 });
    const path = join(disk.path, "ledger.jsonl");
    await writeFile(path, "old");
    await disk.fill(0);
    await assert.rejects(replaceFile(path, "new"), { code: "ENOSPC" });
    await replaceIfRoom(path, "new");
    assert.deepEqual([await readFile(path, "utf8"), await readdir(disk.path)], ["old", ["filler", "ledger.jsonl"]]);
    await disk.clear();
    await replaceIfRoom(path, "new");
    assert.equal(await readFile(path, "utf8"), "new");
    await assert.rejects(replaceIfRoom(join(disk.path, "none", "ledger.jsonl"), "new"), { code: "ENOENT" });
  },
);
