import assert from "node:assert/strict";
import { test } from "node:test";
import { Lines, NEEDLE, NumberScan, Tally } from "../../../bench/dashboard/lines.ts";

function numbersIn(parts: readonly Buffer[]): number[] {
  const found: number[] = [];
  const scan = new NumberScan((number) => {
    found.push(number);
  });
  for (const part of parts) scan.take(part);
  return found;
}

test("a line is a record of the message history with its number, and all are of one length", () => {
  const lines = new Lines(3);
  const text = lines.block(99).toString();
  const records = text.trimEnd().split("\n");
  assert.deepEqual(
    records.map((line) => (JSON.parse(line) as { messageId: string }).messageId),
    ["m0000000099", "m0000000100", "m0000000101"],
  );
  assert.deepEqual(new Set(records.map((line) => line.length)), new Set([375]));
});

test("a block begins anew with lower numbers, and may be shorter", () => {
  const lines = new Lines(3);
  lines.block(123_456);
  assert.deepEqual(numbersIn([lines.block(7, 2)]), [7, 8]);
});

test("the needle is in the last line of its block, which stays JSON", () => {
  const text = new Lines(3).blockWithNeedle(0).toString().trimEnd().split("\n");
  assert.deepEqual(
    text.map((line) => (JSON.parse(line) as { message: string }).message.includes(NEEDLE)),
    [false, false, true],
  );
});

test("numbers are found wherever the bytes are cut", () => {
  const bytes = Buffer.from(new Lines(3).block(4_000_000_000));
  for (let length = 1; length < 400; length += 1) {
    const parts: Buffer[] = [];
    for (let at = 0; at < bytes.length; at += length) parts.push(bytes.subarray(at, at + length));
    assert.deepEqual(numbersIn(parts), [4_000_000_000, 4_000_000_001, 4_000_000_002], String(length));
  }
});

test("a tally tells what is missing and what came again", () => {
  const tally = new Tally();
  for (const number of [0, 1, 1, 4, 3, 5]) tally.see(number);
  const { received, lost, twice, next } = tally;
  assert.deepEqual({ received, lost, twice, next }, { received: 6, lost: 2, twice: 2, next: 6 });
});
