import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  PLACE_ROOM,
  checkOf,
  formatCursor,
  generationOf,
  inodeHash,
  parseCursor,
  timeOf,
  writePlace,
} from "../../../src/dashboard/tail/cursor.ts";

const inode = inodeHash(1n, 2n);
const gen = generationOf(Buffer.from('{"timestamp":1760000000000}\n'), false, inode) ?? "";

test("a cursor comes back as the place it was made of, and fits the contract", () => {
  const place = { gen, offset: 999_999_999_999_999, check: 0xffffffff };
  assert.match(formatCursor(place), /^[A-Za-z0-9:._-]{1,80}$/);
  assert.deepEqual(parseCursor(formatCursor(place)), place);
});

test("what cannot be a cursor is bad_cursor, and another program's names no place", () => {
  for (const bad of ["", " ", "a b", "ä", "a/b", "..\0", "x".repeat(81), "a\n"]) {
    assert.throws(() => parseCursor(bad), { code: "bad_cursor" }, JSON.stringify(bad));
  }
  for (const foreign of ["0", "deadbeef:12", `${gen}:1`, `${gen}:-1:0`, `${gen}:1234567890123456:0`, "x".repeat(80)]) {
    assert.equal(parseCursor(foreign), undefined, foreign);
  }
});

test("a generation has a name once its first line is whole, or 256 bytes long", () => {
  assert.equal(generationOf(Buffer.from("abc"), false, inode), undefined);
  assert.equal(generationOf(Buffer.from(""), true, inode), undefined);
  assert.equal(generationOf(Buffer.from("abc"), true, inode), generationOf(Buffer.from("abc\ndef"), false, inode));
  assert.equal(generationOf(Buffer.alloc(255, "a"), false, inode), undefined);
  const long = generationOf(Buffer.alloc(256, "a"), false, inode);
  assert.equal(long, generationOf(Buffer.alloc(999, "a"), false, inode));
  assert.notEqual(long, generationOf(Buffer.alloc(256, "a"), false, inodeHash(1n, 3n)));
});

test("a generation bears the time of its first line, of our records and of pino's", () => {
  assert.equal(timeOf(gen), 1_760_000_000_000);
  const time = (line: string): number | undefined => timeOf(generationOf(Buffer.from(line), true, inode) ?? "");
  assert.equal(time('{"level":30,"time":1760000000001,"msg":"x"}\n'), 1_760_000_000_001);
  assert.equal(time('{"level":30}\n{"time":1760000000001}\n'), undefined);
});

test("the check covers the 64 bytes before a place", () => {
  const bytes = Buffer.alloc(200, "abcdefg");
  assert.equal(checkOf(bytes, 150), checkOf(bytes.subarray(86), 64));
  const other = Buffer.from(bytes);
  other[86] = 0;
  assert.notEqual(checkOf(other, 150), checkOf(bytes, 150));
});

test("a place written as bytes is what is told behind the generation, and takes no more room than is said", () => {
  const place = fc.record({
    gen: fc.constant(gen),
    offset: fc.oneof(fc.nat({ max: 999_999_999_999_999 }), fc.nat({ max: 2000 })),
    check: fc.oneof(fc.nat({ max: 2 ** 32 - 1 }), fc.nat({ max: 2000 })),
  });
  const least = { gen, offset: 0, check: 0 };
  const most = { gen, offset: 999_999_999_999_999, check: 2 ** 32 - 1 };
  const edges = [1e9 - 1, 1e9, 1e9 + 1].map((offset) => ({ gen, offset, check: 36 ** 5 + offset - 1e9 }));
  fc.assert(
    fc.property(place, (one) => {
      const target = Buffer.alloc(PLACE_ROOM + 2, "x");
      const end = writePlace(one, target, 1);
      assert.equal(gen + target.toString("latin1", 1, end), formatCursor(one));
      assert.equal(target.toString("latin1", end), "x".repeat(target.length - end));
      assert.ok(end < target.length);
    }),
    { numRuns: 1000, examples: [least, most, ...edges].map((one): [typeof one] => [one]) },
  );
});
