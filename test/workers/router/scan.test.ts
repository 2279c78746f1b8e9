import assert from "node:assert/strict";
import { test } from "node:test";
import { scan, SCAN_LIMIT } from "../../../src/workers/router/scan.ts";
import type { CountedDimension } from "../../../src/workers/router/dimensions.ts";

const findings: [text: string, dimension: CountedDimension, found: string[]][] = [
  ["Find the ROOT   cause, step-by-step", "reasoningMarkers", ["root cause", "step by step"]],
  ["weigh the trade-offs, then weigh the trade-offs", "reasoningMarkers", ["trade off"]],
  ["the rooted cause", "reasoningMarkers", []],
  ["```\nx\n```", "codePresence", ["```"]],
  ["see main.rs and lib.ts", "codePresence", [".rs file", ".ts file"]],
  ["I go. Then you go.", "codePresence", []],
  ["the classes, the functions", "codePresence", ["class", "function"]],
  ["a classic malfunction", "codePresence", []],
  ["thanks!", "simpleIndicators", ["thanks"]],
  ["what’s up", "simpleIndicators", ["what's"]],
  ["think of this", "simpleIndicators", []],
  ["first the parser, then the printer", "multiStepPatterns", ["first, then"]],
  ["then the parser, first of all", "multiStepPatterns", []],
  ["Step 2 fails", "multiStepPatterns", ["step by number"]],
  ["do:\n1. this\n2. that", "multiStepPatterns", ["numbered list"]],
  ["version\n1. only", "multiStepPatterns", []],
  ["caching and APIs", "technicalTerms", ["cache", "api"]],
  ["a poem, a story", "creativeMarkers", ["poem", "story"]],
  ["a? b? c?", "questionComplexity", ["?", "?", "?"]],
  ["a? b？ c? d? e?", "questionComplexity", ["?", "?", "?", "?"]],
  ["at most 5, it must fit", "constraintCount", ["at most", "must"]],
  ["set up and deploy it", "imperativeVerbs", ["set up", "deploy"]],
  ["JSON or a table", "outputFormat", ["json", "table"]],
  ["quantum and raft", "domainSpecificity", ["quantum", "raft"]],
  ["as before, see above", "referenceComplexity", ["as before", "above"]],
  ["don't, 'never' say cannot", "negationComplexity", ["don't", "never", "cannot"]],
  ["le café n'est pas un test", "negationComplexity", []],
];

for (const [text, dimension, found] of findings) {
  const what = found.length === 0 ? "nothing" : found.join(", ");
  test(`${dimension} finds ${what} in ${JSON.stringify(text)}`, () => {
    assert.deepEqual(scan(text)[dimension], found);
  });
}

test("no more than four things of a list are kept", () => {
  assert.deepEqual(scan("add, build, create, deploy, fix, write").imperativeVerbs, [
    "add",
    "build",
    "create",
    "deploy",
  ]);
});

test("what stands behind the limit is not read", () => {
  const padding = " ".repeat(SCAN_LIMIT - "deadlock".length);
  assert.deepEqual(scan(`${padding}deadlock`).technicalTerms, ["deadlock"]);
  assert.deepEqual(scan(`${padding} deadlock`).technicalTerms, []);
});

test("a text that would stall a backtracking matcher takes a moment", () => {
  const started = performance.now();
  for (const bomb of ["1", "'", " ", "\t", "a'", "1. ", "\n", "(", "`", "\ud800"]) scan(bomb.repeat(1_000_000));
  assert.ok(performance.now() - started < 2_000);
});
