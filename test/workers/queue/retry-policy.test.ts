import assert from "node:assert/strict";
import { test } from "node:test";
import type { TurnResult } from "../../../src/workers/queue/agent-port.ts";
import { judgeClaim, judgeTurn, RETRY_PAUSES_MS } from "../../../src/workers/queue/retry-policy.ts";

const NOW = 1_790_000_000_000;
const none = { failures: 0, outages: 0 };
const failed: TurnResult = { status: "failed", reason: "The tool broke." };
const unreachable: TurnResult = {
  status: "unavailable",
  cause: "unreachable",
  reason: "Claude cannot be reached.",
};
const judge = (result: TurnResult, history = none) => judgeTurn(result, history, NOW, 0.5);

test("an answer is committed", () => {
  const usage = { inputTokens: 1, outputTokens: 1, cacheReadTokens: 0, cacheWriteTokens: 0 };
  const answered = { status: "answered", text: "Done", sessionId: "s", usage, costUsd: 0, ms: 1 } as const;
  assert.deepEqual(judge(answered), { action: "commit", result: answered });
});

test("a turn that was stopped goes back at once and counts for nothing", () => {
  assert.deepEqual(judge({ status: "aborted" }), { action: "retry", delayMs: 0, counts: false, reason: "stopped" });
});

for (const [failures, delayMs] of [1_000, 5_000, 25_000, 120_000].entries()) {
  test(`failure ${failures + 1} of a message's own is followed by a pause of ${delayMs} ms`, () => {
    const verdict = judge(failed, { failures, outages: 9 });
    assert.deepEqual(verdict, { action: "retry", delayMs, counts: true, reason: "The tool broke." });
  });
}

test("the fifth failure of its own buries a message, and the topic is told why", () => {
  assert.equal(RETRY_PAUSES_MS.length, 4);
  const verdict = judge(failed, { failures: 4, outages: 0 });
  assert.ok(verdict.action === "bury");
  assert.match(verdict.reason, /5 times.*The tool broke\./);
  assert.ok(verdict.tell.includes(verdict.reason));
});

const outages: [string, number, number | undefined, number][] = [
  ["the first outage", 0, undefined, 1_000],
  ["the second one", 1, undefined, 2_000],
  ["the sixth one", 5, undefined, 32_000],
  ["the seventh one, and any after it", 6, undefined, 60_000],
  ["the thousandth one", 999, undefined, 60_000],
  ["a limit that ends in five minutes", 0, NOW + 300_000, 300_000],
  ["a limit that ends in hours, as it may be lifted early", 0, NOW + 5 * 3_600_000, 900_000],
  ["a limit that is over already", 1, NOW - 5_000, 2_000],
];
for (const [what, count, retryAt, delayMs] of outages) {
  test(`after ${what} Claude is asked again in ${delayMs} ms, and it counts for nothing`, () => {
    const result = retryAt === undefined ? unreachable : { ...unreachable, cause: "limit" as const, retryAt };
    const verdict = judge(result, { failures: 4, outages: count });
    assert.ok(verdict.action === "retry");
    assert.deepEqual([verdict.delayMs, verdict.counts, verdict.reason], [delayMs, false, "Claude cannot be reached."]);
    assert.match(verdict.tell ?? "", /Claude cannot be reached\. .*kept.*again/);
  });
}

test("a message in work at two deaths of the program is not tried again", () => {
  assert.equal(judgeClaim({ crashes: 0 }), undefined);
  assert.equal(judgeClaim({ crashes: 1 }), undefined);
  const verdict = judgeClaim({ crashes: 2 });
  assert.ok(verdict?.action === "bury");
  assert.match(verdict.tell, /killed 2 times/);
});
