import type { ScriptRequest } from "./request.ts";

/** A call of one of the agent's tools: `Bash`, `Write`, `mcp__<server>__<tool>`. */
export interface ToolCall {
  readonly name: string;
  readonly input: Readonly<Record<string, unknown>>;
}

/** Token counts as the Messages API names them. */
export interface Usage {
  readonly input_tokens: number;
  readonly output_tokens: number;
  readonly cache_read_input_tokens: number;
  readonly cache_creation_input_tokens: number;
}

/** An answer with an HTTP status in place of a message. */
export interface Refusal {
  /** HTTP status: 400, 401, 403, 404, 413, 429, 500, 529 … */
  readonly code: number;
  /** Anthropic's error type; by default the one that belongs to the status. */
  readonly type?: string;
  readonly message?: string;
  /** Seconds, for the `retry-after` header. */
  readonly retryAfter?: number;
  readonly headers?: Readonly<Record<string, string>>;
}

/** What the stand-in answers to one request: text, then tool calls; with tool calls the agent asks again. */
export interface Turn {
  readonly text?: string;
  readonly tools?: readonly ToolCall[];
  /** Time before the first byte, ms. */
  readonly delayMs?: number;
  readonly error?: Refusal;
  readonly usage?: Partial<Usage>;
}

/** Plays the model. Called once a request, side requests of the agent aside. */
export type Script = (request: ScriptRequest) => Turn | Promise<Turn>;

/** A script for when none is given: says what it was told. */
export const echo: Script = (request) => ({ text: `You said: ${request.userText}` });

export type Block =
  | { readonly type: "text"; readonly text: string }
  | { readonly type: "tool_use"; readonly id: string; readonly name: string; readonly input: ToolCall["input"] };

/** A whole message of the model, before it is cut into events. */
export interface Message {
  readonly id: string;
  readonly model: string;
  readonly content: readonly Block[];
  readonly stopReason: "end_turn" | "tool_use";
  readonly usage: Usage;
}

/** The content blocks of a turn; `newId` names each tool call. */
export function blocksOf(turn: Turn, newId: () => string): Block[] {
  const tools = (turn.tools ?? []).map((call): Block => ({
    type: "tool_use",
    id: newId(),
    name: call.name,
    input: call.input,
  }));
  const text = turn.text ?? "";
  return text === "" ? tools : [{ type: "text", text }, ...tools];
}
