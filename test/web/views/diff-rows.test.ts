import assert from "node:assert/strict";
import { test } from "node:test";
import { pageModule } from "../page-module.ts";

interface Line {
  readonly number: number;
  readonly text: string;
  readonly segments?: readonly { text: string; isChanged: boolean }[];
  readonly hasNoEnd?: boolean;
}
interface Row {
  readonly kind: string;
  readonly old?: Line | number;
  readonly new?: Line | number;
  readonly lines?: number;
  readonly startsChange?: boolean;
}
/** A side of a row that is a line. */
function lineOf(side: Line | number | undefined): Line | undefined {
  return typeof side === "object" ? side : undefined;
}

const { rowsOf } = await pageModule<{ rowsOf: (hunks: readonly object[]) => Iterable<Row> }>("views/prompts-diff.js");

/** Each row on a line: its kind, then either side by number and text. */
function told(...hunks: object[]): string[] {
  const side = (line: Line | number | undefined): string =>
    typeof line === "object" ? `${line.number}${line.text}${line.hasNoEnd === true ? "¬" : ""}` : String(line ?? "");
  return [...rowsOf(hunks)].map(
    ({ kind, old, new: fresh, lines, startsChange }) =>
      `${kind}${startsChange === true ? "!" : ""} ${side(old)}|${side(fresh)}${kind === "skipped" ? ` ${lines ?? "rest"}` : ""}`,
  );
}

test("lines stand side by side, numbered on their own sides, and what lies between hunks is named", () => {
  const first = { oldStart: 3, oldLines: 3, newStart: 3, newLines: 4, lines: [" a", "-b", "+B", "+C", " d"] };
  const second = { oldStart: 9, oldLines: 2, newStart: 10, newLines: 1, lines: ["-x", " y"] };
  assert.deepEqual(told(first, second), [
    "skipped 1|1 2",
    "same 3a|3a",
    "changed! 4b|4B",
    "changed |5C",
    "same 5d|6d",
    "skipped 6|7 3",
    "changed! 9x|",
    "same 10y|10y",
  ]);
});

test("after a hunk that ends with all its context there may be more", () => {
  const lines = ["-a", "+A", " b", " c", " d"];
  assert.deepEqual(told({ oldStart: 1, oldLines: 4, newStart: 1, newLines: 4, lines }).at(-1), "skipped 5|5 rest");
  assert.deepEqual(told(), []);
});

test("a line without an end is marked, on the side that it is on", () => {
  const lines = ["-a", "\\ No newline at end of file", "+a"];
  assert.deepEqual(told({ oldStart: 1, oldLines: 1, newStart: 1, newLines: 1, lines }), ["changed! 1a¬|1a"]);
});

test("words that changed are marked where they make up the line, and not where they do not", () => {
  const hunk = { oldStart: 1, oldLines: 1, newStart: 1, newLines: 1, lines: ["-one two", "+one three"] };
  const words = [{ value: "one " }, { value: "two\n", removed: true }, { value: "three\n", added: true }];
  const [row] = rowsOf([{ ...hunk, words }]);
  assert.deepEqual(lineOf(row?.old)?.segments, [
    { text: "one ", isChanged: false },
    { text: "two", isChanged: true },
  ]);
  assert.deepEqual(lineOf(row?.new)?.segments, [
    { text: "one ", isChanged: false },
    { text: "three", isChanged: true },
  ]);
  const [other] = rowsOf([{ ...hunk, words: [{ value: "other" }] }]);
  assert.deepEqual([lineOf(other?.old)?.text, lineOf(other?.old)?.segments], ["one two", undefined]);
});
