import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { WINDOW_BYTES } from "../../../src/dashboard/tail/cursor.ts";
import type { FileRow } from "../../../src/dashboard/tail/row.ts";
import { MAX_LINE_BYTES, Splitter } from "../../../src/dashboard/tail/splitter.ts";

/** What the splitter makes of `bytes` that come in pieces of `size`. */
function split(bytes: Buffer, size: number): FileRow[] {
  const splitter = new Splitter("g", 0);
  const rows: FileRow[] = [];
  for (let from = 0; from < bytes.length; from += size) {
    const base = Math.max(0, from - WINDOW_BYTES);
    rows.push(...splitter.push(bytes.subarray(base, from + size), from - base, base));
  }
  return rows;
}

function texts(text: string | Buffer, size = 7): string[] {
  return split(Buffer.from(text), size).map((row) => row.text);
}

test("however the bytes come, the rows are the same", () => {
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom("a", "é", "🦀", "\n", "\r\n", "\0", "{", "}") }),
      fc.integer({ min: 1, max: 9 }),
      (text, size) => {
        assert.deepEqual(split(Buffer.from(text), size), split(Buffer.from(text), 10_000));
      },
    ),
  );
});

test("a character that comes in two pieces is one character", () => {
  assert.deepEqual(texts("é🦀é\n🦀\n", 1), ["é🦀é", "🦀"]);
});

test("a line is told when it has ended, and where it began and ended", () => {
  assert.deepEqual(texts("a\nb"), ["a"]);
  const [a, b] = split(Buffer.from("aé\n\nb\n"), 2);
  assert.deepEqual([a?.start, a?.offset, b?.start, b?.offset], [0, 4, 5, 7]);
});

test("line ends of other systems, empty lines and NUL bytes before a line are no part of a row", () => {
  assert.deepEqual(texts("a\r\n\r\n\n\0\0\n\0\0\0b\0\nc\rd\n"), ["a", "b\0", "c\rd"]);
});

test("a line over 1 MiB is cut between two characters, and says by how much", () => {
  const line = `${"x".repeat(MAX_LINE_BYTES - 1)}${"é".repeat(50)}`;
  for (const size of [64 * 1024, 4 * MAX_LINE_BYTES]) {
    const [long, after] = split(Buffer.from(`${line}\nnext\n`), size);
    assert.equal(long?.text, "x".repeat(MAX_LINE_BYTES - 1), String(size));
    assert.equal(long.cut, 100);
    assert.equal(long.record, undefined);
    assert.equal(after?.text, "next");
    assert.equal(after.cut, undefined);
  }
  const whole = "é".repeat(MAX_LINE_BYTES / 2);
  assert.equal(split(Buffer.from(`${whole}yy\n`), 64 * 1024)[0]?.text, whole);
});

test("a record is an object; anything else is raw", () => {
  const rows = split(Buffer.from('{"a":1}\n {"b":2}\n[1]\n"x"\n{"c":\nnull\n{}\n'), 100);
  const records = rows.map((row) => row.record);
  assert.deepEqual(records, [{ a: 1 }, { b: 2 }, undefined, undefined, undefined, undefined, {}]);
  assert.equal(rows[0]?.record, records[0], "parsed once");
});
