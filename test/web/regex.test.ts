import assert from "node:assert/strict";
import { test } from "node:test";
import { pageModule } from "./page-module.ts";

interface Regex {
  test(text: string): boolean;
  ranges(text: string, most?: number): [number, number][];
}
const { Regex } = await pageModule<{ Regex: new (source: string, ignoreCase: boolean) => Regex }>("regex.js");

const SOURCES = [
  "a",
  "abc",
  "a|b",
  "a|bc|",
  "a*",
  "a+",
  "a?b",
  "ab{2}",
  "ab{2,}",
  "ab{1,2}c",
  "(a|b)*c",
  "(?:ab)+",
  "^a",
  "a$",
  "^$",
  "\\bab\\b",
  "\\Bb",
  "[a-c]",
  "[^a-c]",
  "[\\d_]x",
  "\\d+",
  "\\D",
  "\\w+",
  "\\W",
  "\\s",
  "\\S+",
  ".",
  "a.c",
  "a.*c",
  "\\.",
  "\\x61",
  "\\u0061",
  "[\\]a]",
  "[-a]",
  "a{,2}",
  "x{",
  "(a(b(c)?)?)?d",
  "a*?b",
  "\\t",
];
const TEXTS = [
  "",
  "a",
  "b",
  "ab",
  "abc",
  "abbc",
  "abbbc",
  "aab",
  "c",
  "ac",
  "a c",
  "a\nc",
  "A",
  "ABC",
  "x_1",
  "1x",
  "ä",
  "a{,2}",
  "x{",
  "d",
  "abcd",
  " ",
  "\t",
  "-",
  "]",
  ".",
  "b a ab ba",
  "a\u2028c",
  "foo bar",
];

for (const ignoreCase of [false, true]) {
  test(`the same lines match as with the browser's own${ignoreCase ? ", whatever the case" : ""}`, () => {
    for (const source of SOURCES) {
      const [own, ours] = [new RegExp(source, ignoreCase ? "i" : ""), new Regex(source, ignoreCase)];
      for (const text of TEXTS) assert.equal(ours.test(text), own.test(text), `/${source}/ on ${JSON.stringify(text)}`);
    }
  });
}

test("the places are those of the longest matches, the first first", () => {
  const marked = (source: string, text: string): string[] =>
    new Regex(source, false).ranges(text).map(([from, to]) => text.slice(from, to));
  assert.deepEqual(marked("a|ab|abc", "abcab xa"), ["abc", "ab", "a"]);
  assert.deepEqual(marked("\\bfoo\\b", "foo foobar foo"), ["foo", "foo"]);
  assert.deepEqual(marked("x*", "axxa"), ["xx"], "an empty match marks nothing");
  assert.equal(new Regex("a", false).ranges("a".repeat(99), 5).length, 5);
});

test("an expression that keeps the browser's own busy for years is over at once", () => {
  const begun = performance.now();
  assert.equal(new Regex("^(a+)+$", false).test(`${"a".repeat(16_000)}!`), false);
  assert.equal(new Regex("(x+x+)+y", false).test("x".repeat(16_000)), false);
  assert.ok(performance.now() - begun < 5_000);
});

for (const source of [
  "(",
  ")",
  "[",
  "a**",
  "*",
  "(?=a)",
  "(?<!a)",
  "\\1",
  "a{2,1}",
  "a{9999}",
  "(".repeat(300) + ")".repeat(300),
  "(?:a{1000}){1000}",
]) {
  test(`/${source.slice(0, 20)}/ is refused with a reason`, () => {
    assert.throws(
      () => new Regex(source, false),
      (error: Error) => error.constructor.name === "RegexError" && error.message.length > 10,
    );
  });
}
