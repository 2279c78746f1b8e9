import assert from "node:assert/strict";
import { open, readFile, readdir, rename, writeFile, type FileHandle } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { systemFault } from "../../src/core/errors.ts";
import { JsonlWriter, readAll, readLast } from "../../src/core/jsonl.ts";
import { noSmallDisk, smallDisk } from "../support/small-disk.ts";
import { temporaryFolder } from "./queue/support.ts";
import { isOpen, watchSyncs } from "./queue/syncs.ts";

async function all(path: string): Promise<unknown[]> {
  const records: unknown[] = [];
  for await (const record of readAll(path)) records.push(record);
  return records;
}

test("records come back in the order in which they were appended", async (t) => {
  const path = join(await temporaryFolder(t), "logs", "a.jsonl");
  const writer = await JsonlWriter.open(path, { durable: true });
  const records = Array.from({ length: 200 }, (_, n) => ({ n, text: "né\n".repeat(n) }));
  await Promise.all(records.map((record) => writer.append(record)));
  await writer.close();
  assert.deepEqual(await all(path), records);
  assert.equal((await readFile(path, "utf8")).split("\n").length, 201);
  await assert.rejects(writer.append({ n: 0 }), /closed/);
});

test("a durable record is synced before append resolves, and the name of a new file before its first record", async (t) => {
  const dir = await temporaryFolder(t);
  const syncs = await watchSyncs(t, dir);
  const writer = await JsonlWriter.open(join(dir, "a.jsonl"), { durable: true });
  assert.deepEqual(syncs.seen, [{ call: "sync", on: [""], files: { "a.jsonl": "" } }]);
  let sync = (): void => undefined;
  const begun = new Promise<void>((begin) => {
    syncs.before = () => {
      begin();
      return new Promise((resolve) => {
        sync = resolve;
      });
    };
  });
  const appended = writer.append({ n: 1 });
  await Promise.race([begun, appended]);
  assert.deepEqual(syncs.seen.slice(1), [{ call: "datasync", on: ["a.jsonl"], files: { "a.jsonl": '{"n":1}\n' } }]);
  assert.equal(await isOpen(appended), true);
  sync();
  await appended;
  await writer.close();
});

test("a durable file is synced before it is rolled, so that the sync of the next one misses no record", async (t) => {
  const dir = await temporaryFolder(t);
  const writer = await JsonlWriter.open(join(dir, "a.jsonl"), { durable: true, maxBytes: 10 });
  const syncs = await watchSyncs(t, dir);
  await Promise.all([writer.append({ n: 1 }), writer.append({ n: 2 })]);
  await writer.close();
  const [one, two] = ['{"n":1}\n', '{"n":2}\n'];
  assert.deepEqual(syncs.seen, [
    { call: "datasync", on: ["a.jsonl"], files: { "a.jsonl": one } },
    { call: "sync", on: [""], files: { "a.1.jsonl": one, "a.jsonl": "" } },
    { call: "datasync", on: ["a.jsonl"], files: { "a.1.jsonl": one, "a.jsonl": two } },
  ]);
});

test("a log that need not be durable is never synced", async (t) => {
  const dir = await temporaryFolder(t);
  const syncs = await watchSyncs(t, dir);
  const writer = await JsonlWriter.open(join(dir, "a.jsonl"), { maxBytes: 10 });
  for (const n of [1, 2]) await writer.append({ n });
  await writer.close();
  assert.deepEqual(syncs.seen, []);
});

test("a full file is rolled under the next number, and readers read across", async (t) => {
  const dir = await temporaryFolder(t);
  const path = join(dir, "a.jsonl");
  for (const start of [0, 50]) {
    const writer = await JsonlWriter.open(path, { maxBytes: 50 });
    for (let n = start; n < start + 50; n += 1) await writer.append({ n });
    await writer.close();
  }
  const numbers = Array.from({ length: 100 }, (_, n) => ({ n }));
  assert.deepEqual(await all(path), numbers);
  assert.deepEqual(await readLast(path, 42), numbers.slice(-42));
  assert.deepEqual(await readLast(path, 1000), numbers);
  const names = await readdir(dir);
  assert.ok(names.includes("a.1.jsonl") && names.includes("a.10.jsonl"));
  for (const name of names) assert.ok((await readFile(join(dir, name))).length <= 50, name);
});

test("a record after a torn one starts on a line of its own, and the torn one is passed over", async (t) => {
  const path = join(await temporaryFolder(t), "a.jsonl");
  await writeFile(path, '{"n":1}\n{"n":2,"te');
  const writer = await JsonlWriter.open(path);
  await writer.append({ n: 3 });
  await writer.close();
  assert.deepEqual(await all(path), [{ n: 1 }, { n: 3 }]);
  assert.deepEqual(await readLast(path, 5), [{ n: 1 }, { n: 3 }]);
});

