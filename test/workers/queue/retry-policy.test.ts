import assert from "node:assert/strict";
import { test } from "node:test";
import type { TurnResult } from "../../../src/workers/queue/agent-port.ts";
import { holdMs, judgeClaim, judgeTurn, RETRY_PAUSES_MS } from "../../../src/workers/queue/retry-policy.ts";

const NOW = 1_790_000_000_000;
const failed: TurnResult = { status: "failed", reason: "The tool broke." };

test("an answer is committed", () => {
  const usage = { inputTokens: 1, outputTokens: 1, cacheReadTokens: 0, cacheWriteTokens: 0 };
  const answered = { status: "answered", text: "Done", sessionId: "s", usage, costUsd: 0, ms: 1 } as const;
  assert.deepEqual(judgeTurn(answered, 0), { action: "commit", result: answered });
});

test("a turn that was stopped goes back at once and counts for nothing", () => {
  const verdict = judgeTurn({ status: "aborted" }, 4);
  assert.deepEqual(verdict, { action: "retry", delayMs: 0, counts: false, reason: "stopped" });
});

test("with Claude away the message is held, until when Claude said if it did", () => {
  const away: TurnResult = { status: "unavailable", cause: "limit", reason: "The limit is reached." };
  const held = { action: "hold", reason: "The limit is reached.", what: "account" };
  assert.deepEqual(judgeTurn(away, 4), { ...held, retryAt: undefined });
  assert.deepEqual(judgeTurn({ ...away, retryAt: NOW }, 4), { ...held, retryAt: NOW });
  assert.deepEqual(judgeTurn({ ...away, ofModel: true }, 4), { ...held, retryAt: undefined, what: "model" });
  const overloaded = judgeTurn({ ...away, cause: "overloaded", ofModel: true }, 4);
  assert.deepEqual(overloaded, { ...held, retryAt: undefined, what: "claude" });
});

for (const [failures, delayMs] of [1_000, 5_000, 25_000, 120_000].entries()) {
  test(`failure ${failures + 1} of a message's own is followed by a pause of ${delayMs} ms`, () => {
    const verdict = judgeTurn(failed, failures);
    assert.deepEqual(verdict, { action: "retry", delayMs, counts: true, reason: "The tool broke." });
    assert.equal(judgeClaim({ failures, crashes: 0 }, "The tool broke."), undefined);
  });
}

test("the fifth failure of its own is counted at once, and buries the message at its next claim", () => {
  assert.equal(RETRY_PAUSES_MS.length, 4);
  const verdict = judgeTurn(failed, 4);
  assert.deepEqual(verdict, { action: "retry", delayMs: 0, counts: true, reason: "The tool broke." });
  const burial = judgeClaim({ failures: 5, crashes: 0 }, "The tool broke.");
  assert.match(burial?.reason ?? "", /5 times.*The tool broke\./);
  assert.ok(burial?.tell.includes(burial.reason));
  assert.match(judgeClaim({ failures: 5, crashes: 0 }, undefined)?.reason ?? "", /5 times.*the log tells why/);
});

const outages: [string, number, number | undefined, number][] = [
  ["the first turn", 1, undefined, 1_000],
  ["the second one", 2, undefined, 2_000],
  ["the sixth one", 6, undefined, 32_000],
  ["the seventh one, and any after it", 7, undefined, 60_000],
  ["the thousandth one", 1000, undefined, 60_000],
  ["a limit that ends in five minutes", 1, NOW + 300_000, 300_000],
  ["a limit that ends in hours, as it may be lifted early", 1, NOW + 5 * 3_600_000, 900_000],
  ["a limit that is over already", 2, NOW - 5_000, 2_000],
];
for (const [what, count, retryAt, delayMs] of outages) {
  test(`after ${what} that finds Claude away no turn begins for ${delayMs} ms`, () => {
    assert.equal(holdMs(count, retryAt, NOW, 0.5), delayMs);
  });
}

test("a message in work at two deaths of the program is not tried again", () => {
  assert.equal(judgeClaim({ failures: 0, crashes: 0 }, undefined), undefined);
  assert.equal(judgeClaim({ failures: 0, crashes: 1 }, undefined), undefined);
  const verdict = judgeClaim({ failures: 0, crashes: 2 }, undefined);
  assert.match(verdict?.tell ?? "", /killed 2 times/);
});
