/** Long text as messages of a length that Telegram takes. Pure. */

/** Telegram's limit for the text of a message, in UTF-16 units: core.telegram.org/bots/api#sendmessage. */
export const MESSAGE_MAX = 4096;

let graphemes: Intl.Segmenter | undefined;

/**
 * Cuts `text` into chunks of 1 to `max` UTF-16 units (`max` ≥ 2), none of them blank: after a paragraph or a line when
 * that fills at least half a chunk, else after a word, else between two characters as a reader sees them. Only
 * whitespace at the cuts is lost. Blank text gives no chunk. Linear in the length of the text.
 */
export function splitText(text: string, max: number = MESSAGE_MAX): string[] {
  const chunks: string[] = [];
  let start = 0;
  while (text.length - start > max) {
    const end = start + cutLength(text.slice(start, start + max + 2), max);
    push(chunks, text.slice(start, end).trimEnd());
    start = skipSpace(text, end);
  }
  push(chunks, text.slice(start));
  return chunks;
}

function push(chunks: string[], chunk: string): void {
  if (chunk.trim() !== "") chunks.push(chunk);
}

/** Where to cut `window`, which is longer than `max`; 1 to `max`. */
function cutLength(window: string, max: number): number {
  for (const boundary of ["\n\n", "\n"]) {
    const at = window.lastIndexOf(boundary, max);
    if (at >= max / 2) return at;
  }
  const space = Math.max(...[" ", "\t", "\n"].map((boundary) => window.lastIndexOf(boundary, max)));
  return space > 0 ? space : characterCut(window, max);
}

/** The last boundary between characters at or before `max`; for a character longer than that, between code points. */
function characterCut(window: string, max: number): number {
  graphemes ??= new Intl.Segmenter(undefined, { granularity: "grapheme" });
  const cut = graphemes.segment(window).containing(max)?.index ?? 0;
  if (cut > 0) return cut;
  const unit = window.charCodeAt(max - 1);
  const opensPair = unit >= 0xd800 && unit <= 0xdbff;
  return opensPair ? max - 1 : max;
}

function skipSpace(text: string, from: number): number {
  let at = from;
  while (at < text.length && text.charAt(at).trim() === "") at += 1;
  return at;
}
