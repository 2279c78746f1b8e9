import type { FormattedText } from "../types.ts";
import { Cursor, unparsable } from "./cursor.ts";

/** Legacy Markdown: no nesting, and escapes only outside of entities. */
const TYPES: Readonly<Record<string, string>> = {
  _: "italic",
  "*": "bold",
  "`": "code",
  "```": "pre",
  "[": "text_link",
};

export function parseMarkdown(source: string): FormattedText {
  const cursor = new Cursor(source);
  while (!cursor.done) {
    const next = cursor.source[cursor.at + 1] ?? "";
    if (cursor.char === "\\" && next !== "" && "_*`[".includes(next)) {
      cursor.text += next;
      cursor.at += 2;
    } else if ("_*`[".includes(cursor.char)) entity(cursor);
    else {
      cursor.text += cursor.char;
      cursor.at += 1;
    }
  }
  return { text: cursor.text, entities: cursor.entities };
}

function entity(cursor: Cursor): void {
  const mark = cursor.sees("```") ? "```" : cursor.char;
  const begin = cursor.at;
  const end = cursor.source.indexOf(mark === "[" ? "]" : mark, begin + mark.length);
  if (end === -1) {
    throw unparsable(`Can't find end of the entity starting at byte offset ${cursor.byteOffset(begin)}`);
  }
  cursor.start(mark, begin, { type: TYPES[mark] ?? "" });
  const inner = cursor.source.slice(begin + mark.length, end);
  cursor.text += mark === "```" ? inner.replace(/^\n/, "") : inner;
  cursor.at = end + (mark === "[" ? 1 : mark.length);
  if (mark !== "[") {
    cursor.finish();
    return;
  }
  const url = /^\(([^)]*)\)/.exec(cursor.source.slice(cursor.at));
  cursor.at += url?.[0].length ?? 0;
  cursor.finish({ url: url?.[1] ?? inner });
}
