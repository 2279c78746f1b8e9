import type { Entity, FormattedText } from "../types.ts";
import { Cursor, unparsable } from "./cursor.ts";

/**
 * Bot API HTML (https://core.telegram.org/bots/api#html-style): only the tags below, `<` never bare, four named
 * entities and the numeric ones; `>` and an unknown `&name;` stay as they are. Wording and places of the refusals
 * as TDLib gives them.
 */
const TAGS: Readonly<Record<string, string>> = {
  b: "bold",
  strong: "bold",
  i: "italic",
  em: "italic",
  u: "underline",
  ins: "underline",
  s: "strikethrough",
  strike: "strikethrough",
  del: "strikethrough",
  code: "code",
  pre: "pre",
  a: "text_link",
  span: "spoiler",
  "tg-spoiler": "spoiler",
  "tg-emoji": "custom_emoji",
  "tg-time": "date_time",
  blockquote: "blockquote",
};

const NAMED: Readonly<Record<string, string>> = { lt: "<", gt: ">", amp: "&", quot: '"' };
const SPACE = /\s/;

export function parseHtml(source: string): FormattedText {
  const cursor = new Cursor(source);
  while (!cursor.done) {
    if (cursor.char === "<") {
      if (cursor.source[cursor.at + 1] === "/") endTag(cursor);
      else startTag(cursor);
    } else cursor.text += character(cursor);
  }
  const left = cursor.open.at(-1);
  if (left !== undefined) throw unparsable(`Can't find end tag corresponding to start tag "${left.mark}"`);
  return { text: cursor.text, entities: mergePreCode(cursor.entities) };
}

/** One character of text, entities decoded; the `;` of an entity may be missing. */
function character(cursor: Cursor): string {
  const match = /^&(?:#x([0-9a-f]{1,6})|#([0-9]{1,7})|([a-z]+));?/i.exec(
    cursor.source.slice(cursor.at, cursor.at + 12),
  );
  const decoded = match === null ? undefined : decode(match[1], match[2], match[3]);
  if (match === null || decoded === undefined) {
    cursor.at += 1;
    return cursor.source[cursor.at - 1] ?? "";
  }
  cursor.at += match[0].length;
  return decoded;
}

function decode(hex?: string, decimal?: string, name?: string): string | undefined {
  if (name !== undefined) return NAMED[name];
  const code = hex === undefined ? Number(decimal) : Number.parseInt(hex, 16);
  if (code === 0 || code > 0x10ffff) return undefined;
  if (code >= 0xd800 && code <= 0xdfff) {
    throw unparsable(
      "Text contains invalid Unicode characters after decoding HTML entities, check for unmatched surrogate code units",
    );
  }
  return String.fromCodePoint(code);
}

function startTag(cursor: Cursor): void {
  const begin = cursor.at;
  const where = `at byte offset ${cursor.byteOffset(begin)}`;
  cursor.at += 1;
  const tag = readWhile(cursor, (char) => !SPACE.test(char) && char !== ">").toLowerCase();
  if (cursor.done) throw unparsable(`Unclosed start tag ${where}`);
  const type = Object.hasOwn(TAGS, tag) ? TAGS[tag] : undefined;
  if (type === undefined) throw unparsable(`Unsupported start tag "${tag}" ${where}`);
  const attributes = readAttributes(cursor, tag, where);
  cursor.start(tag, begin, describe(tag, type, attributes, where));
}

/** Attributes up to and with the closing `>`. */
function readAttributes(cursor: Cursor, tag: string, where: string): Map<string, string> {
  const attributes = new Map<string, string>();
  for (;;) {
    readWhile(cursor, isSpace);
    if (cursor.done) throw unparsable(`Unclosed start tag "${tag}" ${where}`);
    if (cursor.char === ">") {
      cursor.at += 1;
      return attributes;
    }
    const name = readWhile(cursor, (char) => !SPACE.test(char) && char !== "=" && char !== ">").toLowerCase();
    if (name === "") throw unparsable(`Empty attribute name in the tag "${tag}" ${where}`);
    readWhile(cursor, isSpace);
    if (cursor.char !== "=") {
      attributes.set(name, "");
      continue;
    }
    cursor.at += 1;
    readWhile(cursor, isSpace);
    if (cursor.done) throw unparsable(`Unclosed start tag "${tag}" ${where}`);
    attributes.set(name, attributeValue(cursor, where));
  }
}

