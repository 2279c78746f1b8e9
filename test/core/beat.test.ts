import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { Worker } from "node:worker_threads";
import { BeatBlock } from "../../src/core/beat.ts";

test("fields are apart from each other and zero at first", () => {
  const block = new BeatBlock();
  block.set("inFlight", 3);
  assert.deepEqual([block.get("beat"), block.get("inFlight"), block.get("lastPollOk")], [0, 3, 0]);
});

test("times of today fit, and fractions are cut", () => {
  const block = new BeatBlock();
  block.set("beat", 1_790_000_000_123.9);
  assert.equal(block.get("beat"), 1_790_000_000_123);
});

test("a reset takes all fields back to zero", () => {
  const block = new BeatBlock();
  block.set("beat", 1);
  block.set("lastPollOk", 2);
  block.reset();
  assert.deepEqual([block.get("beat"), block.get("lastPollOk")], [0, 0]);
});

test("what a hanging thread wrote is read from another", async () => {
  const block = new BeatBlock();
  const worker = new Worker(new URL("fixtures/beating.js", import.meta.url), { workerData: block.buffer });
  await once(worker, "message");
  assert.deepEqual([block.get("beat"), block.get("inFlight")], [1_790_000_000_000, 2]);
  await worker.terminate();
});
