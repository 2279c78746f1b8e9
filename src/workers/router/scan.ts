import { MOST_HITS } from "./dimensions.ts";
import type { CountedDimension } from "./dimensions.ts";
import { KEYWORDS } from "./keywords.ts";
import type { Keyword } from "./keywords.ts";

/**
 * UTF-16 units that are read, from the start: a pasted log must not hold up the queue, and what a message asks for
 * stands in its first pages. Tokens are counted over the whole text all the same.
 */
export const SCAN_LIMIT = 8192;

/** Endings that make `name.ending` a source file. */
const FILE_ENDINGS: ReadonlySet<string> = new Set(
  "c cc cpp cs css go h hpp html java js json jsx kt lua md mjs php py rb rs scala sh sql swift toml ts tsx vue yaml yml".split(
    " ",
  ),
);

/** Marks of code that are no words. */
const CODE_MARKS = ["```", "=>", "()", ");", "!=", "=="] as const;

/** 1 for the ASCII units of a word in lower case; a table, for it is asked once a character. */
const PLAIN_WORD = Uint8Array.from({ length: 128 }, (_, unit) => (/\w/.test(String.fromCharCode(unit)) ? 1 : 0));

/** The different things found, a list a dimension, none longer than `MOST_HITS`. */
export type Hits = Record<CountedDimension, string[]>;

/** Finds every keyword and mark in a text. Linear in the text, and bounded by `SCAN_LIMIT`. */
export function scan(text: string): Hits {
  const low = readable(text);
  const hits = noHits();
  for (const mark of CODE_MARKS) {
    if (low.includes(mark)) note(hits.codePresence, mark);
  }
  scanWords(low, hits);
  if (hasNumberedList(low)) note(hits.multiStepPatterns, "numbered list");
  noteQuestions(low, hits.questionComplexity);
  return hits;
}

/** The part that is read, in lower case, with the apostrophe that phones type made plain. */
function readable(text: string): string {
  const low = (text.length > SCAN_LIMIT ? text.slice(0, SCAN_LIMIT) : text).toLowerCase();
  return low.includes("\u2019") ? low.replaceAll("\u2019", "'") : low;
}

function noHits(): Hits {
  return {
    reasoningMarkers: [],
    codePresence: [],
    simpleIndicators: [],
    multiStepPatterns: [],
    technicalTerms: [],
    creativeMarkers: [],
    questionComplexity: [],
    constraintCount: [],
    imperativeVerbs: [],
    outputFormat: [],
    domainSpecificity: [],
    referenceComplexity: [],
    negationComplexity: [],
  };
}

function note(found: string[], name: string): void {
  if (found.length < MOST_HITS && !found.includes(name)) found.push(name);
}

/**
 * A bit a word that is worth a look-up, by hash. Most words of a text have none, and are passed over without
 * being cut out; a false bit costs a look-up.
 */
const HASHES = 1 << 14;
const WORTH_A_LOOK = new Uint8Array(HASHES);
for (const words of [KEYWORDS.keys(), FILE_ENDINGS, ["first", "then", "step"]]) {
  for (const word of words) WORTH_A_LOOK[hashOf(word) & (HASHES - 1)] = 1;
}

function hashOf(word: string): number {
  let hash = 0;
  for (let at = 0; at < word.length; at += 1) hash = (Math.imul(hash, 31) + word.charCodeAt(at)) | 0;
  return hash;
}

/** Calls `noteWord` for each word that may be a keyword. */
function scanWords(low: string, hits: Hits): void {
  const state = { firstSeen: false };
  let start = -1;
  let hash = 0;
  for (let at = 0; at <= low.length; at += 1) {
    if (isWordUnit(low, at, start >= 0)) {
      if (start < 0) {
        start = at;
        hash = 0;
      }
      hash = (Math.imul(hash, 31) + low.charCodeAt(at)) | 0;
      continue;
    }
    if (start >= 0 && WORTH_A_LOOK[hash & (HASHES - 1)] === 1) noteWord(hits, low, start, at, state);
    start = -1;
  }
}

function noteWord(hits: Hits, low: string, start: number, end: number, state: { firstSeen: boolean }): void {
  const word = low.slice(start, end);
  for (const keyword of KEYWORDS.get(word) ?? []) {
    if (follows(low, start, keyword)) note(hits[keyword.dimension], keyword.name);
  }
  if (word === "first") state.firstSeen = true;
  else if (word === "then" && state.firstSeen) note(hits.multiStepPatterns, "first, then");
  else if (word === "step" && isDigit(low.charCodeAt(end + 1))) note(hits.multiStepPatterns, "step by number");
  if (low[start - 1] === "." && FILE_ENDINGS.has(word) && isWordUnit(low, start - 2, false)) {
    note(hits.codePresence, `.${word} file`);
  }
}

/** Whether the words before `start` are those of the phrase, whatever stands between them. */
function follows(low: string, start: number, keyword: Keyword): boolean {
  let from = start;
  for (const word of keyword.before) {
    let end = from;
    while (end > 0 && !isWordUnit(low, end - 1, false)) end -= 1;
    from = end - word.length;
    if (from < 0 || !low.startsWith(word, from) || isWordUnit(low, from - 1, false)) return false;
  }
  return true;
}

/** Whether a word goes on at this place: an apostrophe belongs to it between two letters. Outside the text: no. */
function isWordUnit(low: string, at: number, inWord: boolean): boolean {
  if (at < 0 || at >= low.length) return false;
  const unit = low.charCodeAt(at);
  if (unit === 39) return inWord && at + 1 < low.length && isLetter(low.charCodeAt(at + 1));
  return isLetter(unit);
}

/** Letters of any script, digits, `_`. */
function isLetter(unit: number): boolean {
  if (unit < 128) return PLAIN_WORD[unit] === 1;
  return unit >= 0xc0 && !(unit >= 0x2000 && unit <= 0x206f) && !(unit >= 0x3000 && unit <= 0x303f);
}

function isDigit(unit: number): boolean {
  return unit >= 48 && unit <= 57;
}

/** Two lines or more that begin `1.` or `2)`. The quantifiers are bounded, so that no text makes it slow. */
function hasNumberedList(low: string): boolean {
  const item = /^[ \t]{0,8}\d{1,3}[.)][ \t]/gm;
  return item.test(low) && item.test(low);
}

/** One hit a question mark (`?` or the full-width one), up to the most that counts. */
function noteQuestions(low: string, found: string[]): void {
  for (let at = 0; at < low.length && found.length < MOST_HITS; at += 1) {
    const unit = low.charCodeAt(at);
    if (unit === 63 || unit === 0xff1f) found.push("?");
  }
}
