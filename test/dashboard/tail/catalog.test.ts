import assert from "node:assert/strict";
import { renameSync, writeFileSync } from "node:fs";
import { rename, symlink, utimes, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { test } from "node:test";
import { systemClock } from "../../../src/core/clock.ts";
import { Catalog } from "../../../src/dashboard/tail/catalog.ts";
import { temporaryFolder } from "./support.ts";

async function names(catalog: Catalog): Promise<string[]> {
  return (await catalog.list()).map(({ path }) => basename(path));
}

test("rolled files come first, the one that grows last", async (t) => {
  const folder = await temporaryFolder(t);
  for (const name of ["a.10.jsonl", "a.jsonl", "a.9.jsonl", "b.1.jsonl"]) await writeFile(join(folder, name), name);
  const catalog = new Catalog(join(folder, "a.jsonl"), "jsonl", systemClock);
  assert.deepEqual(await names(catalog), ["a.9.jsonl", "a.10.jsonl", "a.jsonl"]);
  assert.equal(catalog.count, 3);
});

test("files of two ways of rotating are put in order by their times", async (t) => {
  const folder = await temporaryFolder(t);
  const order = ["a.jsonl.2", "a.1.jsonl", "a.jsonl.1", "a.2.jsonl"];
  for (const [n, name] of order.entries()) {
    await writeFile(join(folder, name), name);
    await utimes(join(folder, name), 1_700_000_000 + n, 1_700_000_000 + n);
  }
  assert.deepEqual(await names(new Catalog(join(folder, "a.jsonl"), "jsonl", systemClock)), order);
});

test("pino-roll's are put in order by their times, and one that the link does not show yet comes last", async (t) => {
  const folder = await temporaryFolder(t);
  for (const [n, name] of ["q.3", "q.1", "q.2", "q.4"].entries()) {
    await writeFile(join(folder, name), name);
    await utimes(join(folder, name), 1_700_000_000 + n, 1_700_000_000 + n);
  }
  await symlink("q.2", join(folder, "link"));
  const catalog = new Catalog(join(folder, "link"), "pino", systemClock);
  assert.deepEqual(await names(catalog), ["q.3", "q.1", "q.2", "q.4"]);
});

test("a folder is read again when it has changed, and when it has only just changed", async (t) => {
  const folder = await temporaryFolder(t);
  const path = join(folder, "a.jsonl");
  const now = new Date();
  await writeFile(path, "1\n");
  const catalog = new Catalog(path, "jsonl", { ...systemClock, now: () => now.getTime() });
  await utimes(folder, 1_700_000_000, 1_700_000_000);
  const first = await catalog.list();
  assert.equal(await catalog.list(), first, "not read again");
  assert.notEqual(await catalog.list({ fresh: true }), first);
  await utimes(folder, now, now);
  assert.equal((await catalog.list()).length, 1);
  await rename(path, join(folder, "a.1.jsonl"));
  await writeFile(path, "2\n");
  await utimes(folder, now, now);
  assert.equal((await catalog.list()).length, 2);
});

test("files that are renamed while they are looked at are found, each once and in order", async (t) => {
  const folder = await temporaryFolder(t);
  const path = join(folder, "a.log");
  const catalog = new Catalog(path, undefined, systemClock);
  writeFileSync(path, "0\n");
  const order: string[] = [];
  for (let round = 1; round <= 12; round += 1) {
    const before = await catalog.list({ fresh: true });
    order.push(before.at(-1)?.gen ?? "");
    const listing = catalog.list({ fresh: true });
    for (let turn = 0; turn < round; turn += 1) await new Promise(setImmediate);
    for (let n = round; n > 0; n -= 1) {
      const from = n === 1 ? path : `${path}.${n - 1}`;
      renameSync(from, `${path}.${n}`);
    }
    writeFileSync(path, `${round}\n`);
    const found = (await listing).map(({ gen }) => gen).slice(0, order.length);
    assert.deepEqual(found, order, `round ${round}`);
  }
});
