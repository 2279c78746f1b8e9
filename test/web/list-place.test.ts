import assert from "node:assert/strict";
import { test } from "node:test";
import { pageModule } from "./page-module.ts";

interface View {
  readonly top: number;
  readonly height: number;
  readonly rowHeight: number;
}
const { drawnRange, followsEnd, topToReveal } = await pageModule<{
  drawnRange: (view: View, length: number) => { first: number; last: number };
  followsEnd: (view: View, how: { whole: number; isFollowing: boolean; isMovedUp: boolean }) => boolean;
  topToReveal: (view: View, index: number) => number | undefined;
}>("list-place.js");

const at = (top: number, height = 240, rowHeight = 24): View => ({ top, height, rowHeight });

for (const [what, view, length, first, last] of [
  ["at the top", at(0), 1_000, 0, 50],
  ["in the midst", at(2_400), 1_000, 80, 130],
  ["at the end", at(23_760), 1_000, 970, 1_000],
  ["of few rows all", at(0), 3, 0, 3],
  ["of none none", at(0), 0, 0, 0],
  ["in a very high window no more than 190", at(0, 100_000), 10_000, 0, 190],
  ["beyond the end, where rows have gone", at(24_000), 10, 980, 10],
] as const) {
  test(`rows that are drawn ${what}`, () => assert.deepEqual(drawnRange(view, length), { first, last }));
}

test("a row that is not seen whole is brought to the middle", () => {
  assert.equal(topToReveal(at(240), 10), undefined);
  assert.equal(topToReveal(at(240), 19), undefined);
  assert.equal(topToReveal(at(240), 20), 360);
  assert.equal(topToReveal(at(241), 10), 120);
  assert.equal(topToReveal(at(240), 1), 0);
});

test("the end is followed near it, and left by scrolling up alone", () => {
  const whole = 2_400;
  for (const [top, isFollowing, isMovedUp, follows] of [
    [2_160, false, false, true],
    [2_136, false, true, true],
    [2_135, false, false, false],
    [1_000, true, false, true],
    [1_000, true, true, false],
  ] as const) {
    assert.equal(followsEnd(at(top), { whole, isFollowing, isMovedUp }), follows, `${top} ${isFollowing} ${isMovedUp}`);
  }
});
