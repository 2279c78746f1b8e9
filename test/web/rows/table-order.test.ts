import assert from "node:assert/strict";
import { test } from "node:test";
import { pageModule } from "../page-module.ts";

interface Order {
  readonly name: string;
  readonly ascending: boolean;
}
interface Item {
  readonly id: string;
  readonly rank?: number;
}
const { orderOf, sorted } = await pageModule<{
  orderOf: (query: URLSearchParams, names: readonly string[]) => Order;
  sorted: (items: readonly Item[], rank: (item: Item) => number | undefined, ascending: boolean) => Item[];
}>("rows/table-order.js");

const ITEMS: Item[] = [
  { id: "a", rank: 2 },
  { id: "b" },
  { id: "c", rank: -1 },
  { id: "d", rank: 2 },
  { id: "e", rank: Number.NEGATIVE_INFINITY },
  { id: "f", rank: 0 },
];
const order = (ascending: boolean): string =>
  sorted(ITEMS, ({ rank }) => rank, ascending)
    .map(({ id }) => id)
    .join("");

test("rows are sorted by their numbers, those without before all others, equal ones as they were", () => {
  assert.equal(order(true), "becfad");
  assert.equal(order(false), "adfcbe");
  assert.deepEqual(
    sorted([], () => 1, true),
    [],
  );
});

test("the address says what rows are sorted by, and by time where it says nothing that is known", () => {
  const of = (query: string): Order => orderOf(new URLSearchParams(query), ["time", "score"]);
  assert.deepEqual(of(""), { name: "time", ascending: true });
  assert.deepEqual(of("sort=score"), { name: "score", ascending: true });
  assert.deepEqual(of("sort=score&dir=desc"), { name: "score", ascending: false });
  assert.deepEqual(of("dir=desc"), { name: "time", ascending: false });
  assert.deepEqual(of("sort=toString&dir=desc"), { name: "time", ascending: true });
});
