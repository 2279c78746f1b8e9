import assert from "node:assert/strict";
import { test } from "node:test";
import { pageModule } from "../page-module.ts";

type Filters = Readonly<Record<"thread" | "tier" | "model" | "from" | "to" | "q", string>>;
const { filtersOf, windowFilter } = await pageModule<{
  filtersOf: (query: URLSearchParams) => Filters;
  windowFilter: (filters: Filters) => object;
}>("rows/table-filters.js");

test("a thread of the address is asked for if it can be one", () => {
  const none = { thread: "", tier: "", model: "", from: "", to: "", q: "" };
  assert.deepEqual(windowFilter({ ...none, thread: "5" }), { threadId: 5 });
  for (const thread of ["0", "-1", "1.5", "x", "00", "9".repeat(16)]) {
    assert.deepEqual(windowFilter({ ...none, thread }), {}, thread);
  }
});

test("what the address says is asked for, where it can be", () => {
  const all = filtersOf(new URLSearchParams("thread=5&tier=SIMPLE&model=opus&from=1&to=2&q=x&other=y"));
  assert.deepEqual(all, { thread: "5", tier: "SIMPLE", model: "opus", from: "1", to: "2", q: "x" });
  assert.deepEqual(windowFilter(all), { threadId: 5, tier: "SIMPLE", model: "opus", from: 1, to: 2, q: "x" });
  assert.deepEqual(windowFilter(filtersOf(new URLSearchParams("from=x&to=-1&q="))), {});
  const long = windowFilter(filtersOf(new URLSearchParams(`q=${"x".repeat(500)}`))) as { q: string };
  assert.equal(long.q.length, 400);
});