test("readLast gives the last that pass the filter, over lines longer than what it reads at once", async (t) => {
  const path = join(await temporaryFolder(t), "a.jsonl");
  const texts = Array.from({ length: 30 }, (_, n) => ({ n, text: "é🦀".repeat(n * 4001) }));
  await writeFile(path, `\n\nrubbish\n[1]\n"x"\n${texts.map((record) => JSON.stringify(record)).join("\n")}`);
  const odd = texts.filter(({ n }) => n % 2 === 1);
  assert.deepEqual(await readLast(path, 6, ({ n }) => Number(n) % 2 === 1), odd.slice(-6));
  assert.deepEqual(await readLast(path, 0), []);
  assert.deepEqual(await readLast(path, 99), texts);
});

test("a file that does not exist has no records", async (t) => {
  const path = join(await temporaryFolder(t), "none.jsonl");
  assert.deepEqual(await readLast(path, 3), []);
  assert.deepEqual(await all(path), []);
});

test("a record that cannot be written is refused, and the next one is written when the fault is over", async (t) => {
  const dir = await temporaryFolder(t);
  const path = join(dir, "logs", "a.jsonl");
  const writer = await JsonlWriter.open(path, { maxBytes: 20 });
  await writer.append({ n: 1 });
  await rename(join(dir, "logs"), join(dir, "away"));
  await assert.rejects(writer.append({ n: "too long for the first file" }), { code: "ENOENT" });
  await assert.rejects(writer.append({ n: 3 }), { code: "ENOENT" });
  await rename(join(dir, "away"), join(dir, "logs"));
  await writer.append({ n: 4 });
  await writer.close();
  assert.deepEqual(await all(path), [{ n: 1 }, { n: 4 }]);
});

test("of records that are refused together none is in the file, whole or torn", { skip: noSmallDisk }, async (t) => {
  const disk = await smallDisk(t, { mib: 0.25 });
  const path = join(disk.path, "a.jsonl");
  const writer = await JsonlWriter.open(path);
  await writer.append({ n: 1 });
  const large = "x".repeat(512 * 1024);
  const both = await Promise.allSettled([writer.append({ n: 2 }), writer.append({ n: 3, large })]);
  assert.deepEqual(
    both.map((one) => one.status === "rejected" && systemFault(one.reason, ["ENOSPC"])),
    ["ENOSPC", "ENOSPC"],
  );
  assert.equal(await readFile(path, "utf8"), '{"n":1}\n');
  await writer.append({ n: 4 });
  await writer.close();
  assert.deepEqual(await all(path), [{ n: 1 }, { n: 4 }]);
});

test(
  "records before a roll are told as written though those after it are refused",
  { skip: noSmallDisk },
  async (t) => {
    const disk = await smallDisk(t, { mib: 0.25 });
    const path = join(disk.path, "a.jsonl");
    const writer = await JsonlWriter.open(path, { durable: true, maxBytes: 20 });
    const large = "x".repeat(512 * 1024);
    const appended = [{ n: 1 }, { n: 2 }, { n: 3, large }, { n: 4 }].map((record) => writer.append(record));
    const states = (await Promise.allSettled(appended)).map(({ status }) => status);
    assert.deepEqual(states, ["fulfilled", "fulfilled", "rejected", "rejected"]);
    await writer.append({ n: 5 });
    await writer.close();
    assert.deepEqual(await all(path), [{ n: 1 }, { n: 2 }, { n: 5 }]);
  },
);

test("a record whose sync failed is not in the file", async (t) => {
  const dir = await temporaryFolder(t);
  const path = join(dir, "a.jsonl");
  const writer = await JsonlWriter.open(path, { durable: true });
  await writer.append({ n: 1 });
  const syncs = await watchSyncs(t, dir);
  syncs.before = () => Promise.reject(Object.assign(new Error("i/o error"), { code: "EIO" }));
  await assert.rejects(writer.append({ n: 2 }), { code: "sync_failed" });
  assert.deepEqual(await all(path), [{ n: 1 }]);
  syncs.before = () => undefined;
  await writer.append({ n: 3 });
  await writer.close();
  assert.deepEqual(await all(path), [{ n: 1 }, { n: 3 }]);
});

test("a refusal says when what was refused could not be taken back", { skip: noSmallDisk }, async (t) => {
  const disk = await smallDisk(t, { mib: 0.25 });
  const path = join(disk.path, "a.jsonl");
  const handle = await open(path, "a");
  const prototype = Object.getPrototypeOf(handle) as FileHandle;
  await handle.close();
  t.mock.method(prototype, "truncate", () => Promise.reject(Object.assign(new Error("i/o error"), { code: "EIO" })));
  const writer = await JsonlWriter.open(path);
  const refused = await Promise.allSettled([writer.append({ n: 1, large: "x".repeat(512 * 1024) })]);
  const reason: unknown = refused[0].status === "rejected" ? refused[0].reason : undefined;
  assert.match(
    String(reason),
    /ENOSPC.*; cutting the file back to 0 bytes failed too: Error EIO: i\/o error\. What was/,
  );
  assert.equal(systemFault(reason, ["ENOSPC"]), "ENOSPC");
  await writer.close();
});
