import assert from "node:assert/strict";
import { test } from "node:test";
import { formatFileName, keyOf, parseFileName } from "../../../src/core/queue/file-name.ts";
import { HEARTBEAT, MACHINE, PERSON } from "../../../src/core/queue/rank.ts";

test("a name tells order, lane, rank and key, and reads back", () => {
  const names = [
    ["0000000000000042.5.u123456.json", PERSON, "u123456"],
    ["0000000000000042.5.x.u123456.json", MACHINE, "u123456"],
    ["0000000000000042.5.h.u123456.json", HEARTBEAT, "u123456"],
    ["0000000000000042.5.x.json", PERSON, "x"],
    ["0000000000000042.5.h.h.json", HEARTBEAT, "h"],
  ] as const;
  for (const [name, rank, key] of names) {
    assert.equal(formatFileName({ seq: 42, lane: 5, rank, key }), name);
    assert.deepEqual(parseFileName(name), { seq: 42, lane: 5, rank, key });
  }
});

test("names of another form are not ours", () => {
  const names = [
    "hello.json",
    "42.5.u1.json",
    "0000000000000042.0.u1.json",
    "0000000000000042.9999999999999999.u1.json",
    "1000000000000042.5.u1.json",
    "0000000000000042.5.u.1.json",
    "0000000000000042.5.x..json",
    "0000000000000042.5.x.h.u1.json",
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
