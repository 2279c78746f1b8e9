import assert from "node:assert/strict";
import { test } from "node:test";
import { LaneIndex } from "../../../src/core/queue/lanes.ts";

const entry = (seq: number, lane: number) => ({ seq, lane, key: `k${seq}` });

test("messages added out of order are taken in order of their numbers", () => {
  const index = new LaneIndex();
  for (const seq of [5, 1, 3]) index.add(entry(seq, 1));
  const seqs = [];
  for (let taken = index.take(); taken !== undefined; taken = index.take()) {
    seqs.push(taken.seq);
    index.end(taken);
  }
  assert.deepEqual(seqs, [1, 3, 5]);
});

test("a lane that was served goes behind the others, and a paused one is passed over", () => {
  const index = new LaneIndex();
  for (const [seq, lane] of [
    [1, 1],
    [2, 1],
    [3, 2],
    [4, 2],
  ] as const)
    index.add(entry(seq, lane));
  const first = index.take();
  assert.equal(first?.seq, 1);
  index.putBack(first, true);
  assert.equal(index.take()?.seq, 3);
  assert.equal(index.hasFree(), false);
  index.resume(1);
  assert.equal(index.hasFree(), true);
  assert.equal(index.take()?.seq, 1);
});

test("the pause of a head that vanishes ends with it", () => {
  const index = new LaneIndex();
  index.add(entry(1, 1));
  index.add(entry(2, 1));
  const head = index.take();
  assert.ok(head);
  index.putBack(head, true);
  index.end(head);
  assert.equal(index.take()?.seq, 2);
});
