import type { SDKAssistantMessage, SDKMessage, SDKUserMessage } from "@anthropic-ai/claude-agent-sdk";
import { z } from "../../core/zod.ts";
import type { AgentEvent } from "./agent-port.ts";

/** Longest detail of a tool's call or result, UTF-16 units: a record, not a copy of the work. */
const DETAIL_MAX = 2000;

/** Reads the events of a turn out of the SDK's messages, and times the tools. One a turn. */
export class TurnEvents {
  readonly #monotonic: () => number;
  readonly #running = new Map<string, { tool: string; startedAt: number }>();

  /** `monotonic` in ms. */
  constructor(monotonic: () => number) {
    this.#monotonic = monotonic;
  }

  /** The events a message stands for, none for most kinds. */
  of(message: SDKMessage): AgentEvent[] {
    if (message.type === "assistant") return this.#ofAssistant(message);
    if (message.type === "user") return this.#ofUser(message);
    if (message.type === "system" && message.subtype === "api_retry") {
      return [{ kind: "retrying", attempt: message.attempt, status: message.error_status, error: message.error }];
    }
    return [];
  }

  #ofAssistant(message: SDKAssistantMessage): AgentEvent[] {
    if (message.error !== undefined) return [];
    const events: AgentEvent[] = [];
    for (const block of message.message.content) {
      // What a subagent says is for the agent that sent it.
      if (block.type === "text" && message.parent_tool_use_id === null)
        events.push({ kind: "text", detail: block.text });
      if (block.type !== "tool_use") continue;
      this.#running.set(block.id, { tool: block.name, startedAt: this.#monotonic() });
      events.push({ kind: "tool_start", tool: block.name, toolUseId: block.id, detail: inputDetail(block.input) });
    }
    return events;
  }

  #ofUser(message: Pick<SDKUserMessage, "message">): AgentEvent[] {
    const { content } = message.message;
    if (typeof content === "string") return [];
    const events: AgentEvent[] = [];
    for (const block of content) {
      if (block.type !== "tool_result") continue;
      const started = this.#running.get(block.tool_use_id);
      if (started === undefined) continue;
      this.#running.delete(block.tool_use_id);
      events.push({
        kind: "tool_end",
        tool: started.tool,
        toolUseId: block.tool_use_id,
        ms: Math.round(this.#monotonic() - started.startedAt),
        detail: cut(textOf(block.content)),
        isError: block.is_error === true,
      });
    }
    return events;
  }
}

/** The inputs that tell most about a call, in this order; else the whole input. */
const TELLING = z.looseObject({
  command: z.string().optional(),
  file_path: z.string().optional(),
  pattern: z.string().optional(),
  url: z.string().optional(),
  description: z.string().optional(),
});

function inputDetail(input: unknown): string {
  const known = TELLING.safeParse(input).data;
  const telling = known?.command ?? known?.file_path ?? known?.pattern ?? known?.url ?? known?.description;
  return cut(telling ?? JSON.stringify(input ?? {}));
}

function textOf(content: unknown): string {
  if (typeof content === "string") return content;
  const blocks =
    z.array(z.looseObject({ type: z.string(), text: z.string().optional() })).safeParse(content).data ?? [];
  return blocks.map((block) => block.text ?? `[${block.type}]`).join("\n");
}

/** Never ends inside a surrogate pair. */
function cut(text: string): string {
  if (text.length <= DETAIL_MAX) return text;
  const end = text.codePointAt(DETAIL_MAX - 2) ?? 0;
  return `${text.slice(0, end > 0xffff ? DETAIL_MAX - 2 : DETAIL_MAX - 1)}…`;
}
