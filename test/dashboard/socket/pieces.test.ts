import assert from "node:assert/strict";
import { test } from "node:test";
import { rowJson } from "../../../src/dashboard/row-json.ts";
import { piecesOf } from "../../../src/dashboard/socket/pieces.ts";
import type { Piece } from "../../../src/dashboard/socket/pieces.ts";
import { FileRow } from "../../../src/dashboard/tail/row.ts";
import { Splitter } from "../../../src/dashboard/tail/splitter.ts";

function rows(count: number): FileRow[] {
  return Array.from({ length: count }, (_, n) => new FileRow(place(n + 1), n, `{"n":${n},"ü":1}`, 0));
}

function place(offset: number): { gen: string; offset: number; check: number } {
  return { gen: "0".repeat(29), offset, check: 1 };
}

test("a frame is what it is for each who is sent it, in whatever order they ask", () => {
  const [piece, ...more] = piecesOf(rows(3), undefined, "full");
  assert.ok(piece?.kind === "rows" && more.length === 0);
  for (const id of ["a", "a", "another", "a", "ä"]) {
    const frame = JSON.parse(Buffer.from(piece.frame(`{"id":"${id}",`)).toString()) as Record<string, unknown>;
    const { rows: sent, ...rest } = frame;
    assert.deepEqual(rest, { id, first: rows(1)[0]?.cursor, last: rows(3)[2]?.cursor });
    assert.deepEqual(
      (sent as object[]).map((row) => ({ ...row, cursor: "" })),
      [0, 1, 2].map((n) => ({ cursor: "", n, ü: 1 })),
    );
  }
});

/** As a file that is followed gives them. */
function followed(...lines: string[]): FileRow[] {
  const bytes = Buffer.from(lines.map((line) => `${line}\n`).join(""));
  return new Splitter("0".repeat(29), 1e14, "bytes").push(bytes, 0, 1e14);
}

function rowsIn(pieces: Iterable<Piece>): unknown[] {
  return [...pieces].flatMap((piece) => {
    assert.ok(piece.kind === "rows");
    return (JSON.parse(Buffer.from(piece.frame("{")).toString()) as { rows: unknown[] }).rows;
  });
}

test("rows that are passed on as bytes are what they are as text", () => {
  const lines = [
    '{"n":1,"text":"é 🦀 \\u0041"}',
    '{"cursor":"forged","n":2}',
    '{"curs\\u006fr":"forged","n":3}',
    "{}",
    " { } ",
    '{"n":4} ',
    '{ "n":5}',
    "no JSON",
    '{"n":6}}',
    "[7]",
    "8",
    `{"n":${"[".repeat(60)}${"]".repeat(60)}}`,
  ];
  const all = followed(...lines);
  assert.ok(all.every(({ line }) => line !== undefined));
  assert.deepEqual(
    all.filter(({ plain }) => plain !== undefined).map(({ text }) => text),
    lines.slice(0, 1),
  );
  const told = all.map((row) => JSON.parse(rowJson(row)) as unknown);
  assert.deepEqual(rowsIn(piecesOf(all, undefined, "full")), told);
  assert.deepEqual(rowsIn(piecesOf(all, undefined, "slim")), told);
  assert.deepEqual((told[0] as { cursor: string }).cursor, all[0]?.cursor);
});

test("rows beyond what a frame holds make another, and the last tells how far it was read", () => {
  const pieces = [...piecesOf(rows(501), "further", "full")];
  const told = pieces.map((piece) => {
    assert.ok(piece.kind === "rows");
    const {
      first,
      last,
      rows: sent,
    } = JSON.parse(Buffer.from(piece.frame("{")).toString()) as {
      first: string;
      last: string;
      rows: object[];
    };
    assert.equal(Buffer.byteLength(piece.frame("{")) - 1, piece.bytes);
    return [first, last, sent.length];
  });
  const all = rows(501);
  assert.deepEqual(told, [
    [all[0]?.cursor, all[499]?.cursor, 500],
    [all[500]?.cursor, "further", 1],
  ]);
});
