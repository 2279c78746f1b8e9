import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { MODELS, strongerModel, threadSlug } from "../../src/core/ids.ts";

const none: ReadonlySet<string> = new Set();

const cases: [string, string, ReadonlySet<string>, string][] = [
  ["words are joined by dashes", "Fix the API!", none, "fix-the-api"],
  ["accents are taken off", "Café Zürich", none, "cafe-zurich"],
  ["dots and slashes cannot leave the workspace", "../../etc/passwd", none, "etc-passwd"],
  ["a name with nothing left gets the thread's number", "日本語 🔥", none, "topic-7"],
  ["an empty name gets the thread's number", "", none, "topic-7"],
  ["a taken name gets the thread's number", "API", new Set(["api"]), "api-7"],
  ["a taken name with the number in it gets another", "API", new Set(["api", "api-7"]), "api-7-2"],
  ["a long name is cut", "a".repeat(80), none, "a".repeat(64)],
  ["a long taken name is cut for its number", "a".repeat(80), new Set(["a".repeat(64)]), `${"a".repeat(62)}-7`],
  ["a cut leaves no dash at the end", `${"a".repeat(63)} b`, none, "a".repeat(63)],
];
for (const [fact, name, taken, slug] of cases) {
  test(fact, () => {
    assert.equal(threadSlug(name, 7, taken), slug);
  });
}

/** Names that come out alike, and some that do not. */
const names = fc.oneof(fc.string({ unit: "binary", maxLength: 100 }), fc.constantFrom("api", "API 7", "topic 7", ""));
const threadIds = fc.oneof(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }));

test("any name of any thread becomes a folder name of 1 to 64 plain characters", () => {
  fc.assert(
    fc.property(names, threadIds, (name, threadId) => {
      assert.match(threadSlug(name, threadId, none), /^[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?$/);
    }),
  );
});

test("threads of any names, made one after the other, never share a folder", () => {
  fc.assert(
    fc.property(fc.uniqueArray(threadIds, { maxLength: 20 }), fc.infiniteStream(names), (ids, stream) => {
      const taken = new Set<string>();
      for (const id of ids) {
        const slug = threadSlug(String(stream.next().value), id, taken);
        assert.ok(!taken.has(slug), slug);
        taken.add(slug);
      }
    }),
  );
});

test("of two models the stronger is the one further along", () => {
  for (const [i, a] of MODELS.entries()) {
    for (const [j, b] of MODELS.entries()) assert.equal(strongerModel(a, b), MODELS[Math.max(i, j)]);
  }
});
