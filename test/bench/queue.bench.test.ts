import assert from "node:assert/strict";
import { test } from "node:test";
import { hasRedis } from "../../bench/queue/bullmq.ts";
import { QUICK } from "../../bench/queue/sizes.ts";
import { nodeWithSqlite } from "../../bench/queue/sqlite.ts";
import { run } from "../../bench/queue.bench.ts";

const RAW = "two raw fsyncs";
const PLAIN = "tmp + rename, nothing synced";
const SQLITE = nodeWithSqlite(QUICK.fetchNode) === undefined ? [] : ["SQLite, WAL, synchronous FULL"];
const BULLMQ = hasRedis() ? ["BullMQ, appendfsync always"] : [];

/** Each figure, with those that its name must be followed by. */
const FIGURES: Readonly<Record<string, readonly string[]>> = {
  "durable enqueue, p50": [RAW, PLAIN, ...SQLITE, ...BULLMQ],
  "durable enqueue, p99": [RAW, PLAIN, ...SQLITE, ...BULLMQ],
  "enqueue → claimed by another thread, p50": [],
  "enqueue → claimed by the same thread, p50": [PLAIN, ...SQLITE, ...BULLMQ],
  "claims with 5 waiting": [PLAIN, ...SQLITE, ...BULLMQ],
  "claims with 50 waiting": [PLAIN, ...SQLITE, ...BULLMQ],
  "16 producers": [RAW, PLAIN, ...SQLITE, ...BULLMQ],
  "16 producers, share of 16 times one": [],
  "16 producers, syncs of a file for each message": [],
  "16 producers, syncs of a folder for each message": [],
  "start with 40 messages waiting": [PLAIN, ...SQLITE, ...BULLMQ],
  "start with 40 messages in work": [PLAIN, ...SQLITE],
  "start with 40 messages answered": [],
};

test("the queue's benchmark measures it and what this machine has to compare it with, and 16 producers share syncs", async () => {
  const rows = await run(QUICK);
  const values = rows.filter(({ unit }) => unit !== "×");
  const expected = Object.entries(FIGURES).flatMap(([what, others]) => [
    what,
    ...others.map((one) => `${what}: ${one}`),
  ]);
  assert.deepEqual(values.map(({ what }) => what).sort(), expected.sort());
  for (const { what, value } of rows) assert.ok(Number.isFinite(value), what);
  // These hold whatever the machine does meanwhile.
  const syncs = (of: string): number =>
    rows.find(({ what }) => what === `16 producers, syncs of a ${of} for each message`)?.value ?? Number.NaN;
  assert.equal(syncs("file"), 1);
  assert.ok(syncs("folder") <= 0.5, `${syncs("folder")} syncs of a folder for each message`);
});
