import assert from "node:assert/strict";
import { test } from "node:test";
import { formatFileName, keyOf, parseFileName } from "../../../src/core/queue/file-name.ts";

test("a name is the number in 16 digits, the lane and the key, and reads back", () => {
  const name = formatFileName({ seq: 42, lane: 5, key: "u123456" });
  assert.equal(name, "0000000000000042.5.u123456.json");
  assert.deepEqual(parseFileName(name), { seq: 42, lane: 5, key: "u123456" });
});

test("names of another form are not ours", () => {
  const names = [
    "hello.json",
    "42.5.u1.json",
    "0000000000000042.0.u1.json",
    "0000000000000042.9999999999999999.u1.json",
    "1000000000000042.5.u1.json",
    "0000000000000042.5.u.1.json",
    "0000000000000042.5..json",
    "0000000000000042.5.u1.json.why",
    "0000000000000042.5.u1.json\n",
  ];
  for (const name of names) assert.equal(parseFileName(name), undefined, name);
});

test("an id that is safe in a name is its own key; any other is hashed, always alike", () => {
  assert.equal(keyOf("u123456"), "u123456");
  assert.equal(keyOf("x".repeat(96)), "x".repeat(96));
  for (const id of ["a/b", "..", "", "x".repeat(97), "ü", "a\n"]) {
    assert.match(keyOf(id), /^h[0-9a-f]{32}$/);
    assert.equal(keyOf(id), keyOf(id));
  }
  assert.notEqual(keyOf("a/b"), keyOf("a/c"));
});
