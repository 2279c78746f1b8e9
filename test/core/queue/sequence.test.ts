import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { Worker } from "node:worker_threads";
import { formatFileName } from "../../../src/core/queue/file-name.ts";
import { highestSequence, sequenceBuffer, sharedSequence } from "../../../src/core/queue/sequence.ts";
import { temporaryFolder } from "./support.ts";

test("threads that share a buffer never get the same number, and each gets rising ones", async () => {
  const buffer = sequenceBuffer(1000);
  const count = 20_000;
  const lists = await Promise.all(
    [1, 2, 3].map(async () => {
      const worker = new Worker(new URL("sequence-thread.js", import.meta.url), { workerData: { buffer, count } });
      const [numbers] = (await once(worker, "message")) as [number[]];
      return numbers;
    }),
  );
  for (const list of lists)
    assert.deepEqual(
      list,
      list.toSorted((a, b) => a - b),
    );
  assert.equal(new Set(lists.flat()).size, 3 * count);
  assert.equal(sharedSequence(buffer).next(), 1000 + 3 * count + 1);
  assert.equal(sharedSequence(buffer).base, 1000);
});

test("numbering goes on after the highest number in any folder, in tmp too, or in a ledger", async (t) => {
  const root = await temporaryFolder(t);
  assert.equal(await highestSequence(root), 0);
  for (const [folder, seq] of [
    ["incoming", 3],
    ["processing", 4],
    ["outgoing", 9],
    ["dead-letter", 5],
  ] as const) {
    await mkdir(join(root, folder));
    await writeFile(join(root, folder, formatFileName({ seq, lane: 1, rank: 0, key: "k" })), "");
  }
  assert.equal(await highestSequence(root), 9);
  await mkdir(join(root, "tmp"));
  await writeFile(join(root, "tmp", formatFileName({ seq: 11, lane: 1, rank: 0, key: "k" })), "");
  assert.equal(await highestSequence(root), 11);
  await writeFile(join(root, "sent.jsonl"), '{"timestamp":1,"key":"k","event":"done","seq":12}\n{"seq":99');
  assert.equal(await highestSequence(root), 12);
});

test("a file with an absurd number does not use the numbers up", async (t) => {
  const root = await temporaryFolder(t);
  await mkdir(join(root, "incoming"));
  await writeFile(join(root, "incoming", "9999999999999999.1.k.json"), "");
  assert.equal(await highestSequence(root), 0);
});
