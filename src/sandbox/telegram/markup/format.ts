import { badRequest } from "../errors.ts";
import { LIMITS } from "../limits.ts";
import type { Entity, FormattedText } from "../types.ts";
import { parseHtml } from "./html.ts";
import { parseMarkdownV2 } from "./markdown-v2.ts";
import { parseMarkdown } from "./markdown.ts";

/** Text of a message as it will stand: 1–4096 UTF-16 units after markup is taken out and white space trimmed. */
export function formatText(source: string, parseMode?: string, entities?: readonly Entity[]): FormattedText {
  const formatted = format(source, parseMode, entities);
  if (formatted.text === "") throw badRequest("message text is empty");
  if (formatted.text.length > LIMITS.text) throw badRequest("message is too long");
  return formatted;
}

/** Caption of a file: 0–1024 UTF-16 units after markup is taken out and white space trimmed. */
export function formatCaption(source: string, parseMode?: string, entities?: readonly Entity[]): FormattedText {
  const formatted = format(source, parseMode, entities);
  if (formatted.text.length > LIMITS.caption) throw badRequest("message caption is too long");
  return formatted;
}

function format(source: string, parseMode: string | undefined, entities: readonly Entity[] = []): FormattedText {
  switch (parseMode?.toLowerCase()) {
    case undefined:
    case "":
    case "none":
      return tidy({ text: source, entities });
    case "html":
      return tidy(parseHtml(source));
    case "markdownv2":
      return tidy(parseMarkdownV2(source));
    case "markdown":
      return tidy(parseMarkdown(source));
    default:
      throw badRequest("unsupported parse_mode");
  }
}

/** Trims the text, cuts its entities to it, and puts the outer ones first. */
function tidy({ text, entities }: FormattedText): FormattedText {
  const lead = text.length - text.trimStart().length;
  const trimmed = text.trim();
  const kept: Entity[] = [];
  for (const entity of entities) {
    const offset = Math.max(0, entity.offset - lead);
    const end = Math.min(trimmed.length, entity.offset + entity.length - lead);
    if (end > offset) kept.push({ ...entity, offset, length: end - offset });
  }
  kept.sort((a, b) => a.offset - b.offset || b.length - a.length);
  return { text: trimmed, entities: kept };
}

/** What Telegram finds in plain text by itself, as far as bots go by it: commands, names of users, addresses. */
const FINDERS: readonly { readonly type: string; readonly pattern: RegExp }[] = [
  { type: "bot_command", pattern: /(?<![\w/@])\/[a-z0-9_]{1,64}(?:@[a-z0-9_]{3,32})?(?![\w/])/gi },
  { type: "mention", pattern: /(?<![\w/@])@[a-z0-9_]{3,32}\b/gi },
  { type: "url", pattern: /\bhttps?:\/\/[^\s<>"]+[^\s<>".,;:!?)]/gi },
];

/** Entities of a text that a user typed. */
export function findEntities(text: string): Entity[] {
  const found = FINDERS.flatMap(({ type, pattern }) =>
    [...text.matchAll(pattern)].map((match) => ({ type, offset: match.index, length: match[0].length })),
  );
  return found.sort((a, b) => a.offset - b.offset);
}
