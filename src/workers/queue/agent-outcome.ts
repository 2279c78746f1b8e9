import type { SDKAssistantMessageError, SDKResultMessage } from "@anthropic-ai/claude-agent-sdk";
import { z } from "../../core/zod.ts";
import type { TurnResult, TurnUsage, UnavailableCause } from "./agent-port.ts";

/** What is known of the limit that is spent. */
export interface LimitFacts {
  /** When it is lifted, epoch ms. */
  readonly resetsAt: number | undefined;
  /** It is that of one model, and others can be had. */
  readonly ofModel: boolean;
}

/** What a turn's messages said on the way, beside its result. */
export interface TurnFacts {
  /** Class of the API's failure, from the assistant message that stands in for an answer. */
  readonly apiError: SDKAssistantMessageError | undefined;
  readonly limit: LimitFacts | undefined;
  /** Running cost before the turn, for a result that does not give its own. */
  readonly costBefore: number;
  readonly ms: number;
}

/**
 * Turns the end of a turn into its outcome. Claude Code reports a failing API as a "success" with `is_error`, the
 * HTTP status (null where no answer came) and a text for a terminal; other failures come as error subtypes.
 */
export function outcomeOf(result: SDKResultMessage, facts: TurnFacts): TurnResult {
  if (result.terminal_reason === "aborted_streaming" || result.terminal_reason === "aborted_tools") {
    return { status: "aborted" };
  }
  if (result.subtype !== "success") return errorOf(result.errors, result.subtype);
  if (!result.is_error) {
    const { usage, costUsd } = costsOf(result, facts.costBefore);
    return { status: "answered", text: result.result, sessionId: result.session_id, usage, costUsd, ms: facts.ms };
  }
  const noAnswer = result.terminal_reason === "api_error" && facts.apiError !== "max_output_tokens";
  const cause = causeOf(facts.apiError, result.api_error_status ?? undefined, noAnswer);
  if (cause === undefined) return { status: "failed", reason: result.result };
  const reason = REASONS[cause];
  if (cause !== "limit" || facts.limit === undefined) return { status: "unavailable", reason, cause };
  const { resetsAt, ofModel } = facts.limit;
  const until = resetsAt === undefined ? {} : { retryAt: resetsAt };
  return { status: "unavailable", reason: ofModel ? MODEL_LIMIT : reason, cause, ofModel, ...until };
}

/** For the topic: says what is wrong and nothing of keys, hosts and requests. */
const REASONS: Readonly<Record<UnavailableCause, string>> = {
  unreachable: "Claude cannot be reached at the moment.",
  overloaded: "Claude is overloaded or has a fault of its own at the moment.",
  limit: "The Claude account has reached its usage limit.",
  credential: "Claude refuses the credential this bot uses.",
};

const MODEL_LIMIT = "The Claude account has reached its usage limit for this thread's model.";

const CAUSES: Readonly<Partial<Record<SDKAssistantMessageError, UnavailableCause>>> = {
  authentication_failed: "credential",
  oauth_org_not_allowed: "credential",
  account_on_hold: "credential",
  verification_required: "credential",
  cloud_credential_error: "credential",
  billing_error: "limit",
  rate_limit: "limit",
  overloaded: "overloaded",
};

const STATUS_CAUSES: Readonly<Record<number, UnavailableCause>> = {
  401: "credential",
  402: "limit",
  403: "credential",
  408: "overloaded",
  429: "limit",
};

/** Why the API could not answer; undefined when the request itself was at fault (400, 404, 413). */
function causeOf(
  error: SDKAssistantMessageError | undefined,
  status: number | undefined,
  apiFailed: boolean,
): UnavailableCause | undefined {
  const named = error === undefined ? undefined : CAUSES[error];
  if (named !== undefined) return named;
  if (status === undefined) return apiFailed ? "unreachable" : undefined;
  return STATUS_CAUSES[status] ?? (status >= 500 ? "overloaded" : undefined);
}

/** Texts of Claude Code 2.1 for a session that is not there; it has no code for it. */
const NO_SESSION = /no conversation found|requires a valid session id/i;

function errorOf(errors: readonly string[], subtype: string): TurnResult {
  const reason = errors.join("; ").trim();
  if (NO_SESSION.test(reason)) return { status: "session_lost", reason };
  return { status: "failed", reason: reason === "" ? `Claude Code ended the turn: ${subtype}` : reason };
}

const modelUsage = z.object({
  inputTokens: z.number(),
  outputTokens: z.number(),
  cacheReadInputTokens: z.number(),
  cacheCreationInputTokens: z.number(),
  costUSD: z.number(),
});
/** A field that Claude Code 2.1.330 sends and the SDK's types leave out. */
const sinceLastResult = z.object({ model_usage_since_last_result: z.record(z.string(), modelUsage) });

/**
 * Tokens and cost of this turn alone, over all models and subagents. The documented totals run on over turns and over
 * a resume, so they cannot be split after a restart; the fallback counts the main loop's tokens.
 */
function costsOf(result: SDKResultMessage, costBefore: number): { usage: TurnUsage; costUsd: number } {
  const parsed = sinceLastResult.safeParse(result);
  if (!parsed.success) {
    return {
      usage: {
        inputTokens: result.usage.input_tokens,
        outputTokens: result.usage.output_tokens,
        cacheReadTokens: result.usage.cache_read_input_tokens,
        cacheWriteTokens: result.usage.cache_creation_input_tokens,
      },
      costUsd: Math.max(0, result.total_cost_usd - costBefore),
    };
  }
  const models = Object.values(parsed.data.model_usage_since_last_result);
  const sum = (pick: (model: z.infer<typeof modelUsage>) => number): number =>
    models.reduce((total, one) => total + pick(one), 0);
  return {
    usage: {
      inputTokens: sum((one) => one.inputTokens),
      outputTokens: sum((one) => one.outputTokens),
      cacheReadTokens: sum((one) => one.cacheReadInputTokens),
      cacheWriteTokens: sum((one) => one.cacheCreationInputTokens),
    },
    costUsd: sum((one) => one.costUSD),
  };
}
