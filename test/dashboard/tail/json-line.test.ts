import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { JsonLine, UNTOLD } from "../../../src/dashboard/tail/json-line.ts";
import type { LineBytes } from "../../../src/dashboard/tail/json-line.ts";

/** The line between two others, as in a file; each at another place within the words that memory is read by. */
function lineOf(text: string): LineBytes {
  shift = (shift + 1) % 8;
  const before = Buffer.from(`{"before":${"1".repeat(1 + (shift % 4))}}\n`);
  const line = Buffer.from(text);
  const bytes = Buffer.concat([before, line, Buffer.from('\n{"after":1}\n')]);
  // A block that begins within a word cannot be read by words.
  const within = shift < 4 ? 0 : 1;
  const block = Buffer.allocUnsafeSlow(bytes.length + within).subarray(within);
  block.set(bytes);
  return { block, from: before.length, to: before.length + line.length };
}
let shift = 0;

function membersOf(text: string, names: readonly string[]): unknown {
  const json = new JsonLine();
  return json.read(lineOf(text)) ? names.map((name) => json.member(name)) : undefined;
}

/** It may know nothing of a line; what it tells is what `JSON.parse` makes of it. */
function assertTrue(text: string): boolean {
  const json = new JsonLine();
  if (!json.read(lineOf(text))) return false;
  const record = JSON.parse(text) as Record<string, unknown>;
  assert.ok(typeof record === "object" && !Array.isArray(record), text);
  assert.ok(text.startsWith('{"'), text);
  for (const name of ["absent", ...Object.keys(record)]) {
    // Names are asked for in ASCII.
    if (!/^[ -~]*$/.test(name)) continue;
    const told = json.member(name);
    const value = Object.hasOwn(record, name) ? record[name] : undefined;
    if (told !== UNTOLD) assert.deepEqual(told, value, `${name} of ${text}`);
    else assert.ok(typeof value === "object" || JSON.stringify(value).includes("\\") || /\\/.test(text), text);
  }
  return true;
}

test("texts, numbers and words are told, and what takes parsing is said to be there", () => {
  const text =
    '{"a":"é 🦀","b":-1.5e+3,"c":true,"d":false,"e":null,"f":{"x":[1]},"g":[],"h":"a\\nb","i":1795419614984,"":0}';
  const names = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "", "x", "aa"];
  const told = ["é 🦀", -1500, true, false, null, UNTOLD, UNTOLD, UNTOLD, 1795419614984, 0, undefined, undefined];
  assert.deepEqual(membersOf(text, names), told);
});

test("of two members of one name the last counts, as it does for JSON.parse", () => {
  assert.deepEqual(membersOf('{"a":1,"b":2,"a":3}', ["a", "b"]), [3, 2]);
});

test("a long name does not pass for a short one that begins and ends alike", () => {
  for (const more of [1, 255, 256, 65_535, 65_536]) {
    const long = `threadId${"x".repeat(more - 1)}d`;
    assert.deepEqual(membersOf(`{"${long}":5}`, ["threadId"]), [undefined], String(more));
    assert.deepEqual(membersOf(`{"threadId":1,"${long}":5}`, ["threadId", long]), [1, 5], String(more));
  }
});

test("numbers are what JSON.parse makes of them, however long", () => {
  for (const number of [
    "0",
    "-0",
    "10",
    "999999999999999",
    "9007199254740993",
    "123456789012345678901",
    "1e400",
    "0.1",
  ]) {
    assert.ok(assertTrue(`{"n":${number}}`), number);
  }
});

