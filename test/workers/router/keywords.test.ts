import assert from "node:assert/strict";
import { test } from "node:test";
import { formsOf, KEYWORDS } from "../../../src/workers/router/keywords.ts";

const inflections: [word: string, forms: string[]][] = [
  ["refactor", ["refactor", "refactors", "refactored", "refactoring", "refactorred", "refactorring"]],
  ["cache", ["cache", "caches", "cached", "caching"]],
  ["query", ["query", "queries", "queried", "querying"]],
  ["deploy", ["deploy", "deploys", "deployed", "deploying"]],
  ["fix", ["fix", "fixes", "fixed", "fixing"]],
  ["split", ["split", "splits", "splitted", "splitting", "splited", "spliting"]],
  ["hi", ["hi"]],
  ["don't", ["don't"]],
];

for (const [word, forms] of inflections) {
  test(`the forms of "${word}"`, () => {
    assert.deepEqual([...formsOf(word)].toSorted(), forms.toSorted());
  });
}

test("every keyword is lower-case words of a text, four at most, named once in its list", () => {
  const names = new Set<string>();
  for (const [form, keywords] of KEYWORDS) {
    assert.match(form, /^[a-z][a-z']*$/);
    for (const { before, dimension, name } of keywords) {
      assert.ok(before.length <= 3, name);
      assert.match(name, /^[a-z']+(?: [a-z']+)*$/);
      names.add(`${dimension} ${name}`);
      assert.equal(keywords.filter((other) => other.dimension === dimension && other.name === name).length, 1, name);
    }
  }
  assert.ok(names.size > 250);
});
