import { diffWordsWithSpace, structuredPatch } from "diff";
import type { StructuredPatchHunk } from "diff";

export interface WordChange {
  readonly value: string;
  readonly added?: true;
  readonly removed?: true;
}

/** A hunk of a structured patch; `words` where removed and added lines stand next to each other and are few. */
export interface Hunk extends StructuredPatchHunk {
  readonly words?: readonly WordChange[];
}

const CONTEXT = 3;
/** More changed lines than this, or more time, ms: the whole is taken for replaced. */
const MAX_EDITS = 5_000;
const LINES_MS = 500;
/** Of removed and added lines together, characters; and for all hunks of a patch, ms. */
const MAX_WORDS = 20_000;
const WORDS_MS = 200;

/** How a text became another, as a structured patch of their lines. */
export function diffTexts({ a, b }: { a: string; b: string }): { hunks: Hunk[] } {
  const options = { context: CONTEXT, maxEditLength: MAX_EDITS, timeout: LINES_MS };
  const hunks = structuredPatch("a", "b", a, b, undefined, undefined, options)?.hunks ?? [replaced(a, b)];
  const until = performance.now() + WORDS_MS;
  return { hunks: hunks.map((hunk) => withWords(hunk, until - performance.now())) };
}

function withWords(hunk: StructuredPatchHunk, timeout: number): Hunk {
  const pairs = pairsOf(hunk.lines);
  const length = pairs.reduce((sum, { removed, added }) => sum + removed.length + added.length, 0);
  if (pairs.length === 0 || length > MAX_WORDS || timeout <= 0) return hunk;
  const until = performance.now() + timeout;
  const words: WordChange[] = [];
  for (const { removed, added } of pairs) {
    const left = until - performance.now();
    const changes = left > 0 ? diffWordsWithSpace(removed, added, { timeout: left }) : undefined;
    if (changes === undefined) return hunk;
    for (const change of changes) words.push(changeOf(change));
  }
  return { ...hunk, words };
}

function changeOf({ value, added, removed }: { value: string; added: boolean; removed: boolean }): WordChange {
  return { value, ...(added ? { added } : {}), ...(removed ? { removed } : {}) };
}

/** Runs of removed lines with the added ones just after them, as texts. */
function pairsOf(lines: readonly string[]): { removed: string; added: string }[] {
  const pairs: { removed: string; added: string }[] = [];
  for (let n = 0; n < lines.length;) {
    const removed = run(lines, n, "-");
    const added = run(lines, n + removed.length, "+");
    if (removed.length > 0 && added.length > 0) pairs.push({ removed: textOf(removed), added: textOf(added) });
    n += Math.max(1, removed.length + added.length);
  }
  return pairs;
}

/** The lines from `start` on that bear the sign; the remark that a line has no end belongs to the one before it. */
function run(lines: readonly string[], start: number, sign: "-" | "+"): readonly string[] {
  let end = start;
  while (lines[end]?.startsWith(sign) === true || (end > start && lines[end]?.startsWith("\\") === true)) end += 1;
  return lines.slice(start, end);
}

function textOf(lines: readonly string[]): string {
  return lines
    .filter((line) => !line.startsWith("\\"))
    .map((line) => `${line.slice(1)}\n`)
    .join("");
}

function replaced(a: string, b: string): StructuredPatchHunk {
  const [removed, added] = [linesOf(a), linesOf(b)];
  return {
    oldStart: 1,
    oldLines: removed.length,
    newStart: 1,
    newLines: added.length,
    lines: [...removed.map((line) => `-${line}`), ...added.map((line) => `+${line}`)],
  };
}

function linesOf(text: string): string[] {
  if (text === "") return [];
  const lines = text.split("\n");
  return lines.at(-1) === "" ? lines.slice(0, -1) : lines;
}
