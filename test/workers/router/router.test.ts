import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { MODELS } from "../../../src/core/ids.ts";
import type { Tier } from "../../../src/core/ids.ts";
import { DEFAULT_WEIGHTS, DIMENSIONS } from "../../../src/workers/router/dimensions.ts";
import type { DimensionName } from "../../../src/workers/router/dimensions.ts";
import { DEFAULT_RULES, route } from "../../../src/workers/router/router.ts";

/** 200 characters that hit nothing, so that a text is neither short nor long. */
const FILL = "lorem ipsum dolor sit amet ".repeat(10).slice(0, 200);

const alone: [dimension: DimensionName, text: string, score: number][] = [
  ["reasoningMarkers", `${FILL} prove`, 0.7],
  ["codePresence", `${FILL} lambda`, 0.5],
  ["simpleIndicators", `${FILL} thanks`, -1],
  ["multiStepPatterns", `${FILL} afterwards`, 0.5],
  ["technicalTerms", `${FILL} mutex latency`, 0.5],
  ["tokenCount", "lorem", -1],
  ["tokenCount", FILL.repeat(11), 1],
  ["creativeMarkers", `${FILL} limerick`, 0.5],
  ["questionComplexity", `${FILL} ????`, 0.5],
  ["constraintCount", `${FILL} must`, 0.3],
  ["imperativeVerbs", `${FILL} build`, 0.3],
  ["outputFormat", `${FILL} csv`, 0.4],
  ["domainSpecificity", `${FILL} fpga`, 0.5],
  ["referenceComplexity", `${FILL} above`, 0.3],
  ["negationComplexity", `${FILL} not never`, 0.3],
];

for (const [dimension, text, score] of alone) {
  test(`${dimension} alone moves the score by ${score} times its weight`, () => {
    const decision = route({ text });
    const moved = DIMENSIONS.filter((name) => decision.dimensions[name].score !== 0);
    assert.deepEqual(moved, [dimension]);
    const scored = decision.dimensions[dimension];
    assert.equal(scored.score, score);
    assert.equal(scored.weight, DEFAULT_WEIGHTS[dimension]);
    assert.notEqual(scored.signal, undefined);
    assert.equal(decision.score, Math.round(score * scored.weight * 1e6) / 1e6);
    assert.ok(decision.reason.includes(dimension), decision.reason);
  });
}

test("a text that says nothing scores zero, on every dimension and without a signal", () => {
  const { dimensions, score } = route({ text: FILL });
  assert.equal(score, 0);
  for (const name of DIMENSIONS) {
    const signal = name === "tokenCount" ? { signal: "50 tokens, neither short nor long" } : {};
    assert.deepEqual(dimensions[name], { score: 0, weight: DEFAULT_WEIGHTS[name], ...signal });
  }
});

test("a short order is simple and runs on haiku", () => {
  assert.deepEqual(
    { ...route({ text: "hi there" }), dimensions: undefined },
    {
      tokens: 2,
      score: -0.2,
      tier: "SIMPLE",
      confidence: 0.916827,
      model: "haiku",
      effectiveModel: "haiku",
      replyUpgrade: false,
      reason: "SIMPLE at -0.2 (confidence 0.916827): simpleIndicators (hi) and tokenCount (2 tokens, short).",
      dimensions: undefined,
    },
  );
});

test("a long piece of reasoning about code is complex and runs on opus", () => {
  const text = `${FILL} Step 1: find the root cause of the deadlock in cache.ts and prove the mutex, the transaction and the
    queue correct. Step 2: refactor the async function; it must stay backwards compatible.`;
  const decision = route({ text });
  assert.equal(decision.tier, "COMPLEX");
  assert.equal(decision.model, "opus");
  assert.ok(decision.confidence >= 0.7);
});

test("an unsure score is MEDIUM on either side of a boundary, and says so", () => {
  for (const [text, score] of [
    [`${FILL} not never prove`, 0.129],
    ["what is the root cause? prove it", -0.02],
  ] as const) {
    const decision = route({ text }, { ...DEFAULT_RULES, minConfidence: 0.9 });
    assert.equal(decision.score, score);
    assert.equal(decision.tier, "MEDIUM");
    assert.equal(decision.effectiveModel, "sonnet");
  }
  assert.match(
    route({ text: "what is the root cause? prove it" }).reason,
    /^MEDIUM, for -0.02 is too near a boundary to be sure of SIMPLE \(confidence 0.5597\d*\): reasoningMarkers/,
  );
});

/** Rules under which a message that is not short scores exactly `score`. */
function scoring(score: number): Parameters<typeof route> {
  const nothing = Object.fromEntries(DIMENSIONS.map((name) => [name, 0])) as Record<DimensionName, number>;
  const weights = { ...nothing, tokenCount: score };
  return [{ text: FILL.repeat(11) }, { ...DEFAULT_RULES, weights, minConfidence: 0 }];
}

