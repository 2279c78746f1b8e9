import assert from "node:assert/strict";
import { test } from "node:test";
import { findEntities, formatCaption, formatText } from "../../../../src/sandbox/telegram/markup/format.ts";

test("a text may have 4096 UTF-16 units after its markup is taken out, and a caption 1024", () => {
  const tooLong = { description: "Bad Request: message is too long" };
  assert.equal(formatText(`<b>${"a".repeat(4096)}</b>`, "HTML").text.length, 4096);
  assert.throws(() => formatText("a".repeat(4097)), tooLong);
  assert.equal(formatText("😀".repeat(2048)).text.length, 4096);
  assert.throws(() => formatText("😀".repeat(2049)), tooLong);
  assert.equal(formatText("&lt;".repeat(4096), "html").text.length, 4096);
  assert.equal(formatCaption("a".repeat(1024)).text.length, 1024);
  assert.throws(() => formatCaption("a".repeat(1025)), { description: "Bad Request: message caption is too long" });
});

test("a text of nothing is refused, a caption of nothing is none", () => {
  for (const [text, mode] of [[""], [" \n"], ["<b></b>", "HTML"], ["**", "MarkdownV2"]] as const) {
    assert.throws(() => formatText(text, mode), { description: "Bad Request: message text is empty" });
  }
  assert.equal(formatCaption("").text, "");
});

test("white space around a text goes, and its entities are cut to what is left", () => {
  assert.deepEqual(formatText(" \n<b> a </b>\n", "HTML"), {
    text: "a",
    entities: [{ type: "bold", offset: 0, length: 1 }],
  });
  assert.deepEqual(formatText("ab", undefined, [{ type: "code", offset: 1, length: 9 }]).entities, [
    { type: "code", offset: 1, length: 1 },
  ]);
});

test("without a parse mode markup is text, and an unknown one is refused", () => {
  assert.deepEqual(formatText("<b>a"), { text: "<b>a", entities: [] });
  assert.throws(() => formatText("a", "rtf"), { description: "Bad Request: unsupported parse_mode" });
});

test("outer entities come before inner ones", () => {
  assert.deepEqual(
    formatText("<b><i>a</i>b</b>", "HTML").entities.map(({ type }) => type),
    ["bold", "italic"],
  );
});

test("commands, mentions and addresses are found in what a user typed", () => {
  const found = (text: string): string[] =>
    findEntities(text).map(({ type, offset, length }) => `${type} ${text.slice(offset, offset + length)}`);
  assert.deepEqual(found("/start@a_bot x"), ["bot_command /start@a_bot"]);
  assert.deepEqual(found("ask @ada_example /now"), ["mention @ada_example", "bot_command /now"]);
  assert.deepEqual(found("see https://example.org/a/b?c=d, please"), ["url https://example.org/a/b?c=d"]);
  assert.deepEqual(found("path a/b and me@example.org"), []);
});
