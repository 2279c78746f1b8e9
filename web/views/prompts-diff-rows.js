/** Rows of a comparison as elements, in blocks that the browser lays out when they come into sight. */
import { h } from "../dom.js";
import { count, visible } from "../format.js";
import { elements } from "../rows/long-text.js";

/**
 * @typedef {import("./prompts-diff.js").Pair} Pair
 * @typedef {import("./prompts-diff.js").Line} Line
 * @typedef {import("./prompts-diff.js").Skipped} Skipped
 */

const BLOCK = 25;
/** Longer lines are drawn in pieces. */
const LONG_LINE = 8 * 1024;

/**
 * `changes` is given the first row of each difference.
 * @param {Iterable<Pair | Skipped>} rows
 * @param {{changes: HTMLElement[], onExpand: (row: HTMLElement, skipped: Skipped) => void}} options
 * @returns {Generator<HTMLElement, void, undefined>}
 */
export function* blocksOf(rows, { changes, onExpand }) {
  /** @type {HTMLElement[]} */
  let block = [];
  for (const row of rows) {
    if (row.kind === "skipped") {
      if (block.length > 0) yield blockOf(block);
      block = [];
      yield skippedBlock(row, onExpand);
      continue;
    }
    const element = rowOf(row);
    if (row.startsChange === true) {
      element.tabIndex = -1;
      changes.push(element);
    }
    block.push(element);
    if (block.length < BLOCK) continue;
    yield blockOf(block);
    block = [];
  }
  if (block.length > 0) yield blockOf(block);
}

/** @param {readonly HTMLElement[]} rows */
function blockOf(rows) {
  const element = h("div", { class: "block", role: "rowgroup" }, ...rows);
  return element;
}

/**
 * @param {Skipped} skipped
 * @param {(row: HTMLElement, skipped: Skipped) => void} onExpand
 */
function skippedBlock(skipped, onExpand) {
  const { lines } = skipped;
  const text =
    lines === undefined
      ? "Show what follows, to the end"
      : `${count(lines)} ${lines === 1 ? "line is" : "lines are"} the same: show`;
  const row = h("div", { role: "row" });
  const button = h("button", { type: "button", onclick: () => onExpand(row, skipped) }, text);
  row.append(h("div", { class: "skipped", role: "cell" }, button));
  return h("div", { role: "rowgroup" }, row);
}

/**
 * The lines that were left out, from the text itself.
 * @param {string} text
 * @param {Skipped} skipped
 * @returns {Generator<HTMLElement, void, undefined>}
 */
export function* expandedRows(text, skipped) {
  const all = text.split("\n");
  // What follows the last end of a line is no line.
  if (all.at(-1) === "") all.pop();
  const start = skipped.old - 1;
  const lines = all.slice(start, skipped.lines === undefined ? undefined : start + skipped.lines);
  for (const [index, line] of lines.entries()) {
    yield rowOf({
      kind: "same",
      old: { number: skipped.old + index, text: line },
      new: { number: skipped.new + index, text: line },
    });
  }
}

/** @param {Pair} pair */
function rowOf({ kind, old, new: fresh }) {
  return h(
    "div",
    { class: `pair ${kind}`, role: "row" },
    ...side(old, "old", kind === "same" ? "" : "−"),
    ...side(fresh, "new", kind === "same" ? "" : "+"),
  );
}

/**
 * @param {Line | undefined} line
 * @param {"old" | "new"} which
 * @param {string} sign
 */
function side(line, which, sign) {
  if (line === undefined) {
    return [
      h("div", { class: `number ${which} none`, role: "cell" }),
      h("div", { class: `line ${which} none`, role: "cell" }),
    ];
  }
  return [
    h("div", { class: `number ${which}`, role: "cell" }, line.number),
    h(
      "div",
      { class: `line ${which}`, role: "cell", "data-sign": sign },
      ...content(line, which),
      line.hasNoEnd === true && h("span", { class: "dim" }, " (no end of line)"),
    ),
  ];
}

/**
 * @param {Line} line
 * @param {"old" | "new"} which
 * @returns {(Node | string)[]}
 */
function content({ text, segments }, which) {
  if (segments !== undefined && text.length <= LONG_LINE) {
    const tag = which === "old" ? "del" : "ins";
    return segments.map(({ text, isChanged }) => (isChanged ? h(tag, {}, visible(text)) : visible(text)));
  }
  return text.length > LONG_LINE ? [...elements(text)] : [visible(text)];
}
