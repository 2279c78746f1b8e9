import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { rowJson } from "../../src/dashboard/row-json.ts";
import { FileRow } from "../../src/dashboard/tail/row.ts";

const PLACE = { gen: "0".repeat(29), offset: 100, check: 7 };
const CURSOR = `${"0".repeat(29)}:100:7`;

function row(text: string, cut = 0): FileRow {
  return new FileRow(PLACE, 0, text, cut);
}

test("the cursor is the first member, and the line itself follows", () => {
  assert.equal(rowJson(row('{"a":1, "b":[2]}')), `{"cursor":"${CURSOR}","a":1, "b":[2]}`);
  assert.equal(rowJson(row(' { "a":1}')), `{"cursor":"${CURSOR}", "a":1}`);
});

test("an empty object has the cursor alone", () => {
  for (const shape of ["full", "slim"] as const) {
    for (const text of ["{}", " { } "]) assert.equal(rowJson(row(text), shape), `{"cursor":"${CURSOR}"}`);
  }
});

test("a record's own cursor does not pass for a place, however it is written", () => {
  for (const own of ['"cursor":"evil"', '"\\u0063ursor":"evil"']) {
    const json = rowJson(row(`{"a":1,${own},"5":2}`));
    assert.ok(json.startsWith(`{"cursor":"${CURSOR}",`), json);
    assert.deepEqual(JSON.parse(json), { cursor: CURSOR, a: 1, 5: 2 });
  }
});

test("a line that is no object is passed on raw, a cut one with the bytes that are missing", () => {
  for (const text of ["no json", "[1]", '"text"', "{", '{"a":1}}', "\uFEFF{}"]) {
    assert.deepEqual(JSON.parse(rowJson(row(text))), { cursor: CURSOR, raw: text });
  }
  assert.deepEqual(JSON.parse(rowJson(row('{"a":"b', 12))), { cursor: CURSOR, raw: '{"a":"b', cut: 12 });
});

test("the slim shape is without the bodies of a prompt", () => {
  const record = { timestamp: 1, systemPrompt: "s", userMessage: "u", prompt: "p", promptLength: 1 };
  const json = rowJson(row(JSON.stringify(record)), "slim");
  assert.deepEqual(JSON.parse(json), { cursor: CURSOR, timestamp: 1, promptLength: 1 });
});

test("no line break is left in it, whatever the line holds", () => {
  const json = rowJson(row('{"a":1,\r"b":"c\\r"}\r'));
  assert.doesNotMatch(json, /[\r\n]/);
  assert.deepEqual(JSON.parse(json), { cursor: CURSOR, a: 1, b: "c\r" });
});

test("any record comes out as it went in, with the cursor first", () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.boolean(), (record, slim) => {
      const json = rowJson(row(JSON.stringify(record)), slim ? "slim" : "full");
      const wanted = Object.entries(record).filter(
        ([name]) => name !== "cursor" && !(slim && ["systemPrompt", "userMessage", "prompt"].includes(name)),
      );
      assert.ok(json.startsWith(`{"cursor":"${CURSOR}"`));
      const { cursor, ...rest } = JSON.parse(json) as Record<string, unknown>;
      assert.equal(cursor, CURSOR);
      assert.equal(JSON.stringify(rest), JSON.stringify(Object.fromEntries(wanted)));
    }),
  );
});
