import assert from "node:assert/strict";
import { test } from "node:test";
import { mean, quantile } from "../../bench/bench.ts";
import { run } from "../../bench/router.bench.ts";

test("a quantile is the value of its nearest rank, whatever the order", () => {
  const sample = [40, 15, 50, 20, 35];
  assert.deepEqual(
    [0, 0.05, 0.3, 0.4, 0.5, 0.99, 1].map((q) => quantile(sample, q)),
    [15, 15, 20, 20, 35, 50, 50],
  );
  assert.deepEqual(sample, [40, 15, 50, 20, 35]);
  assert.ok(Number.isNaN(quantile([], 0.5)));
});

test("the mean of a sample is its arithmetic mean", () => {
  assert.equal(mean([1, 2, 6]), 3);
  assert.ok(Number.isNaN(mean([])));
});

test("the router's benchmark measures µs a message", async () => {
  const rows = await run();
  assert.deepEqual(
    rows.map(({ area, what, unit }) => [area, what, unit]),
    [
      ["router", "a message, mean", "µs"],
      ["router", "a message, p50", "µs"],
      ["router", "a message, p99", "µs"],
    ],
  );
  for (const { value } of rows) assert.ok(value > 0 && value < 10_000, String(value));
});