function attributeValue(cursor: Cursor, where: string): string {
  const quote = cursor.char;
  if (quote !== '"' && quote !== "'") {
    const bare = readWhile(cursor, (char) => /[a-z0-9.-]/i.test(char)).toLowerCase();
    if (cursor.done || !(isSpace(cursor.char) || cursor.char === ">")) {
      throw unparsable(`Unexpected end of name token at byte offset ${cursor.byteOffset(cursor.at - bare.length)}`);
    }
    return bare;
  }
  cursor.at += 1;
  let value = "";
  while (!cursor.done && cursor.char !== quote) value += character(cursor);
  if (cursor.done) throw unparsable(`Unclosed start tag ${where}`);
  cursor.at += 1;
  return value;
}

function describe(
  tag: string,
  type: string,
  attributes: ReadonlyMap<string, string>,
  where: string,
): Omit<Entity, "offset" | "length"> {
  switch (tag) {
    case "span":
      if (attributes.get("class") === "tg-spoiler") return { type };
      throw unparsable(`Tag "span" must have class "tg-spoiler" ${where}`);
    case "tg-emoji":
      return { type, custom_emoji_id: emojiId(attributes) };
    case "a":
      return attributes.has("href") ? { type, url: attributes.get("href") ?? "" } : { type };
    case "code":
      return { type, ...codeLanguage(attributes) };
    case "blockquote":
      return { type: attributes.has("expandable") ? "expandable_blockquote" : type };
    default:
      return { type };
  }
}

function emojiId(attributes: ReadonlyMap<string, string>): string {
  const id = attributes.get("emoji-id") ?? "";
  if (/^[1-9][0-9]*$/.test(id)) return id;
  throw unparsable("Invalid custom emoji identifier specified");
}

function codeLanguage(attributes: ReadonlyMap<string, string>): Pick<Entity, "language"> {
  const language = /^language-(.+)$/.exec(attributes.get("class") ?? "")?.[1];
  return language === undefined ? {} : { language };
}

function endTag(cursor: Cursor): void {
  const where = `at byte offset ${cursor.byteOffset(cursor.at)}`;
  const opened = cursor.open.at(-1);
  if (opened === undefined) throw unparsable(`Unexpected end tag ${where}`);
  cursor.at += 2;
  const tag = readWhile(cursor, (char) => !SPACE.test(char) && char !== ">").toLowerCase();
  readWhile(cursor, isSpace);
  if (cursor.char !== ">") throw unparsable(`Unclosed end tag ${where}`);
  if (tag !== "" && tag !== opened.mark) {
    throw unparsable(`Unmatched end tag ${where}, expected "</${opened.mark}>", found "</${tag}>"`);
  }
  cursor.at += 1;
  // A link without an address of its own links to its text.
  cursor.finish(
    opened.mark === "a" && opened.entity?.url === undefined ? { url: cursor.text.slice(opened.offset) } : {},
  );
}

function isSpace(char: string): boolean {
  return SPACE.test(char);
}

function readWhile(cursor: Cursor, wanted: (char: string) => boolean): string {
  const from = cursor.at;
  while (!cursor.done && wanted(cursor.char)) cursor.at += 1;
  return cursor.source.slice(from, cursor.at);
}

/** `<pre><code class="language-x">` over the same text is one `pre` with that language; a `code` alone has none. */
function mergePreCode(entities: readonly Entity[]): Entity[] {
  const same = (a: Entity, b: Entity): boolean => a.offset === b.offset && a.length === b.length;
  const merged: Entity[] = [];
  for (const entity of entities) {
    const other = (type: string): Entity | undefined => entities.find((one) => one.type === type && same(one, entity));
    const language = entity.type === "pre" ? other("code")?.language : undefined;
    if (language !== undefined) merged.push({ ...entity, language });
    else if (entity.type !== "code") merged.push(entity);
    else if (entity.language === undefined || other("pre") === undefined) {
      merged.push({ type: "code", offset: entity.offset, length: entity.length });
    }
  }
  return merged;
}
