import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { WINDOW_BYTES } from "../../../src/dashboard/tail/cursor.ts";
import type { FileRow } from "../../../src/dashboard/tail/row.ts";
import { MAX_LINE_BYTES, Splitter } from "../../../src/dashboard/tail/splitter.ts";
import type { LinesAs } from "../../../src/dashboard/tail/splitter.ts";

/** What the splitter makes of `bytes` that come in pieces of `size`. */
function split(bytes: Buffer, size: number, lines?: LinesAs): FileRow[] {
  const splitter = new Splitter("g", 0, lines);
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
        const told = (rows: readonly FileRow[]): unknown =>
          rows.map(({ cursor, start, text, cut }) => ({ cursor, start, text, cut }));
        const bytes = Buffer.from(text);
        const all = told(split(bytes, 10_000));
        assert.deepEqual(told(split(bytes, size)), all);
        assert.deepEqual(told(split(bytes, size, "bytes")), all);
        assert.deepEqual(told(split(bytes, 10_000, "bytes")), all);
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
  for (const [size, lines] of [
    [64 * 1024],
    [4 * MAX_LINE_BYTES],
    [64 * 1024, "bytes"],
    [4 * MAX_LINE_BYTES, "bytes"],
  ] as [number, LinesAs?][]) {
    const [long, after] = split(Buffer.from(`${line}\nnext\n`), size, lines);
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

test("the rows of a file that is followed keep their lines as bytes, which nobody writes to any more", () => {
  const bytes = Buffer.from('{"a":"é"}\n{"b":2}\n');
  const rows = split(bytes, 10_000, "bytes");
  bytes.fill(0x78);
  assert.deepEqual(
    rows.map(({ line, text, plain }) => [line?.block.toString("utf8", line.from, line.to), text, plain === line]),
    [
      ['{"a":"é"}', '{"a":"é"}', true],
      ['{"b":2}', '{"b":2}', true],
    ],
  );
});

test("what cannot be passed on as it is does not: no UTF-8, a carriage return, and a line that came in parts", () => {
  const lines = [Buffer.from('{"a":"\xff"}\n', "latin1"), Buffer.from('{"a":\r1}\n'), Buffer.from('{"a":1}\r\n')];
  // Each of these would hold all of the block for the sake of one row.
  lines.push(Buffer.from(`{"a":1}${"\n".repeat(1000)}`), Buffer.from(`${"\0".repeat(1000)}{"a":1}\n`));
  for (const line of lines) assert.deepEqual(split(line, 10_000, "bytes")[0]?.line, undefined, line.toString());
  assert.equal(split(Buffer.from('{"a":1}\n'), 4, "bytes")[0]?.line, undefined);
  assert.equal(split(Buffer.from('{"a":"\xff"}\n', "latin1"), 10_000, "bytes")[0]?.text, '{"a":"\ufffd"}');
});
