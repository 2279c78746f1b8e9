import { plainText } from "./request.ts";
import type { MessagesBody } from "./request.ts";
import type { Turn } from "./turn.ts";

/**
 * Claude Code's own small requests, which are no step of the conversation: the session's title, a summary when the
 * context is full, the check of the quota, a helper that reads a web page. A request of the conversation always
 * carries tools, and those do not. Returns their answer, or undefined for a request that the script is to answer.
 */
export function sideAnswer(body: MessagesBody): Turn | undefined {
  const system = plainText(body.system);
  const last = plainText(body.messages.at(-1)?.content);
  if (/create a detailed summary of (?:the|this) conversation/i.test(last)) {
    return { text: "<summary>The conversation so far, in short.</summary>" };
  }
  if (body.max_tokens === 1) return { text: "ok" };
  const ofClaudeCode = /x-anthropic-billing-header|Claude Code|Claude Agent SDK/.test(system);
  if (!ofClaudeCode || (body.tools ?? []).length > 0) return undefined;
  return { text: /title|naming/i.test(system) ? '{"title": "A conversation in the sandbox"}' : "ok" };
}
