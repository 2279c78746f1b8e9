import assert from "node:assert/strict";
import { test } from "node:test";
import { DEFAULT_RULES, route } from "../../../src/workers/router/router.ts";
import type { RoutingRules } from "../../../src/workers/router/router.ts";
import { pageModule } from "../page-module.ts";

interface Knob {
  readonly name: string;
  readonly value: number;
  readonly usual: number;
}
const { knobsOf, parametersOf, parse, rulesOf } = await pageModule<{
  knobsOf: (query: URLSearchParams) => Knob[];
  parametersOf: (knobs: readonly Knob[]) => Record<string, number | undefined>;
  parse: (text: string | null) => number | undefined;
  rulesOf: (knobs: readonly Knob[]) => RoutingRules;
}>("views/routing-rules.js");
const { isSet, verdictOf } = await pageModule<{
  isSet: (decision: object) => boolean;
  verdictOf: (decision: object, rules: RoutingRules) => { tier: string; effectiveModel: string } | undefined;
}>("views/routing-run.js");

test("without a word in the address the rules are the router's own", () => {
  const knobs = knobsOf(new URLSearchParams());
  assert.deepEqual(rulesOf(knobs), DEFAULT_RULES);
  assert.deepEqual(
    Object.values(parametersOf(knobs)).filter((value) => value !== undefined),
    [],
  );
});

test("what the address says is turned, and goes back into it", () => {
  const [weight = ""] = Object.keys(DEFAULT_RULES.weights);
  const knobs = knobsOf(new URLSearchParams({ medium: "0.5", sure: "x", steepness: "", [`w.${weight}`]: "-2" }));
  const { boundaries, minConfidence, steepness, weights } = rulesOf(knobs);
  assert.deepEqual([boundaries.medium, boundaries.complex], [0.5, DEFAULT_RULES.boundaries.complex]);
  assert.deepEqual([minConfidence, steepness], [DEFAULT_RULES.minConfidence, DEFAULT_RULES.steepness]);
  assert.equal((weights as Record<string, number>)[weight], -2);
  const said = Object.entries(parametersOf(knobs)).filter(([, value]) => value !== undefined);
  assert.deepEqual(said, [
    ["medium", 0.5],
    [`w.${weight}`, -2],
  ]);
});

test("a number is a number, and nothing else is", () => {
  assert.deepEqual(["1", " -0.5 ", "1e2", "", " ", "x", "Infinity", null].map(parse), [
    1,
    -0.5,
    100,
    undefined,
    undefined,
    undefined,
    undefined,
    undefined,
  ]);
});

test("the verdict is the router's, but for what the thread was set to", () => {
  const text = "please prove step by step that the algorithm terminates and analyse its complexity";
  const own = route({ text }, DEFAULT_RULES);
  const decision = { input: text, model: own.model, effectiveModel: own.model, replyUpgrade: false };
  assert.equal(verdictOf(decision, DEFAULT_RULES)?.tier, own.tier);
  assert.equal(verdictOf(decision, DEFAULT_RULES)?.effectiveModel, own.effectiveModel);
  const hard = { ...DEFAULT_RULES, boundaries: { medium: -9, complex: -8 } };
  assert.deepEqual([verdictOf(decision, hard)?.tier, verdictOf(decision, hard)?.effectiveModel], ["COMPLEX", "opus"]);
  const other = own.model === "haiku" ? "sonnet" : "haiku";
  assert.equal(verdictOf({ ...decision, effectiveModel: other }, hard)?.effectiveModel, other);
  assert.equal(verdictOf({ ...decision, input: undefined }, hard), undefined);
});

test("a reply that raised the model was not the thread's setting", () => {
  assert.equal(isSet({ model: "haiku", effectiveModel: "opus", replyUpgrade: false }), true);
  assert.equal(isSet({ model: "haiku", effectiveModel: "opus", replyUpgrade: true }), false);
  assert.equal(isSet({ model: "haiku", effectiveModel: "haiku", replyUpgrade: false }), false);
});
