import assert from "node:assert/strict";
import { test } from "node:test";
import { piecesOf } from "../../../src/dashboard/socket/pieces.ts";
import { FileRow } from "../../../src/dashboard/tail/row.ts";

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
