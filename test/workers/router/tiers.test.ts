import assert from "node:assert/strict";
import { test } from "node:test";
import { bandOf, confidenceOf, MODEL_OF_TIER } from "../../../src/workers/router/tiers.ts";

const boundaries = { medium: 0, complex: 0.3 };

test("a band begins on its boundary", () => {
  const bands = [-1, -0.000001, 0, 0.299999, 0.3, 1].map((score) => bandOf(score, boundaries));
  assert.deepEqual(bands, ["SIMPLE", "SIMPLE", "MEDIUM", "MEDIUM", "COMPLEX", "COMPLEX"]);
});

test("each tier has its model", () => {
  assert.deepEqual(MODEL_OF_TIER, { SIMPLE: "haiku", MEDIUM: "sonnet", COMPLEX: "opus" });
});

const confidences: [score: number, confidence: number][] = [
  [0, 0.5],
  [0.3, 0.5],
  [-0.08, 0.723122],
  [0.15, 0.858149],
  [-0.2, 0.916827],
  [0.725, 0.99394],
  [0.0706, 0.699979],
  [0.0707, 0.700231],
];

for (const [score, confidence] of confidences) {
  test(`a score of ${score} is sure to ${confidence}`, () => {
    assert.equal(confidenceOf(score, boundaries, 12), confidence);
  });
}

test("rules that are no numbers make nothing sure", () => {
  assert.equal(confidenceOf(0.5, { medium: Number.NaN, complex: 0.3 }, 12), 0.5);
  assert.equal(confidenceOf(0.5, boundaries, Number.NaN), 0.5);
  assert.equal(confidenceOf(0.5, boundaries, -Infinity), 0);
});
