import assert from "node:assert/strict";
import { mkdir, rename, rm, utimes, writeFile } from "node:fs/promises";
import path from "node:path";
import { test, type TestContext } from "node:test";
import { QueueDepthReader } from "../../../src/dashboard/services/queue-depth.ts";
import { tempDir } from "../../support/temp-dir.ts";
import { ManualClock } from "../host/manual-clock.ts";

const LONG_AGO = new Date(1_000_000);
const EMPTY = { incoming: 0, processing: 0, outgoing: 0, deadLetter: 0, corrupt: 0 };

async function stage(t: TestContext): Promise<{
  root: string;
  clock: ManualClock;
  reader: QueueDepthReader;
  put: (...names: string[]) => Promise<void>;
}> {
  const root = path.join(await tempDir(t), "queue");
  for (const folder of ["incoming", "processing", "outgoing", "dead-letter", "corrupt", "tmp"]) {
    await mkdir(path.join(root, folder), { recursive: true });
  }
  const clock = new ManualClock(Date.now());
  const put = async (...names: string[]): Promise<void> => {
    for (const name of names) await writeFile(path.join(root, name), "");
  };
  return { root, clock, reader: new QueueDepthReader(root, clock), put };
}

test("messages are counted by folder; what is written, hidden, or a reason is none", async (t) => {
  const { reader, put } = await stage(t);
  await put("tmp/a.json", "incoming/1.json", "incoming/2.json", "incoming/.3.json", "incoming/notes.txt");
  await put("processing/1.json", "dead-letter/1.json", "dead-letter/1.json.why", "corrupt/odd", "corrupt/odd.why");
  assert.deepEqual(await reader.read(), { ...EMPTY, incoming: 2, processing: 1, deadLetter: 1, corrupt: 1 });
});

test("a queue that is not there is empty, and counted when it comes", async (t) => {
  const { root, reader, clock, put } = await stage(t);
  await rm(root, { recursive: true });
  assert.deepEqual(await reader.read(), EMPTY);
  await mkdir(path.join(root, "incoming"), { recursive: true });
  await put("incoming/1.json");
  clock.advance(1_000);
  assert.equal((await reader.read()).incoming, 1);
});

test("a folder that cannot be read is unknown", async (t) => {
  const { root, reader } = await stage(t);
  await rm(path.join(root, "outgoing"), { recursive: true });
  await writeFile(path.join(root, "outgoing"), "");
  assert.deepEqual(await reader.read(), { ...EMPTY, outgoing: null });
});

test("a count is kept for a second", async (t) => {
  const { reader, clock, put } = await stage(t);
  await reader.read();
  await put("incoming/1.json");
  clock.advance(999);
  assert.equal((await reader.read()).incoming, 0);
  clock.advance(1);
  assert.equal((await reader.read()).incoming, 1);
});

test("readers at the same time share a look", async (t) => {
  const { reader } = await stage(t);
  const all = await Promise.all(Array.from({ length: 20 }, () => reader.read()));
  assert.equal(new Set(all).size, 1);
});

test("a look that takes long is followed by a pause of twenty times as long", async (t) => {
  const { reader, clock, put } = await stage(t);
  const look = reader.read();
  clock.advance(500);
  await look;
  await put("incoming/1.json");
  clock.advance(9_999);
  assert.equal((await reader.read()).incoming, 0);
  clock.advance(1);
  assert.equal((await reader.read()).incoming, 1);
});

test("the names of a folder that has not changed for two seconds are not read again", async (t) => {
  const { root, reader, clock, put } = await stage(t);
  const folder = path.join(root, "incoming");
  await put("incoming/1.json");
  clock.advance(60_000);
  assert.equal((await reader.read()).incoming, 1);
  await put("incoming/2.json");
  await utimes(folder, LONG_AGO, LONG_AGO);
  clock.advance(1_000);
  assert.equal((await reader.read()).incoming, 2);
  await put("incoming/3.json");
  // As if the folder had not changed.
  await utimes(folder, LONG_AGO, LONG_AGO);
  clock.advance(1_000);
  assert.equal((await reader.read()).incoming, 2);
});

test("a message that moves on is counted where it lies", async (t) => {
  const { root, reader, clock, put } = await stage(t);
  await put("incoming/1.json");
  await reader.read();
  await rename(path.join(root, "incoming", "1.json"), path.join(root, "processing", "1.json"));
  clock.advance(1_000);
  assert.deepEqual(await reader.read(), { ...EMPTY, processing: 1 });
});
