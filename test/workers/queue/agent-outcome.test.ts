import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { outcomeOf } from "../../../src/workers/queue/agent-outcome.ts";
import type { TurnFacts } from "../../../src/workers/queue/agent-outcome.ts";

type Result = Parameters<typeof outcomeOf>[0];

const FACTS: TurnFacts = { apiError: undefined, limit: undefined, costBefore: 0, ms: 12 };
const MODEL = { inputTokens: 1, outputTokens: 2, cacheReadInputTokens: 3, cacheCreationInputTokens: 4, costUSD: 0.5 };

/** A result as the agent's binary writes it, cut to what is read. */
function result(more: Record<string, unknown>): Result {
  const usage = { input_tokens: 5, output_tokens: 6, cache_read_input_tokens: 7, cache_creation_input_tokens: 8 };
  const base = {
    type: "result",
    subtype: "success",
    is_error: false,
    result: "done",
    session_id: "s",
    total_cost_usd: 3,
    usage,
  };
  return { ...base, ...more } as unknown as Result;
}

function failed(apiError: TurnFacts["apiError"], status: number | null, terminal = "api_error"): string {
  const outcome = outcomeOf(
    result({ is_error: true, result: "API Error", api_error_status: status, terminal_reason: terminal }),
    {
      ...FACTS,
      apiError,
    },
  );
  return outcome.status === "unavailable" ? outcome.cause : outcome.status;
}

describe("the outcome of a turn", () => {
  test("usage and cost are summed over the models since the last result", () => {
    const models = { "claude-haiku": MODEL, "claude-opus": { ...MODEL, costUSD: 0.25 } };
    assert.deepEqual(outcomeOf(result({ model_usage_since_last_result: models }), { ...FACTS, costBefore: 1 }), {
      status: "answered",
      text: "done",
      sessionId: "s",
      usage: { inputTokens: 2, outputTokens: 4, cacheReadTokens: 6, cacheWriteTokens: 8 },
      costUsd: 0.75,
      ms: 12,
    });
  });

  test("without that field the cost is the running total's growth, and nothing where its start is unknown", () => {
    const grown = outcomeOf(result({}), { ...FACTS, costBefore: 2 });
    assert.ok(grown.status === "answered");
    assert.deepEqual([grown.costUsd, grown.usage.inputTokens, grown.usage.cacheWriteTokens], [1, 5, 8]);
    const unknown = outcomeOf(result({}), { ...FACTS, costBefore: Number.POSITIVE_INFINITY });
    assert.equal(unknown.status === "answered" && unknown.costUsd, 0);
  });

  test("a failure of the API is told by its class, else by its status, else by there being none", () => {
    const cases: [TurnFacts["apiError"], number | null, string][] = [
      ["authentication_failed", 401, "credential"],
      ["oauth_org_not_allowed", null, "credential"],
      ["account_on_hold", 400, "credential"],
      ["billing_error", 400, "limit"],
      ["rate_limit", 429, "limit"],
      ["overloaded", 529, "overloaded"],
      ["server_error", 529, "overloaded"],
      ["server_error", 503, "overloaded"],
      ["server_error", null, "unreachable"],
      ["unknown", null, "unreachable"],
      [undefined, 429, "limit"],
      [undefined, 403, "credential"],
      ["unknown", 400, "failed"],
      ["invalid_request", 413, "failed"],
      ["model_not_found", 404, "failed"],
      ["max_output_tokens", null, "failed"],
    ];
    for (const [error, status, expected] of cases) assert.equal(failed(error, status), expected, `${error} ${status}`);
    assert.equal(failed(undefined, null, "prompt_too_long"), "failed");
  });

  test("a limit's end is given where it is known, and for nothing but a limit", () => {
    const limited = result({ is_error: true, api_error_status: 429, terminal_reason: "api_error" });
    const outcome = outcomeOf(limited, { ...FACTS, apiError: "rate_limit", limit: { resetsAt: 99, ofModel: false } });
    assert.equal(outcome.status === "unavailable" && outcome.retryAt, 99);
    const other = outcomeOf(limited, { ...FACTS, apiError: "overloaded", limit: { resetsAt: 99, ofModel: false } });
    assert.equal("retryAt" in other, false);
  });

  test("a model's limit is told apart from the account's, also where its end is not known", () => {
    const limited = result({ is_error: true, api_error_status: 429, terminal_reason: "api_error" });
    const outcome = outcomeOf(limited, { ...FACTS, limit: { resetsAt: undefined, ofModel: true } });
    assert.ok(outcome.status === "unavailable");
    assert.match(outcome.reason, /for this thread's model/);
    assert.deepEqual([outcome.ofModel, "retryAt" in outcome], [true, false]);
  });

  test("an interrupted turn is aborted, a lost session lost, another error a failure with its words", () => {
    const error = (errors: string[], more: object = {}): string => {
      const outcome = outcomeOf(result({ subtype: "error_during_execution", is_error: true, errors, ...more }), FACTS);
      return outcome.status === "failed" ? outcome.reason : outcome.status;
    };
    assert.equal(error([], { terminal_reason: "aborted_tools" }), "aborted");
    assert.equal(error([], { terminal_reason: "aborted_streaming" }), "aborted");
    assert.equal(error(["No conversation found with session ID: x"]), "session_lost");
    assert.equal(error(["one", "two"]), "one; two");
    assert.equal(error([]), "Claude Code ended the turn: error_during_execution");
  });
});