const unknown = [
  ["no object", "1", '"a"', "[1]", "null", ""],
  ["an empty object", "{}", "{ }"],
  ["spaces between the parts", '{ "a":1}', '{"a" :1}', '{"a": 1}', '{"a":1 }', '{"a":1} ', ' {"a":1}', '{"a":[1, 2]}'],
  ["a name with an escape", '{"curs\\u006fr":1}', '{"a\\"b":1}'],
  ["more after it", '{"a":1}}', '{"a":1}{"b":2}', '{"a":1},', '{"a":1}x'],
  [
    "less than all of it",
    '{"a":1',
    '{"a":',
    '{"a',
    '{"a":"b',
    '{"a":{"b":1}',
    '{"a":[1',
    '{"a":"b\\',
    '{"a":"\\u00',
    "{",
  ],
  ["no value", '{"a":}', '{"a":,"b":1}', '{"a":undefined}', '{"a":tru}', '{"a":True}', '{"a":NaN}', "{\"a\":'b'}"],
  [
    "no name",
    "{1:2}",
    '{"a":1,}',
    '{,"a":1}',
    '{"a":{1:2}}',
    '{"a":{"b":1,}}',
    '{"a":[1,]}',
    '{"a":[,1]}',
    '{"a":{"b"}}',
  ],
  [
    "no number",
    '{"a":01}',
    '{"a":-}',
    '{"a":1.}',
    '{"a":.5}',
    '{"a":1e}',
    '{"a":1e+}',
    '{"a":+1}',
    '{"a":0x1}',
    '{"a":1a}',
  ],
  ["no text", '{"a":"\\x"}', '{"a":"\\u12g4"}', '{"a":"b\tc"}', '{"a":"\0"}', '{"a":"\u0001"}'],
  ["an object closed by a bracket", '{"a":[1}}', '{"a":{"b":1]}', '{"a":1]'],
  ["values nested too deep to follow", `{"a":${"[".repeat(40)}${"]".repeat(40)}}`],
  ["more members than are told apart", `{${Array.from({ length: 65 }, (_, n) => `"m${n}":1`).join(",")}}`],
] as const;
for (const [what, ...texts] of unknown) {
  test(`it knows nothing of ${what}`, () => {
    for (const text of texts) assert.equal(new JsonLine().read(lineOf(text)), false, text);
  });
}

test("what lies as deep as it follows, and as many members as it tells apart, are known", () => {
  assert.ok(assertTrue(`{"a":${"[".repeat(32)}${"]".repeat(32)}}`));
  assert.ok(assertTrue(`{${Array.from({ length: 64 }, (_, n) => `"m${n}":${n}`).join(",")}}`));
});

test("a line that ends within a value does not go on in the next", () => {
  const [one, two] = ['{"a":"b', 'c"}'];
  const block = Buffer.from(`${one}\n${two}\n`);
  assert.equal(new JsonLine().read({ block, from: 0, to: one.length }), false);
  assert.equal(new JsonLine().read({ block, from: 0, to: block.length - 1 }), false);
});

test("each line is looked at anew, and one that is no object leaves nothing of the one before", () => {
  const json = new JsonLine();
  assert.ok(json.read(lineOf('{"a":1,"b":2}')));
  assert.ok(!json.read(lineOf('{"a":1')));
  assert.ok(json.read(lineOf('{"b":3}')));
  assert.deepEqual([json.member("a"), json.member("b")], [undefined, 3]);
});

test("of what our own programs write it knows all, and tells what JSON.parse does", () => {
  const name = fc.string({ unit: fc.constantFrom("a", "b", "é", " ", ":") });
  fc.assert(
    fc.property(fc.dictionary(name, fc.jsonValue({ maxDepth: 4 }), { minKeys: 1, maxKeys: 20 }), (record) => {
      assert.ok(assertTrue(JSON.stringify(record)));
    }),
    { numRuns: 2000 },
  );
});

test("whatever is done to a line, it tells nothing that JSON.parse does not", () => {
  const text = fc.dictionary(fc.string(), fc.jsonValue(), { minKeys: 1 }).map((record) => JSON.stringify(record));
  const put = fc.constantFrom(
    "",
    '"',
    "\\",
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "-",
    ".",
    "e",
    "1",
    "0",
    "u",
    "t",
    " ",
    "\0",
  );
  const edits = fc.array(fc.tuple(fc.nat(), fc.nat({ max: 3 }), put), { minLength: 1, maxLength: 3 });
  let known = 0;
  fc.assert(
    fc.property(text, edits, (line, changes) => {
      let changed = line;
      for (const [at, dropped, more] of changes) {
        const from = at % (changed.length + 1);
        changed = changed.slice(0, from) + more + changed.slice(from + dropped);
      }
      if (assertTrue(changed)) known += 1;
    }),
    { numRuns: 10_000 },
  );
  assert.ok(known > 100, `only ${known} of the lines were known`);
});
