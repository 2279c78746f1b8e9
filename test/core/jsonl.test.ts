import assert from "node:assert/strict";
import { readFile, readdir, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { JsonlWriter, readAll, readLast } from "../../src/core/jsonl.ts";
import { temporaryFolder } from "./queue/support.ts";

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
