/**
 * Decides which model a message runs on: the user's text is scored on fourteen dimensions, their weighted sum falls
 * into the band of a tier, and a tier has a model. Pure and without anything of Node, so that the dashboard's page
 * runs the same code.
 */
import { strongerModel } from "../../core/ids.ts";
import type { Model, Tier } from "../../core/ids.ts";
import { DEFAULT_WEIGHTS, DIMENSIONS, scoreOfHits, scoreOfTokens, tokensOf } from "./dimensions.ts";
import type { DimensionName } from "./dimensions.ts";
import { scan } from "./scan.ts";
import type { Hits } from "./scan.ts";
import { bandOf, confidenceOf, MODEL_OF_TIER } from "./tiers.ts";
import type { Boundaries } from "./tiers.ts";

export interface RoutingInput {
  /** The user's own words alone: no prefix, history or quoted message, which would be scored as if the user asked it. */
  readonly text: string;
  /** The model that wrote the message this one replies to. */
  readonly replyToModel?: Model | undefined;
}

export interface RoutingRules {
  readonly weights: Readonly<Record<DimensionName, number>>;
  readonly boundaries: Boundaries;
  /** Less sure than this is MEDIUM. */
  readonly minConfidence: number;
  /** How fast confidence grows with the distance from a boundary. */
  readonly steepness: number;
}

export const DEFAULT_RULES: RoutingRules = {
  weights: DEFAULT_WEIGHTS,
  boundaries: { medium: 0, complex: 0.3 },
  minConfidence: 0.7,
  steepness: 12,
};

export interface DimensionScore {
  /** -1…1, before the weight. */
  readonly score: number;
  readonly weight: number;
  /** What was found in the text; absent when nothing was. */
  readonly signal?: string;
}

export interface RoutingDecision {
  /** Characters / 4, rounded up. */
  readonly tokens: number;
  /** Weighted sum of the dimensions, six digits. */
  readonly score: number;
  readonly tier: Tier;
  /** 0.5…1, how sure the score's band is; also when that was too little and the tier is MEDIUM for it. */
  readonly confidence: number;
  /** The tier's model. */
  readonly model: Model;
  /** The model to run on: `model`, or the stronger one that wrote the message replied to. */
  readonly effectiveModel: Model;
  readonly replyUpgrade: boolean;
  /** One sentence for a human. */
  readonly reason: string;
  readonly dimensions: Readonly<Record<DimensionName, DimensionScore>>;
}

/** Routes one message. Never throws; the same input gives the same decision. */
export function route(input: RoutingInput, rules: RoutingRules = DEFAULT_RULES): RoutingDecision {
  const tokens = tokensOf(input.text);
  const dimensions = scoreDimensions(tokens, scan(input.text), rules.weights);
  const score = weightedSum(dimensions);
  const confidence = confidenceOf(score, rules.boundaries, rules.steepness);
  const band = bandOf(score, rules.boundaries);
  const tier = confidence >= rules.minConfidence ? band : "MEDIUM";
  const model = MODEL_OF_TIER[tier];
  const effectiveModel = strongerModel(model, input.replyToModel ?? model);
  const replyUpgrade = effectiveModel !== model;
  const upgrade = replyUpgrade ? `, raised to ${effectiveModel}, which wrote the message replied to` : "";
  const reason = `${explain(tier, band, score, confidence, dimensions)}${upgrade}.`;
  return { tokens, score, tier, confidence, model, effectiveModel, replyUpgrade, reason, dimensions };
}

function scoreDimensions(
  tokens: number,
  hits: Hits,
  weights: RoutingRules["weights"],
): Record<DimensionName, DimensionScore> {
  const scores = {} as Record<DimensionName, DimensionScore>;
  for (const name of DIMENSIONS) {
    const weight = weights[name];
    if (name === "tokenCount") {
      scores[name] = { score: scoreOfTokens(tokens), weight, signal: tokenSignal(tokens) };
      continue;
    }
    const found = hits[name];
    const score = scoreOfHits(name, found.length);
    scores[name] = found.length === 0 ? { score, weight } : { score, weight, signal: signalOf(name, found) };
  }
  return scores;
}

function tokenSignal(tokens: number): string {
  const size = ["short", "neither short nor long", "long"][scoreOfTokens(tokens) + 1] ?? "";
  return `${tokens} tokens, ${size}`;
}

function signalOf(name: DimensionName, found: readonly string[]): string {
  return name === "questionComplexity" ? `${found.length} question marks or more` : found.join(", ");
}

/** Weights may be anything in a what-if; the score stays a finite number. */
const FARTHEST = 1e6;

/** Six digits, so that sums of hundredths meet the boundaries exactly. A weight that is no number counts nothing. */
function weightedSum(dimensions: Readonly<Record<DimensionName, DimensionScore>>): number {
  let sum = 0;
  for (const name of DIMENSIONS) {
    const { score, weight } = dimensions[name];
    if (score !== 0 && Number.isFinite(weight)) sum += score * weight;
  }
  return Math.round(Math.max(-FARTHEST, Math.min(FARTHEST, sum)) * 1e6) / 1e6;
}

function explain(
  tier: Tier,
  band: Tier,
  score: number,
  confidence: number,
  dimensions: Readonly<Record<DimensionName, DimensionScore>>,
): string {
  const because = strongest(dimensions);
  if (tier === band) return `${tier} at ${score} (confidence ${confidence}): ${because}`;
  return `MEDIUM, for ${score} is too near a boundary to be sure of ${band} (confidence ${confidence}): ${because}`;
}

/** The two dimensions that moved the score most, with what they found. */
function strongest(dimensions: Readonly<Record<DimensionName, DimensionScore>>): string {
  let first: DimensionName | undefined;
  let second: DimensionName | undefined;
  const pull = (name: DimensionName | undefined): number =>
    name === undefined ? 0 : Math.abs(dimensions[name].score * dimensions[name].weight);
  for (const name of DIMENSIONS) {
    if (pull(name) > pull(first)) [first, second] = [name, first];
    else if (pull(name) > pull(second)) second = name;
  }
  const named = [first, second].filter((name) => name !== undefined);
  if (named.length === 0) return "nothing in it speaks for either side";
  return named.map((name) => `${name} (${dimensions[name].signal ?? ""})`).join(" and ");
}
