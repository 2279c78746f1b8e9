/** What a message is scored on: fourteen dimensions, each a score in -1…1 times its weight. */

export const DIMENSIONS = [
  "reasoningMarkers",
  "codePresence",
  "simpleIndicators",
  "multiStepPatterns",
  "technicalTerms",
  "tokenCount",
  "creativeMarkers",
  "questionComplexity",
  "constraintCount",
  "imperativeVerbs",
  "outputFormat",
  "domainSpecificity",
  "referenceComplexity",
  "negationComplexity",
] as const;
export type DimensionName = (typeof DIMENSIONS)[number];

/** Dimensions that are scored by how many different things of a list the text has. */
export type CountedDimension = Exclude<DimensionName, "tokenCount">;

/** How much each dimension counts; they sum to 1. The values are those of ClawRouter's fourteen-dimension rules. */
export const DEFAULT_WEIGHTS: Readonly<Record<DimensionName, number>> = {
  reasoningMarkers: 0.18,
  codePresence: 0.15,
  simpleIndicators: 0.12,
  multiStepPatterns: 0.12,
  technicalTerms: 0.1,
  tokenCount: 0.08,
  creativeMarkers: 0.05,
  questionComplexity: 0.05,
  constraintCount: 0.04,
  imperativeVerbs: 0.03,
  outputFormat: 0.03,
  domainSpecificity: 0.02,
  referenceComplexity: 0.02,
  negationComplexity: 0.01,
};

/** From this many different hits on, this score. Rising; below the first step a dimension scores 0. */
type Steps = readonly (readonly [hits: number, score: number])[];

const STEPS: Readonly<Record<CountedDimension, Steps>> = {
  reasoningMarkers: [
    [1, 0.7],
    [2, 1],
  ],
  codePresence: [
    [1, 0.5],
    [2, 1],
  ],
  simpleIndicators: [[1, -1]],
  multiStepPatterns: [[1, 0.5]],
  technicalTerms: [
    [2, 0.5],
    [4, 1],
  ],
  creativeMarkers: [
    [1, 0.5],
    [2, 0.7],
  ],
  questionComplexity: [[4, 0.5]],
  constraintCount: [
    [1, 0.3],
    [3, 0.7],
  ],
  imperativeVerbs: [
    [1, 0.3],
    [2, 0.5],
  ],
  outputFormat: [
    [1, 0.4],
    [2, 0.7],
  ],
  domainSpecificity: [
    [1, 0.5],
    [2, 0.8],
  ],
  referenceComplexity: [
    [1, 0.3],
    [2, 0.5],
  ],
  negationComplexity: [
    [2, 0.3],
    [3, 0.5],
  ],
};

/** No step asks for more hits than this, so counting may stop here. */
export const MOST_HITS = 4;

/** Score of a counted dimension with `hits` different hits. */
export function scoreOfHits(dimension: CountedDimension, hits: number): number {
  let reached = 0;
  for (const [least, score] of STEPS[dimension]) {
    if (hits >= least) reached = score;
  }
  return reached;
}

/** A message under this many tokens is short, over `LONG_TOKENS` long. */
export const SHORT_TOKENS = 50;
export const LONG_TOKENS = 500;

/** Tokens of a text, by the usual rule of thumb of four characters (UTF-16 units) a token, rounded up. */
export function tokensOf(text: string): number {
  return Math.ceil(text.length / 4);
}

/** Score of the dimension `tokenCount`. */
export function scoreOfTokens(tokens: number): number {
  if (tokens < SHORT_TOKENS) return -1;
  return tokens > LONG_TOKENS ? 1 : 0;
}