const atBoundaries: [score: number, tier: Tier][] = [
  [-0.000001, "SIMPLE"],
  [0, "MEDIUM"],
  [0.299999, "MEDIUM"],
  [0.3, "COMPLEX"],
];

for (const [score, tier] of atBoundaries) {
  test(`a score of ${score} is in the band of ${tier}`, () => {
    const decision = route(...scoring(score));
    assert.equal(decision.score, score);
    assert.equal(decision.tier, tier);
  });
}

test("0.7 is sure enough, and a hair less is not", () => {
  const [input, rules] = scoring(-0.0707);
  assert.equal(route(input, { ...rules, ...DEFAULT_RULES, weights: rules?.weights ?? DEFAULT_WEIGHTS }).tier, "SIMPLE");
  const [, nearer] = scoring(-0.0706);
  assert.equal(route(input, { ...DEFAULT_RULES, weights: nearer?.weights ?? DEFAULT_WEIGHTS }).tier, "MEDIUM");
});

test("a reply never runs below the model it replies to", () => {
  const replies = MODELS.map((replyToModel) => {
    const { model, effectiveModel, replyUpgrade } = route({ text: "thanks", replyToModel });
    return [model, effectiveModel, replyUpgrade];
  });
  assert.deepEqual(replies, [
    ["haiku", "haiku", false],
    ["haiku", "sonnet", true],
    ["haiku", "opus", true],
  ]);
  assert.match(route({ text: "thanks", replyToModel: "opus" }).reason, /, raised to opus, which wrote the message/);
});

test("other weights, as a what-if view sets them, are the ones used and shown", () => {
  const weights = { ...DEFAULT_WEIGHTS, simpleIndicators: 0, tokenCount: -1 };
  const decision = route({ text: "hi" }, { ...DEFAULT_RULES, weights });
  assert.equal(decision.score, 1);
  assert.equal(decision.tier, "COMPLEX");
  assert.equal(decision.dimensions.tokenCount.weight, -1);
});

const model = fc.constantFrom(...MODELS, undefined);
const words = fc.array(
  fc.constantFrom("prove", "mutex", "api", "hi", "```", "first", "then", "?", "don't", "1. ", "\n", "x"),
);
const text = fc.oneof(
  fc.string({ unit: "binary", maxLength: 3_000 }),
  words.map((list) => list.join(" ")),
);
const anyText = fc.oneof(
  text,
  fc.array(fc.nat(0xffff)).map((units) => String.fromCharCode(...units)),
);

test("any text gets a decision in range, the same one each time, and never below the model replied to", () => {
  fc.assert(
    fc.property(anyText, model, (body, replyToModel) => {
      const decision = route({ text: body, replyToModel });
      assert.deepEqual(route({ text: body, replyToModel }), decision);
      assert.ok(decision.score >= -0.2 && decision.score <= 0.725, `score ${decision.score}`);
      assert.ok(decision.confidence >= 0.5 && decision.confidence <= 1);
      assert.equal(decision.tokens, Math.ceil(body.length / 4));
      assert.ok(MODELS.indexOf(decision.effectiveModel) >= MODELS.indexOf(decision.model));
      assert.ok(replyToModel === undefined || MODELS.indexOf(decision.effectiveModel) >= MODELS.indexOf(replyToModel));
      assert.deepEqual(Object.keys(decision.dimensions), [...DIMENSIONS]);
      assert.deepEqual(JSON.parse(JSON.stringify(decision)), decision);
    }),
  );
});

test("weights and boundaries that make no sense still give a finite decision", () => {
  const number = fc.oneof(fc.double(), fc.constantFrom(Number.NaN, Infinity, -Infinity, 1e308));
  const weights = fc.record(Object.fromEntries(DIMENSIONS.map((name) => [name, number])));
  fc.assert(
    fc.property(
      text,
      weights,
      number,
      number,
      number,
      number,
      (body, odd, medium, complex, minConfidence, steepness) => {
        const rules = {
          weights: odd as Record<DimensionName, number>,
          boundaries: { medium, complex },
          minConfidence,
          steepness,
        };
        const decision = route({ text: body }, rules);
        assert.ok(Number.isFinite(decision.score));
        assert.ok(Number.isFinite(decision.confidence));
      },
    ),
  );
});

test("a megabyte of text is routed on its beginning, in a moment", () => {
  const filler = "lorem ".repeat(175_000);
  const took: number[] = [];
  const signalOf = (text: string): unknown => {
    const started = performance.now();
    const { reasoningMarkers, tokenCount } = route({ text }).dimensions;
    took.push(performance.now() - started);
    assert.equal(tokenCount.score, 1);
    return reasoningMarkers.signal;
  };
  assert.equal(signalOf(`prove it ${filler}`), "prove");
  assert.notEqual(signalOf(`${filler} prove it`), "prove", "its end is not looked at");
  assert.ok(Math.min(...took) < 200, `${took.join(", ")} ms`);
});
