import assert from "node:assert/strict";
import { test } from "node:test";
import { parseMarkdownV2 } from "../../../../src/sandbox/telegram/markup/markdown-v2.ts";

const e = (type: string, offset: number, length: number, more: object = {}): object => ({
  type,
  offset,
  length,
  ...more,
});

const read: [string, string, object[]][] = [
  ["plain, text", "plain, text", []],
  ["1\\.5 \\\\ \\a", "1.5 \\ a", []],
  [
    "*a* _b_ __c__ ~d~ ||e||",
    "a b c d e",
    ["bold", "italic", "underline", "strikethrough", "spoiler"].map((type, index) => e(type, index * 2, 1)),
  ],
  ["_a __b___", "a b", [e("underline", 2, 1), e("italic", 0, 3)]],
  ["`a\\`_*b`", "a`_*b", [e("code", 0, 5)]],
  ["```ts\nlet\n```", "let\n", [e("pre", 0, 4, { language: "ts" })]],
  ["```\nlet```", "let", [e("pre", 0, 3)]],
  ["`a```", "a", [e("code", 0, 1)]],
  ["[a\\.b](https://example.org/\\))", "a.b", [e("text_link", 0, 3, { url: "https://example.org/)" })]],
  ["![👍](tg://emoji?id=5)", "👍", [e("custom_emoji", 0, 2, { custom_emoji_id: "5" })]],
  ["x\n>a\n>b\ny", "x\na\nb\ny", [e("blockquote", 2, 4)]],
  [">a\n>b||", "a\nb", [e("expandable_blockquote", 0, 3)]],
  [">||a||\ny", "a\ny", [e("spoiler", 0, 1), e("blockquote", 0, 2)]],
  ["**", "", []],
];
for (const [source, text, entities] of read) {
  test(`${JSON.stringify(source)} is read`, () => {
    assert.deepEqual(parseMarkdownV2(source), { text, entities });
  });
}

for (const character of "]()>#+-=|{}.!") {
  test(`a bare ${character} is refused, an escaped one is not`, () => {
    const reason = `Character '${character}' is reserved and must be escaped with the preceding '\\'`;
    assert.throws(() => parseMarkdownV2(`a${character}`), {
      description: `Bad Request: can't parse entities: ${reason}`,
    });
    assert.equal(parseMarkdownV2(`a\\${character}`).text, `a${character}`);
  });
}

const refused: [string, string][] = [
  ["é_a", "Can't find end of Italic entity at byte offset 2"],
  ["_a * b _", "Can't find end of Italic entity at byte offset 7"],
  ["`a", "Can't find end of Code entity at byte offset 0"],
  ["```a", "Can't find end of Pre entity at byte offset 0"],
  ["```a ", "Can't find end of PreCode entity at byte offset 0"],
  ["[a](b", "Can't find end of a URL at byte offset 4"],
  ["[a", "Can't find end of TextUrl entity at byte offset 0"],
  [">*b\nc*", "Can't find end of Bold entity at byte offset 1"],
  ["![a]", "Custom emoji entity must contain a tg://emoji URL"],
  ["![a](tg://emoji?id=x)", "Invalid custom emoji identifier specified"],
];
for (const [source, reason] of refused) {
  test(`${JSON.stringify(source)} is refused`, () => {
    assert.throws(() => parseMarkdownV2(source), { description: `Bad Request: can't parse entities: ${reason}` });
  });
}
