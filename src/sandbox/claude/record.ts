import type { MessagesBody, RequestMessage, ScriptRequest } from "./request.ts";

/**
 * `pending` → `answered` (whole message sent), `refused` (an error status), `dropped` (a fault cut it) or `left`
 * (the client went away first).
 */
export type Outcome = "pending" | "answered" | "refused" | "dropped" | "left";

/** One request to `/v1/messages`, as it came and as it ended. */
export interface RecordedRequest {
  /** Epoch ms. */
  readonly at: number;
  /** `performance.now()` ms of this process, for durations. */
  readonly monotonicAt: number;
  readonly model: string;
  readonly system: string;
  readonly messages: readonly RequestMessage[];
  /** Names of the tools offered. */
  readonly tools: readonly string[];
  readonly stream: boolean;
  /** One of Claude Code's own small requests, which the script does not see. */
  readonly side: boolean;
  /** Claude Code's session id, where the client says it. */
  readonly sessionId: string | undefined;
  readonly script: ScriptRequest;
  readonly body: MessagesBody;
  outcome: Outcome;
  /** HTTP status sent, once one was. */
  status?: number;
  /** Epoch ms of the end, whatever the outcome. */
  answeredAt?: number;
  /** The same on the monotonic clock. */
  monotonicAnsweredAt?: number;
}
