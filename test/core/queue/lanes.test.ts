import assert from "node:assert/strict";
import { test } from "node:test";
import { LaneIndex } from "../../../src/core/queue/lanes.ts";
import { HEARTBEAT, MACHINE, PERSON } from "../../../src/core/queue/rank.ts";
import type { Rank } from "../../../src/core/queue/rank.ts";

const entry = (seq: number, lane: number, rank: Rank = PERSON) => ({ seq, lane, rank, key: `k${seq}` });

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

test("a lane has the best rank of what waits in it now, not of what has left it", () => {
  const index = new LaneIndex();
  const person = entry(2, 1);
  for (const one of [entry(1, 1, HEARTBEAT), person, entry(3, 2, MACHINE)]) index.add(one);
  index.end(person);
  assert.equal(index.take()?.seq, 3);
  index.add(entry(4, 1));
  const heartbeat = index.take();
  assert.equal(heartbeat?.seq, 1);
  index.putBack(heartbeat, false);
  index.add(entry(5, 3));
  assert.deepEqual([index.take()?.seq, index.take()?.seq], [1, 5]);
});

test("a heartbeat that vanishes from work holds up no other", () => {
  const index = new LaneIndex();
  index.add(entry(1, 1, HEARTBEAT));
  index.add(entry(2, 2, HEARTBEAT));
  const first = index.take();
  assert.ok(first);
  assert.deepEqual([index.hasFree(), index.take()], [false, undefined]);
  index.end(first);
  assert.equal(index.hasFree(), true);
  assert.equal(index.take()?.seq, 2);
});

/** A plain restatement of the rule, against which the index is played. */
function expected(waiting: readonly ReturnType<typeof entry>[], inWork: readonly ReturnType<typeof entry>[]) {
  const ranked = [...new Set(waiting.map(({ lane }) => lane))]
    .filter((lane) => !inWork.some((one) => one.lane === lane))
    .map((lane) => waiting.filter((one) => one.lane === lane).toSorted((a, b) => a.seq - b.seq))
    .map((all) => ({ head: all[0], rank: Math.min(...all.map(({ rank }) => rank)) }))
    .filter(
      ({ head, rank }) => head?.rank !== HEARTBEAT || rank === PERSON || !inWork.some((one) => one.rank === HEARTBEAT),
    );
  const best = Math.min(...ranked.map(({ rank }) => rank));
  return ranked.filter(({ rank }) => rank === best).map(({ head }) => head?.seq);
}

test("whatever comes and goes, what is taken is the head of a free lane of the best rank", () => {
  const index = new LaneIndex<ReturnType<typeof entry>>();
  let waiting: ReturnType<typeof entry>[] = [];
  let inWork: ReturnType<typeof entry>[] = [];
  let state = 1;
  const random = (below: number): number => {
    state = (state * 48271) % 2147483647;
    return state % below;
  };
  for (let seq = 1; seq <= 5000; seq += 1) {
    const fresh = entry(seq, 1 + random(8), random(3) as Rank);
    index.add(fresh);
    waiting.push(fresh);
    if (random(3) === 0) {
      const may = expected(waiting, inWork);
      assert.equal(index.hasFree(), may.length > 0);
      const taken = index.take();
      assert.ok(taken === undefined ? may.length === 0 : may.includes(taken.seq), `${taken?.seq} of ${may.join()}`);
      if (taken !== undefined) {
        waiting = waiting.filter((one) => one !== taken);
        inWork.push(taken);
      }
    }
    const [oldest] = inWork;
    if (oldest === undefined || random(2) === 0) continue;
    inWork = inWork.slice(1);
    if (random(4) === 0) {
      index.putBack(oldest, false);
      waiting.push(oldest);
    } else {
      index.end(oldest);
    }
    for (const gone of waiting.length > 40 ? waiting.splice(0, 20) : []) index.end(gone);
  }
});
