import { z } from "../../core/zod.ts";

/** The parts of a Messages API request that matter here; the rest is kept in the record as it came. */
const blockSchema = z.looseObject({
  type: z.string(),
  text: z.string().optional(),
  id: z.string().optional(),
  name: z.string().optional(),
  tool_use_id: z.string().optional(),
  is_error: z.boolean().optional(),
  content: z.unknown().optional(),
});
const contentSchema = z.union([z.string(), z.array(blockSchema)]);
/** Claude Code puts messages of the role `system` between the others. */
const messageSchema = z.looseObject({ role: z.enum(["user", "assistant", "system"]), content: contentSchema });
export const bodySchema = z.looseObject({
  model: z.string().min(1),
  messages: z.array(messageSchema).min(1),
  system: contentSchema.optional(),
  tools: z.array(z.looseObject({ name: z.string() })).optional(),
  stream: z.boolean().optional(),
  max_tokens: z.number().int().positive().optional(),
  output_config: z.unknown().optional(),
});
export type MessagesBody = z.infer<typeof bodySchema>;
export type RequestMessage = z.infer<typeof messageSchema>;
type RequestBlock = z.infer<typeof blockSchema>;

export type Family = "haiku" | "sonnet" | "opus";

export interface ToolResult {
  readonly toolUseId: string;
  /** Name of the tool, when the call is in the history. */
  readonly name: string | undefined;
  readonly text: string;
  readonly isError: boolean;
}

/** A request as a script sees it. */
export interface ScriptRequest {
  readonly model: string;
  readonly family: Family | undefined;
  /** What the user said last, without what Claude Code adds around it. */
  readonly userText: string;
  /** The results in the last message, in its order. */
  readonly toolResults: readonly ToolResult[];
  /** Messages of the model since that user text: 0 at the first request of a turn. */
  readonly step: number;
  /** Real text of users and model, oldest first. */
  readonly history: readonly { readonly role: "user" | "assistant"; readonly text: string }[];
  readonly toolNames: readonly string[];
  readonly system: string;
}

/** What Claude Code wraps its own words in, inside a user's message. */
const NOISE = ["system-reminder", "local-command-caveat", "local-command-stdout", "local-command-stderr"]
  .concat(["command-name", "command-message", "command-args"])
  .join("|");
const LEADING = new RegExp(`^\\s*<(${NOISE})>[\\s\\S]*?</\\1>\\s*`);
const TRAILING = new RegExp(`\\s*<(${NOISE})>(?:(?!<\\1>)[\\s\\S])*</\\1>\\s*$`);
const INTERRUPTED = /^\[Request interrupted by user[^\]]*\]$/;

/** Reads a request. Pure. */
export function readRequest(body: MessagesBody): ScriptRequest {
  const { messages } = body;
  const asked = messages.findLastIndex((message) => message.role === "user" && realText(message) !== "");
  const last = messages.findLast((message) => message.role !== "system");
  return {
    model: body.model,
    family: familyOf(body.model),
    userText: asked < 0 ? "" : realText(messages[asked]),
    toolResults: last?.role === "user" ? toolResults(last, messages) : [],
    step: messages.slice(asked + 1).filter((message) => message.role === "assistant").length,
    history: historyOf(messages),
    toolNames: (body.tools ?? []).map((tool) => tool.name),
    system: plainText(body.system),
  };
}

export function familyOf(model: string): Family | undefined {
  return (["haiku", "sonnet", "opus"] as const).find((family) => model.includes(family));
}

/** All text of a content, with nothing left out. */
export function plainText(content: z.infer<typeof contentSchema> | undefined): string {
  return blocks(content)
    .map((block) => block.text ?? "")
    .filter((text) => text !== "")
    .join("\n");
}

/**
 * The text a user typed. Claude Code gives each thing it says, and each message of the user, a block of its own, and
 * joins the blocks of neighbouring messages: the last one left is what the user said last.
 */
function realText(message: RequestMessage | undefined): string {
  const texts = blocks(message?.content).map((block) => (block.type === "text" ? withoutNoise(block.text ?? "") : ""));
  return texts.findLast((text) => text !== "") ?? "";
}

function withoutNoise(text: string): string {
  let rest = text;
  for (;;) {
    const less = rest.replace(LEADING, "").replace(TRAILING, "");
    if (less === rest) break;
    rest = less;
  }
  const bare = rest.trim();
  return INTERRUPTED.test(bare) ? "" : bare;
}

function toolResults(message: RequestMessage, messages: readonly RequestMessage[]): ToolResult[] {
  const names = new Map<string, string>();
  for (const block of messages.flatMap((one) => blocks(one.content))) {
    if (block.type === "tool_use" && block.id !== undefined && block.name !== undefined)
      names.set(block.id, block.name);
  }
  return blocks(message.content)
    .filter((block) => block.type === "tool_result")
    .map((block) => ({
      toolUseId: block.tool_use_id ?? "",
      name: names.get(block.tool_use_id ?? ""),
      text: plainText(contentSchema.safeParse(block.content).data),
      isError: block.is_error === true,
    }));
}

function historyOf(messages: readonly RequestMessage[]): { role: "user" | "assistant"; text: string }[] {
  const entries: { role: "user" | "assistant"; text: string }[] = [];
  for (const message of messages) {
    if (message.role === "system") continue;
    const text = message.role === "assistant" ? plainText(message.content) : realText(message);
    if (text !== "") entries.push({ role: message.role, text });
  }
  return entries;
}

function blocks(content: z.infer<typeof contentSchema> | undefined): readonly RequestBlock[] {
  if (content === undefined) return [];
  return typeof content === "string" ? [{ type: "text", text: content }] : content;
}
