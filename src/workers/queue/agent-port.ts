import type { Model } from "../../core/ids.ts";

/**
 * The port of the agent: what the queue worker knows of Claude. `agent.ts` implements it over the Claude Agent SDK.
 * Words: a **turn** is one message and its answer, a **session** a conversation Claude keeps on disk by its id.
 */
export interface Agent {
  /**
   * Runs one turn; one at a time a thread, threads in parallel. Resolves with what came of it, whatever that is;
   * rejects only with `agent_busy` and `agent_closed`, which are faults of the caller.
   */
  run(turn: AgentTurn): Promise<TurnResult>;
  /** Aborts running turns and ends every process; resolves when none is left. */
  close(): Promise<void>;
  /** Ends the agent of that process if it is idle; its session is resumed by the thread's next turn. */
  endIdle(pid: number): void;
  /** The processes there are. */
  live(): LiveAgent[];
}

export interface AgentTurn {
  readonly threadId: number;
  readonly messageId: string;
  /** Must exist. */
  readonly cwd: string;
  readonly model: Model;
  /** Delivered as written: no `@file` is read and no `/command` run. */
  readonly prompt: string;
  /** Appended to Claude Code's own system prompt. */
  readonly systemPrompt: string;
  /** Session to go on with; undefined starts a new one. */
  readonly sessionId: string | undefined;
  readonly signal: AbortSignal;
  readonly tools: AgentTools;
  onEvent(event: AgentEvent): void;
}

/** What the agent can do to other threads, for the turn it is in. */
export interface AgentTools {
  sendMessage(
    targetThreadId: number,
    text: string,
  ): Promise<{ status: "sent" } | { status: "refused"; reason: string }>;
  listThreads(): { threadId: number; name: string; status: string; cwd?: string }[];
}

/** What happens during a turn. `session` comes first: with that id the conversation can be taken up after a crash. */
export type AgentEvent =
  | { readonly kind: "session"; readonly sessionId: string }
  | { readonly kind: "tool_start"; readonly tool: string; readonly toolUseId: string; readonly detail: string }
  | {
      readonly kind: "tool_end";
      readonly tool: string;
      readonly toolUseId: string;
      readonly ms: number;
      readonly detail?: string;
      readonly isError: boolean;
    }
  | { readonly kind: "text"; readonly detail: string }
  /** The API failed and is asked again by the agent itself; `status` is null where no answer came at all. */
  | { readonly kind: "retrying"; readonly attempt: number; readonly status?: number | null; readonly error: string };

export interface TurnUsage {
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly cacheReadTokens: number;
  readonly cacheWriteTokens: number;
}

export type UnavailableCause = "unreachable" | "overloaded" | "limit" | "credential";

export type TurnResult =
  | {
      readonly status: "answered";
      readonly text: string;
      readonly sessionId: string;
      readonly usage: TurnUsage;
      /** At list prices, as Claude Code reckons it. */
      readonly costUsd: number;
      readonly ms: number;
    }
  /** Nothing is wrong with the message: try again later, at `retryAt` (epoch ms) where Claude said when. */
  | {
      readonly status: "unavailable";
      /** One plain sentence for the topic. */
      readonly reason: string;
      readonly cause: UnavailableCause;
      /** The limit that is spent is that of the turn's model alone. */
      readonly ofModel?: boolean;
      readonly retryAt?: number;
    }
  /** The session cannot be resumed: run the turn again without one. */
  | { readonly status: "session_lost"; readonly reason: string }
  /** A failure of this turn's own. */
  | { readonly status: "failed"; readonly reason: string }
  | { readonly status: "aborted" };

export interface LiveAgent {
  readonly threadId: number;
  readonly pid?: number;
  readonly state: "running" | "idle";
  /** Epoch ms of the last change of state. */
  readonly since: number;
}
