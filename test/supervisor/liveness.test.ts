import assert from "node:assert/strict";
import { test } from "node:test";
import { BeatBlock } from "../../src/core/beat.ts";
import { BEATING, Liveness, POLLING } from "../../src/supervisor/liveness.ts";

function looks(liveness: Liveness, count: number, before: () => void = () => undefined) {
  return Array.from({ length: count }, () => {
    before();
    return liveness.look();
  });
}

test("a beat that stands still for ten looks is found at the tenth, and not before", () => {
  const liveness = new Liveness(new BeatBlock(), [BEATING]);
  assert.deepEqual(looks(liveness, 10), [...Array.from({ length: 9 }, () => undefined), BEATING]);
});

test("a beat that goes on now and then is a live one's", () => {
  const beat = new BeatBlock();
  const liveness = new Liveness(beat, [BEATING]);
  let n = 0;
  const found = looks(liveness, 100, () => {
    n += 1;
    if (n % 9 === 0) beat.set("beat", n);
  });
  assert.deepEqual(new Set(found), new Set([undefined]));
});

test("a worker that beats and is answered no poll is found after ninety looks", () => {
  const beat = new BeatBlock();
  const liveness = new Liveness(beat, [BEATING, POLLING]);
  let n = 0;
  const found = looks(liveness, 90, () => beat.set("beat", (n += 1)));
  assert.deepEqual([found.at(-2), found.at(-1)], [undefined, POLLING]);
});

test("a time that was set back is a change as well", () => {
  const beat = new BeatBlock();
  beat.set("beat", 1_000_000);
  const liveness = new Liveness(beat, [BEATING]);
  looks(liveness, 9);
  beat.set("beat", 1);
  assert.equal(liveness.look(), undefined);
});
