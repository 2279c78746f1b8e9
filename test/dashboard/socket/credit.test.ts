import assert from "node:assert/strict";
import { test } from "node:test";
import { Credit } from "../../../src/dashboard/socket/credit.ts";
import { formatCursor } from "../../../src/dashboard/tail/cursor.ts";
import type { Place } from "../../../src/dashboard/tail/cursor.ts";
import { KIB } from "./support.ts";

const GEN = "0123456789abcdef012300000000a";
const OTHER = "fedcba98765432100000000000000";

/** The n-th frame ends at n00 of the file. */
const place = (n: number, gen = GEN): Place => ({ gen, offset: 100 * n, check: 7 });
const cursor = (n: number, gen = GEN): string => formatCursor(place(n, gen));

function sent(frames: number, bytes: number): Credit {
  const credit = new Credit();
  for (let n = 1; n <= frames; n += 1) credit.spend(place(n), bytes);
  return credit;
}

test("who never acks has credit without end", () => {
  assert.equal(sent(20, 1024 * KIB).isSpent, false);
});

test("from the first ack on 1 MiB may be under way, that before it included", () => {
  const credit = sent(3, 512 * KIB);
  credit.ack(cursor(1));
  assert.equal(credit.isSpent, true);
  credit.ack(cursor(2));
  assert.equal(credit.isSpent, false);
  credit.spend(place(4), 512 * KIB - 1);
  assert.equal(credit.isSpent, false);
  credit.spend(place(5), 1);
  assert.equal(credit.isSpent, true);
  credit.forgive();
  assert.equal(credit.isSpent, false);
});

test("an ack within a frame counts for those before it, and one of a place never sent for nothing", () => {
  const credit = sent(3, 512 * KIB);
  for (const place of [cursor(9), cursor(1, OTHER), "another:1"]) credit.ack(place);
  assert.equal(credit.isSpent, false, "none of them was an ack");
  credit.ack(formatCursor({ gen: GEN, offset: 50, check: 7 }));
  assert.equal(credit.isSpent, true, "that was one, within the first frame");
  credit.ack(formatCursor({ gen: GEN, offset: 250, check: 7 }));
  assert.equal(credit.isSpent, false);
});

test("the last frames alone are remembered: an ack of one that is forgotten frees nothing, a later one all up to it", () => {
  const credit = sent(1_025, KIB);
  credit.ack(cursor(200));
  assert.equal(credit.isSpent, true);
  credit.ack(cursor(300));
  assert.equal(credit.isSpent, false);
  const few = sent(1_024, KIB);
  few.ack(cursor(200));
  assert.equal(few.isSpent, false, "so few are all remembered");
});
