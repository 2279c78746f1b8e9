/** What others wrote, made fit for a terminal. Pure. */

/**
 * Everything that a terminal would act on or that would hide text: control characters of both sets, marks that turn
 * the direction of writing, separators that some take for a line's end, halves of a character.
 */
// oxlint-disable-next-line no-control-regex -- these are what it looks for
const UNFIT = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\p{Surrogate}]/gu;

const NAMED: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };

/** The text on one line, with what is unfit written out as `\n`, `\x1b` or `\u202e`. */
export function onOneLine(text: string): string {
  return text.replace(UNFIT, (character) => NAMED[character] ?? writtenOut(character));
}

/** The text with its lines and tabs, and everything else that is unfit written out. */
export function onLines(text: string): string {
  return text.replace(UNFIT, (character) =>
    character === "\n" || character === "\t" ? character : writtenOut(character),
  );
}

/** At most `length` characters, on one line; what is left out shows as `…`. */
export function shortened(text: string, length: number): string {
  const line = onOneLine(text.slice(0, 2 * length).trim());
  const characters = Array.from(line);
  const isWhole = characters.length <= length && text.trim().length <= 2 * length;
  return isWhole ? line : `${characters.slice(0, length - 1).join("")}…`;
}

function writtenOut(character: string): string {
  const code = character.charCodeAt(0);
  return code < 0x100 ? `\\x${code.toString(16).padStart(2, "0")}` : `\\u${code.toString(16).padStart(4, "0")}`;
}
