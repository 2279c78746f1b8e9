import assert from "node:assert/strict";
import { test } from "node:test";
import { parseHtml } from "../../../../src/sandbox/telegram/markup/html.ts";

const e = (type: string, offset: number, length: number, more: object = {}): object => ({
  type,
  offset,
  length,
  ...more,
});

const read: [string, string, object[]][] = [
  ["plain text", "plain text", []],
  ["<b>a</b><strong>b</strong>", "ab", [e("bold", 0, 1), e("bold", 1, 1)]],
  [
    "<i>a</i><em>b</em><u>c</u><ins>d</ins>",
    "abcd",
    [e("italic", 0, 1), e("italic", 1, 1), e("underline", 2, 1), e("underline", 3, 1)],
  ],
  ["<s>a</s><strike>b</strike><del>c</del>", "abc", [0, 1, 2].map((at) => e("strikethrough", at, 1))],
  ['<span class="tg-spoiler">a</span><tg-spoiler>b</tg-spoiler>', "ab", [e("spoiler", 0, 1), e("spoiler", 1, 1)]],
  ["😀<b>é 😀</b>", "😀é 😀", [e("bold", 2, 4)]],
  ["<b>a<i>b</i></b>", "ab", [e("italic", 1, 1), e("bold", 0, 2)]],
  [
    '<a href="https://example.org/?a=1&amp;b">x</a>',
    "x",
    [e("text_link", 0, 1, { url: "https://example.org/?a=1&b" })],
  ],
  ["<a>example.org</a>", "example.org", [e("text_link", 0, 11, { url: "example.org" })]],
  ['<pre><code class="language-ts">let</code></pre>', "let", [e("pre", 0, 3, { language: "ts" })]],
  ['<code class="language-ts">let</code>', "let", [e("code", 0, 3)]],
  [
    "<blockquote>a</blockquote><blockquote expandable>b</blockquote>",
    "ab",
    [e("blockquote", 0, 1), e("expandable_blockquote", 1, 1)],
  ],
  ['<tg-emoji emoji-id="5">👍</tg-emoji>', "👍", [e("custom_emoji", 0, 2, { custom_emoji_id: "5" })]],
  ["1 &lt; 2 &amp;&amp; 3 > 2 &quot;&#65;&#x42;", '1 < 2 && 3 > 2 "AB', []],
  ["&copy; & &ge; &lt3", "&copy; & &ge; <3", []],
  ["<B>a</>", "a", [e("bold", 0, 1)]],
  ["<b></b>", "", []],
  ["<b x = 'y' z>a</b >", "a", [e("bold", 0, 1)]],
];
for (const [source, text, entities] of read) {
  test(`${source} is read`, () => {
    assert.deepEqual(parseHtml(source), { text, entities });
  });
}

const refused: [string, string][] = [
  ["a <", "Unclosed start tag at byte offset 2"],
  ["a < b", 'Unsupported start tag "" at byte offset 2'],
  ["<p>a</p>", 'Unsupported start tag "p" at byte offset 0'],
  ["é<h1>a</h1>", 'Unsupported start tag "h1" at byte offset 2'],
  ["<constructor>", 'Unsupported start tag "constructor" at byte offset 0'],
  ["<b>a", 'Can\'t find end tag corresponding to start tag "b"'],
  ["<b>a</i>", 'Unmatched end tag at byte offset 4, expected "</b>", found "</i>"'],
  ["a</b>", "Unexpected end tag at byte offset 1"],
  ["<b>a</b", "Unclosed end tag at byte offset 4"],
  ["<b", "Unclosed start tag at byte offset 0"],
  ["<b a", 'Unclosed start tag "b" at byte offset 0'],
  ["<a href=x/>y</a>", "Unexpected end of name token at byte offset 8"],
  ["<a href='x>y</a>", "Unclosed start tag at byte offset 0"],
  ["<i =x>", 'Empty attribute name in the tag "i" at byte offset 0'],
  ["<span>a</span>", 'Tag "span" must have class "tg-spoiler" at byte offset 0'],
  ['<tg-emoji emoji-id="x">a</tg-emoji>', "Invalid custom emoji identifier specified"],
  [
    "&#xD800;",
    "Text contains invalid Unicode characters after decoding HTML entities, check for unmatched surrogate code units",
  ],
];
for (const [source, reason] of refused) {
  test(`${source} is refused`, () => {
    assert.throws(() => parseHtml(source), {
      status: 400,
      description: `Bad Request: can't parse entities: ${reason}`,
    });
  });
}
