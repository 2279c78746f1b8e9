import assert from "node:assert/strict";
import { test } from "node:test";
import { MintedTokens } from "../../src/broker/minted-tokens.ts";

test("a token is known until it expires", () => {
  const minted = new MintedTokens();
  minted.add("a", 1000, 0);
  assert.deepEqual([minted.has("a", 999), minted.has("a", 1000), minted.has("b", 0)], [true, false, false]);
});

test("it is forgotten once", () => {
  const minted = new MintedTokens();
  minted.add("a", 1000, 0);
  assert.deepEqual([minted.forget("a"), minted.forget("a"), minted.has("a", 0)], [true, false, false]);
});

test("what has expired makes room, and of more than 5000 the oldest goes", () => {
  const minted = new MintedTokens();
  for (let n = 0; n < 100; n += 1) minted.add(`old ${n}`, 1000, 0);
  minted.add("0", 9000, 1000);
  assert.equal(minted.size, 1);
  for (let n = 1; n <= 5000; n += 1) minted.add(String(n), 9000, 1000);
  assert.deepEqual([minted.size, minted.has("0", 1000), minted.has("1", 1000)], [5000, false, true]);
});
