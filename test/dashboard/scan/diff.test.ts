import assert from "node:assert/strict";
import { test } from "node:test";
import { applyPatch } from "diff";
import type { StructuredPatch } from "diff";
import fc from "fast-check";
import { diffTexts } from "../../../src/dashboard/scan/diff-step.ts";
import { diffPrompts } from "../../../src/dashboard/scan/diff.ts";
import { openPool } from "./support.ts";

function patch(a: string, b: string): StructuredPatch {
  const { hunks } = diffTexts({ a, b });
  return { oldFileName: "", newFileName: "", oldHeader: "", newHeader: "", hunks };
}

test("applied to one prompt, the patch makes the other", () => {
  const text = fc.string({ unit: fc.constantFrom("a", "b ", "é", "\n") });
  fc.assert(
    fc.property(text, text, (a, b) => {
      assert.equal(applyPatch(a, patch(a, b)), b);
    }),
  );
});

test("a changed line tells which words changed", () => {
  const { hunks } = diffTexts({ a: "one\ntwo three\nfour\n", b: "one\ntwo 3\nfour\n" });
  assert.deepEqual(hunks, [
    {
      oldStart: 1,
      oldLines: 3,
      newStart: 1,
      newLines: 3,
      lines: [" one", "-two three", "+two 3", " four"],
      words: [{ value: "two " }, { value: "three", removed: true }, { value: "3", added: true }, { value: "\n" }],
    },
  ]);
  assert.deepEqual(diffTexts({ a: "same\n", b: "same\n" }), { hunks: [] });
  assert.equal(diffTexts({ a: "", b: "new\n" }).hunks[0]?.words, undefined, "nothing stands beside it");
});

test("prompts that have nothing in common are one hunk that is replaced, in bounded time", () => {
  const lines = (name: string): string => Array.from({ length: 60_000 }, (_, n) => `${name} ${n}\n`).join("");
  const at = performance.now();
  const { hunks } = diffTexts({ a: lines("a"), b: `${lines("b")}end` });
  assert.ok(performance.now() - at < 15_000);
  const [hunk] = hunks;
  assert.deepEqual([hunks.length, hunk?.oldLines, hunk?.newLines, hunk?.words], [1, 60_000, 60_001, undefined]);
  assert.equal(applyPatch(lines("a"), patch(lines("a"), "end\n")), "end\n");
});

test("a long line is not searched for words", () => {
  const { hunks } = diffTexts({ a: "x ".repeat(20_000), b: "y ".repeat(20_000) });
  assert.equal(hunks[0]?.words, undefined);
});

test("a diff is made by a thread, and who leaves does not wait for it", async (t) => {
  const pool = openPool(t);
  const { hunks } = await diffPrompts(pool, "a\n", "b\n");
  assert.deepEqual(hunks[0]?.lines, ["-a", "+b"]);
  const stop = new AbortController();
  const left = diffPrompts(pool, "a\n", "b\n", stop.signal);
  stop.abort(new Error("left"));
  await assert.rejects(left, { message: "left" });
  await assert.rejects(diffPrompts(pool, "a\n", "b\n", stop.signal), { message: "left" });
});
