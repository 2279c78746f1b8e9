import { plainText } from "./request.ts";
import type { MessagesBody } from "./request.ts";
import type { Block, Usage } from "./turn.ts";

/** Characters a token, near enough for English text and code (Anthropic's glossary: about 3.5). */
const CHARS_PER_TOKEN = 3.5;

export function tokensOf(text: string): number {
  return Math.max(1, Math.ceil(text.length / CHARS_PER_TOKEN));
}

/** Input tokens of a request: system prompt, tools and messages. */
export function inputTokens(body: MessagesBody): number {
  return tokensOf(JSON.stringify([body.system ?? "", body.tools ?? [], body.messages]));
}

/**
 * Counts as the API would report them with prompt caching: what an earlier request of the conversation already held
 * is read from the cache, the last message is new input, the rest is written. `seen` is that earlier total.
 */
export function usageOf(body: MessagesBody, content: readonly Block[], seen: number): Usage {
  const total = inputTokens(body);
  const read = Math.min(seen, total);
  const fresh = Math.min(total - read, tokensOf(plainText(body.messages.at(-1)?.content)));
  return {
    input_tokens: fresh,
    cache_read_input_tokens: read,
    cache_creation_input_tokens: total - read - fresh,
    output_tokens: tokensOf(
      content.map((block) => (block.type === "text" ? block.text : JSON.stringify(block.input))).join(""),
    ),
  };
}
