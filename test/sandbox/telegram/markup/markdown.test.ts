import assert from "node:assert/strict";
import { test } from "node:test";
import { parseMarkdown } from "../../../../src/sandbox/telegram/markup/markdown.ts";

test("legacy Markdown knows bold, italic, code, pre and links, and escapes outside of them", () => {
  assert.deepEqual(parseMarkdown("*a*_b_`c`\\_d.[e](https://example.org)```\nf```"), {
    text: "abc_d.ef",
    entities: [
      { type: "bold", offset: 0, length: 1 },
      { type: "italic", offset: 1, length: 1 },
      { type: "code", offset: 2, length: 1 },
      { type: "text_link", offset: 6, length: 1, url: "https://example.org" },
      { type: "pre", offset: 7, length: 1 },
    ],
  });
});

test("an entity without an end is refused with its place in bytes", () => {
  for (const source of ["é snake_case", "é snake`case", "é snake[case"]) {
    assert.throws(() => parseMarkdown(source), {
      description: "Bad Request: can't parse entities: Can't find end of the entity starting at byte offset 8",
    });
  }
});
