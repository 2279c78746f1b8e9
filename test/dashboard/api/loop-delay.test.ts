import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { test } from "node:test";
import { watchLoopDelay } from "../../../src/dashboard/api/loop-delay.ts";

test("the longest delay since the last look is told once", async (t) => {
  const delay = watchLoopDelay();
  t.after(() => {
    delay.stop();
  });
  await sleep(250);
  const until = performance.now() + 600;
  while (performance.now() < until);
  await sleep(250);
  const first = delay.read();
  assert.ok(first.max > 0.35 && first.max < 5, String(first.max));
  assert.ok(first.mean >= 0 && first.mean <= first.max);
  assert.deepEqual(delay.read(), { mean: 0, p99: 0, max: 0 });
});
