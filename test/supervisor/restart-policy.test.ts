import assert from "node:assert/strict";
import { test } from "node:test";
import { judgeDeath, type Death, type Verdict } from "../../src/supervisor/restart-policy.ts";

const cases: [string, Death, Verdict][] = [
  [
    "the first unhealthy start is followed by a short pause",
    { failures: 0, healthyMs: 0, permanent: false },
    { action: "restart", delayMs: 100, failures: 1 },
  ],
  [
    "the second one by twice that pause",
    { failures: 1, healthyMs: 0, permanent: false },
    { action: "restart", delayMs: 200, failures: 2 },
  ],
  [
    "the seventh one by the longest that is left",
    { failures: 6, healthyMs: 0, permanent: false },
    { action: "restart", delayMs: 6_400, failures: 7 },
  ],
  [
    "the eighth one ends the program",
    { failures: 7, healthyMs: 0, permanent: false },
    { action: "give-up", failures: 8 },
  ],
  [
    "a death just before health counts on",
    { failures: 7, healthyMs: 29_999, permanent: false },
    { action: "give-up", failures: 8 },
  ],
  [
    "a death after health counts as the first",
    { failures: 7, healthyMs: 30_000, permanent: false },
    { action: "restart", delayMs: 100, failures: 1 },
  ],
  [
    "a fault that a new start would find again is left alone",
    { failures: 0, healthyMs: 0, permanent: true },
    { action: "fail" },
  ],
  [
    "such a fault after long health is left alone too",
    { failures: 7, healthyMs: 1e9, permanent: true },
    { action: "fail" },
  ],
];
for (const [fact, death, verdict] of cases) {
  test(fact, () => {
    assert.deepEqual(judgeDeath(death, 0.5), verdict);
  });
}

test("chance moves a pause by a fifth at the most", () => {
  const death = { failures: 0, healthyMs: 0, permanent: false };
  assert.deepEqual(judgeDeath(death, 0), { action: "restart", delayMs: 80, failures: 1 });
  assert.deepEqual(judgeDeath(death, 0.999_999), { action: "restart", delayMs: 120, failures: 1 });
});

test("a worker that never gets healthy is started eight times and no more", () => {
  let failures = 0;
  let starts = 1;
  for (;;) {
    const verdict = judgeDeath({ failures, healthyMs: 0, permanent: false }, 0.5);
    if (verdict.action !== "restart") break;
    failures = verdict.failures;
    starts += 1;
  }
  assert.equal(starts, 8);
});
