import { randomUUID } from "node:crypto";
import type { SDKMessage, SDKResultMessage, SDKUserMessage } from "@anthropic-ai/claude-agent-sdk";
import type { Clock } from "../../core/clock.ts";
import { describeError } from "../../core/errors.ts";
import type { Logger } from "../../core/log.ts";
import { TurnEvents } from "./agent-events.ts";
import { outcomeOf } from "./agent-outcome.ts";
import type { LimitFacts, TurnFacts } from "./agent-outcome.ts";
import type { AgentEvent, AgentTurn, TurnResult } from "./agent-port.ts";

/** A turn in work: gathers what the SDK says of it until there is a result. The first result counts. */
export class RunningTurn {
  readonly turn: AgentTurn;
  readonly result: Promise<TurnResult>;
  readonly #uuid = randomUUID();
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #events: TurnEvents;
  readonly #startedAt: number;
  #finish: (result: TurnResult) => void = () => undefined;
  #apiError: TurnFacts["apiError"];
  #limit: LimitFacts | undefined;

  constructor(turn: AgentTurn, clock: Clock, log: Logger) {
    this.turn = turn;
    this.#clock = clock;
    this.#log = log;
    this.#events = new TurnEvents(() => clock.monotonic());
    this.#startedAt = clock.monotonic();
    this.result = new Promise((resolve) => {
      this.#finish = resolve;
    });
  }

  /** The user's message, under an id by which its result is known. */
  get message(): SDKUserMessage {
    const { prompt } = this.turn;
    return { type: "user", uuid: this.#uuid, parent_tool_use_id: null, message: { role: "user", content: prompt } };
  }

  /** Whatever ends an aborted turn, it is aborted; an answer that came all the same stays one. */
  finish(result: TurnResult): void {
    this.#finish(this.turn.signal.aborted && result.status !== "answered" ? { status: "aborted" } : result);
  }

  take(message: SDKMessage): void {
    if (message.type === "system" && message.subtype === "init") {
      this.#tell({ kind: "session", sessionId: message.session_id });
    }
    if (message.type === "assistant" && message.error !== undefined) this.#apiError = message.error;
    if (message.type === "rate_limit_event" && message.rate_limit_info.status === "rejected") {
      const { resetsAt, rateLimitType } = message.rate_limit_info;
      this.#limit = {
        resetsAt: resetsAt === undefined ? undefined : resetsAt * 1000,
        ofModel: rateLimitType === "seven_day_opus" || rateLimitType === "seven_day_sonnet",
      };
    }
    for (const event of this.#events.of(message)) this.#tell(event);
  }

  /**
   * Finishes the turn if the result is its own, and says whether it was. The agent may also take a turn by itself,
   * when a command it left in the background ends; such a result names another message, or none. A failure of the
   * whole session names none either. `costBefore`: the session's running total before this result, in USD.
   */
  takeResult(message: SDKResultMessage, costBefore: number): boolean {
    const one = message.user_message_uuid;
    const uuids = message.user_message_uuids ?? (one === undefined ? [] : [one]);
    if (!uuids.includes(this.#uuid) && (uuids.length > 0 || !message.is_error)) return false;
    const ms = Math.round(this.#clock.monotonic() - this.#startedAt);
    this.finish(outcomeOf(message, { apiError: this.#apiError, limit: this.#limit, costBefore, ms }));
    return true;
  }

  /** A listener that throws must not end the conversation. */
  #tell(event: AgentEvent): void {
    try {
      this.turn.onEvent(event);
    } catch (error) {
      const fields = { threadId: this.turn.threadId, messageId: this.turn.messageId, error: describeError(error) };
      this.#log.error(fields, "agent: a listener of events failed");
    }
  }
}
