import assert from "node:assert/strict";
import { test } from "node:test";
import * as fc from "fast-check";
import { MESSAGE_MAX, splitText } from "../../../src/workers/telegram/split.ts";

test("text that fits is one chunk, as it is", () => {
  assert.deepEqual(splitText("  indented\n\nend \n"), ["  indented\n\nend \n"]);
  const full = "x".repeat(MESSAGE_MAX);
  assert.deepEqual(splitText(full), [full]);
});

test("blank text gives no chunk", () => {
  assert.deepEqual(splitText(""), []);
  assert.deepEqual(splitText(" \n".repeat(5_000)), []);
});

const cases: [string, string, number, string[]][] = [
  ["a paragraph goes before a line and a word", "aaaa bb\n\ncc\ndd ee", 14, ["aaaa bb", "cc\ndd ee"]],
  ["a line goes before a word", "aaaa bb\ncc dd ee", 14, ["aaaa bb", "cc dd ee"]],
  ["a word goes before a cut in the middle", "aaaa bb cccccc", 9, ["aaaa bb", "cccccc"]],
  ["a paragraph in the first half does not make a short chunk", "a\n\nbbbb cccc dddd", 12, ["a\n\nbbbb cccc", "dddd"]],
  ["a space just after the limit is a cut that fills the chunk", "aaaa bbbb", 4, ["aaaa", "bbbb"]],
  ["a word longer than a chunk is cut", "aaaaaaaaaa", 4, ["aaaa", "aaaa", "aa"]],
  ["a surrogate pair stays whole", "aaa😀aaa", 4, ["aaa", "😀aa", "a"]],
  ["a family of emoji stays whole", "aaaa👩‍💻a", 7, ["aaaa", "👩‍💻a"]],
  ["an accent stays on its letter", `aaae\u0301a`, 4, ["aaa", "e\u0301a"]],
  [
    "a character longer than a chunk is cut between code points",
    `e${"\u0301".repeat(6)}`,
    4,
    ["e\u0301\u0301\u0301", "\u0301\u0301\u0301"],
  ],
  ["whitespace at a cut is lost, and no chunk is blank", `aaaa${" ".repeat(20)}bbbb`, 5, ["aaaa", "bbbb"]],
];

for (const [title, text, max, chunks] of cases) {
  test(title, () => {
    assert.deepEqual(splitText(text, max), chunks);
  });
}

const words = fc.oneof(
  fc.string({ unit: "grapheme", maxLength: 60 }),
  fc.string({ unit: "binary", maxLength: 30 }),
  fc.constantFrom(" ", "\n", "\n\n", "\t", "👩‍💻", "e\u0301"),
);

test("chunks are within the limit, never blank, and lose whitespace alone", () => {
  fc.assert(
    fc.property(fc.array(words, { maxLength: 40 }), fc.integer({ min: 2, max: 40 }), (parts, max) => {
      const text = parts.join("");
      const chunks = splitText(text, max);
      for (const chunk of chunks) {
        assert.ok(chunk.length <= max);
        assert.notEqual(chunk.trim(), "");
      }
      assert.equal(chunks.join("").replace(/\s+/g, ""), text.replace(/\s+/g, ""));
    }),
  );
});

test("no chunk begins or ends with half of a surrogate pair", () => {
  fc.assert(
    fc.property(fc.array(words, { maxLength: 40 }), fc.integer({ min: 2, max: 40 }), (parts, max) => {
      for (const chunk of splitText(parts.join(""), max)) {
        assert.doesNotMatch(chunk, /^\p{Cs}|\p{Cs}$/u);
      }
    }),
  );
});

test("a megabyte without a place to cut takes a moment, not minutes", () => {
  const started = performance.now();
  assert.equal(splitText("x".repeat(1 << 20)).length, 256);
  assert.equal(splitText(`a${" ".repeat(1 << 20)}b`).length, 2);
  assert.ok(performance.now() - started < 5_000);
});
