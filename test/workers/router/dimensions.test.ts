import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  DEFAULT_WEIGHTS,
  DIMENSIONS,
  scoreOfHits,
  scoreOfTokens,
  tokensOf,
} from "../../../src/workers/router/dimensions.ts";

test("the fourteen weights sum to 1", () => {
  assert.equal(DIMENSIONS.length, 14);
  assert.deepEqual(Object.keys(DEFAULT_WEIGHTS), [...DIMENSIONS]);
  const sum = Object.values(DEFAULT_WEIGHTS).reduce((total, weight) => total + weight, 0);
  assert.ok(Math.abs(sum - 1) < 1e-9, `sum is ${sum}`);
});

test("tokens are a quarter of the characters, rounded up", () => {
  assert.deepEqual(["", "a", "abcd", "abcde", "🙂🙂🙂"].map(tokensOf), [0, 1, 1, 2, 2]);
});

test("a text is short under 50 tokens and long over 500", () => {
  assert.deepEqual([0, 49, 50, 500, 501].map(scoreOfTokens), [-1, -1, 0, 0, 1]);
});

test("scores rise in steps of hits", () => {
  const steps = Object.fromEntries(
    DIMENSIONS.filter((name) => name !== "tokenCount").map((name) => [
      name,
      [0, 1, 2, 3, 4].map((hits) => scoreOfHits(name, hits)),
    ]),
  );
  assert.deepEqual(steps, {
    reasoningMarkers: [0, 0.7, 1, 1, 1],
    codePresence: [0, 0.5, 1, 1, 1],
    simpleIndicators: [0, -1, -1, -1, -1],
    multiStepPatterns: [0, 0.5, 0.5, 0.5, 0.5],
    technicalTerms: [0, 0, 0.5, 0.5, 1],
    creativeMarkers: [0, 0.5, 0.7, 0.7, 0.7],
    questionComplexity: [0, 0, 0, 0, 0.5],
    constraintCount: [0, 0.3, 0.3, 0.7, 0.7],
    imperativeVerbs: [0, 0.3, 0.5, 0.5, 0.5],
    outputFormat: [0, 0.4, 0.7, 0.7, 0.7],
    domainSpecificity: [0, 0.5, 0.8, 0.8, 0.8],
    referenceComplexity: [0, 0.3, 0.5, 0.5, 0.5],
    negationComplexity: [0, 0, 0.3, 0.5, 0.5],
  });
});

test("no number of hits leaves -1 to 1", () => {
  fc.assert(
    fc.property(fc.constantFrom(...DIMENSIONS), fc.nat(), (name, hits) => {
      if (name === "tokenCount") return;
      assert.ok(Math.abs(scoreOfHits(name, hits)) <= 1);
    }),
  );
});
