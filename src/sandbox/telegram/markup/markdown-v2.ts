import type { Entity, FormattedText } from "../types.ts";
import { Cursor, unparsable } from "./cursor.ts";

/**
 * Bot API MarkdownV2 (https://core.telegram.org/bots/api#markdownv2-style). A mark closes the innermost open entity
 * of its kind and opens one otherwise; `__` is read before `_`. Wording and places of the refusals as TDLib gives them.
 */
const MARKS: Readonly<Record<string, { readonly type: string; readonly name: string }>> = {
  __: { type: "underline", name: "Underline" },
  _: { type: "italic", name: "Italic" },
  "*": { type: "bold", name: "Bold" },
  "~": { type: "strikethrough", name: "Strikethrough" },
  "||": { type: "spoiler", name: "Spoiler" },
  "`": { type: "code", name: "Code" },
  "```": { type: "pre", name: "Pre" },
  "[": { type: "text_link", name: "TextUrl" },
  "![": { type: "custom_emoji", name: "CustomEmoji" },
};
/** Longer marks first. `>` is dealt with where a line starts. */
const TOGGLES = ["__", "_", "*", "~", "||", "```", "`"] as const;
const RESERVED = new Set("_*[]()~`>#+-=|{}.!");

export function parseMarkdownV2(source: string): FormattedText {
  const cursor = new Cursor(source);
  while (!cursor.done) {
    if (!(escaped(cursor) || quoteEdge(cursor) || mark(cursor))) plain(cursor);
  }
  if (cursor.open.at(-1)?.mark === ">") cursor.finish();
  refuseOpen(cursor);
  return { text: cursor.text, entities: cursor.entities };
}

/** Any character with a code from 1 to 126 may be escaped. */
function escaped(cursor: Cursor): boolean {
  const next = cursor.source.charCodeAt(cursor.at + 1);
  if (cursor.char !== "\\" || !(next >= 1 && next <= 126)) return false;
  cursor.text += cursor.source[cursor.at + 1];
  cursor.at += 2;
  return true;
}

/** Lines that start with `>` are one quotation; `||` at its very end makes it expandable. */
function quoteEdge(cursor: Cursor): boolean {
  if (inCode(cursor)) return false;
  if (!cursor.open.some(({ mark }) => mark === ">")) return startQuote(cursor);
  const innermost = cursor.open.at(-1)?.mark;
  if (innermost === ">" && cursor.sees("||") && /^\|\|(?:\r?\n(?!>)|$)/.test(cursor.source.slice(cursor.at))) {
    cursor.at += 2;
    cursor.text += newline(cursor);
    cursor.finish({ type: "expandable_blockquote" });
    return true;
  }
  if (cursor.char !== "\n") return false;
  cursor.text += newline(cursor);
  if (cursor.sees(">")) cursor.at += 1;
  else if (innermost === ">") cursor.finish();
  else refuseOpen(cursor);
  return true;
}

function startQuote(cursor: Cursor): boolean {
  if (cursor.char !== ">" || !/(?:^|[\r\n])$/.test(cursor.text)) return false;
  cursor.start(">", cursor.at, { type: "blockquote" });
  cursor.at += 1;
  return true;
}

function newline(cursor: Cursor): string {
  const found = /^\r?\n/.exec(cursor.source.slice(cursor.at))?.[0] ?? "";
  cursor.at += found.length;
  return found;
}

function mark(cursor: Cursor): boolean {
  if (!inCode(cursor) && (cursor.sees("[") || cursor.sees("!["))) {
    const found = cursor.sees("![") ? "![" : "[";
    cursor.start(found, cursor.at, { type: MARKS[found]?.type ?? "" });
    cursor.at += found.length;
    return true;
  }
  if (!inCode(cursor) && cursor.char === "]" && isLink(cursor.open.at(-1)?.mark)) {
    endLink(cursor);
    return true;
  }
  const found = TOGGLES.find((one) => cursor.sees(one));
  if (found === undefined) return false;
  return toggle(cursor, found);
}

function toggle(cursor: Cursor, found: (typeof TOGGLES)[number]): boolean {
  const innermost = cursor.open.at(-1)?.mark;
  // Within code a backtick is all that means something: there ``` is an end and two characters of text.
  const seen = innermost === "`" && found === "```" ? "`" : found;
  if (inCode(cursor) && !seen.startsWith("`")) return false;
  if (innermost === seen) {
    cursor.at += seen.length;
    cursor.finish();
    return true;
  }
  const at = cursor.at;
  cursor.at += seen.length;
  cursor.start(seen, at, { type: MARKS[seen]?.type ?? "", ...(seen === "```" ? language(cursor) : {}) });
  return true;
}

/** The word after ``` is the language if white space follows it; one line end before the code is dropped. */
function language(cursor: Cursor): Pick<Entity, "language"> {
  const word = /^([^\s`]+)(?=\s)/.exec(cursor.source.slice(cursor.at))?.[1];
  cursor.at += word?.length ?? 0;
  cursor.at += /^(?:\r\n|\n\r|\n|\r)?/.exec(cursor.source.slice(cursor.at))?.[0].length ?? 0;
  return word === undefined ? {} : { language: word };
}

function endLink(cursor: Cursor): void {
  const opened = cursor.open.at(-1);
  cursor.at += 1;
  const url = cursor.char === "(" ? address(cursor, opened?.mark === "![" ? "custom emoji " : "") : undefined;
  if (opened?.mark === "[") {
    cursor.finish({ url: url ?? cursor.text.slice(opened.offset) });
    return;
  }
  if (url === undefined) throw unparsable("Custom emoji entity must contain a tg://emoji URL");
  const id = /^tg:\/\/emoji\/?\?(?:.*&)?id=([1-9][0-9]*)/i.exec(url)?.[1];
  if (id === undefined) throw unparsable("Invalid custom emoji identifier specified");
  cursor.finish({ custom_emoji_id: id });
}

function address(cursor: Cursor, kind: string): string {
  cursor.at += 1;
  const begin = cursor.at;
  let url = "";
  while (!cursor.done && cursor.char !== ")") {
    if (cursor.char === "\\" && cursor.at + 1 < cursor.source.length) cursor.at += 1;
    url += cursor.char;
    cursor.at += 1;
  }
  if (cursor.done) {
    throw unparsable(`Can't find end of a ${kind}URL at byte offset ${cursor.byteOffset(begin)}`);
  }
  cursor.at += 1;
  return url;
}

function plain(cursor: Cursor): void {
  const { char } = cursor;
  if (RESERVED.has(char) && !inCode(cursor)) {
    throw unparsable(`Character '${char}' is reserved and must be escaped with the preceding '\\'`);
  }
  cursor.text += char;
  cursor.at += 1;
}

function inCode(cursor: Cursor): boolean {
  return cursor.open.at(-1)?.mark.startsWith("`") ?? false;
}

function isLink(mark: string | undefined): boolean {
  return mark === "[" || mark === "![";
}

function refuseOpen(cursor: Cursor): void {
  const left = cursor.open.at(-1);
  if (left === undefined) return;
  const name = left.entity?.language === undefined ? MARKS[left.mark]?.name : "PreCode";
  throw unparsable(`Can't find end of ${name} entity at byte offset ${cursor.byteOffset(left.at)}`);
}
