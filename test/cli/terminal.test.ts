import assert from "node:assert/strict";
import { test } from "node:test";
import { onLines, onOneLine, shortened } from "../../src/cli/terminal.ts";

const cases: [string, string, string][] = [
  ["plain text, also beyond ASCII", "Grüße 🦀 日本", "Grüße 🦀 日本"],
  ["lines and tabs", "a\r\n\tb", "a\\r\\n\\tb"],
  ["an escape sequence", "\u001b[2J\u009b31m", "\\x1b[2J\\x9b31m"],
  ["a change of direction", "\u202egnp.exe\u2069", "\\u202egnp.exe\\u2069"],
  ["separators of lines", "a\u2028b\u0085c", "a\\u2028b\\x85c"],
  ["half a character", "a\ud83e", "a\\ud83e"],
  ["delete, bell, null", "\u007f\u0007\u0000", "\\x7f\\x07\\x00"],
];
for (const [what, text, shown] of cases) {
  test(`on one line, ${what} shows as ${shown}`, () => {
    assert.equal(onOneLine(text), shown);
  });
}

test("on lines, lines and tabs stay, and what a terminal acts on does not", () => {
  assert.equal(onLines("a\n\tb\r\u001b[1m"), "a\n\tb\\x0d\\x1b[1m");
});

test("a text is cut at a length, and says that it was", () => {
  assert.equal(shortened("abcdef", 6), "abcdef");
  assert.equal(shortened("abcdefg", 6), "abcde…");
  assert.equal(shortened("  abc  ", 6), "abc");
  assert.equal(shortened("x".repeat(1_000_000), 10), `${"x".repeat(9)}…`);
});
