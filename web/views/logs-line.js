/** A log line as it is shown: its time, level and source, what it says, then its other fields as key=value. */
import { fill, h } from "../dom.js";
import { exactTime, visible } from "../format.js";
import { LEVELS } from "../query.js";
import { timeOf } from "../rows/record.js";
import { parseAnsi } from "./logs-ansi.js";

/**
 * @typedef {import("../api.js").Row} Row
 * @typedef {{from: number, to: number, classes: string}} Style
 * @typedef {{text: string, styles: Style[]}} LineText
 */

/** Shown in another place, or of no use in a line. */
const OWN_PLACES = new Set(["cursor", "time", "timestamp", "ts", "level", "msg", "source"]);
/** Characters of a line that are drawn. */
const DRAWN = 600;
/** Shown before the first hit, where that lies beyond what is drawn. */
const BEFORE_HIT = 80;
const NAMES = new Map(LEVELS.map(([level, name]) => [level, name]));
const NUMBERS = new Map(LEVELS.map(([level, name]) => [/** @type {string} */ (name), level]));

/** A line's own time goes before that of what it tells of. */
const TIMES = ["time", "timestamp", "ts"];

/** Epoch ms. @param {Row} row */
export function lineTime(row) {
  return timeOf(row, TIMES);
}

/** Pino's number of the level, if it has one. @param {Row} row */
export function levelOf(row) {
  const level = row["level"];
  if (typeof level === "number") return level;
  return typeof level === "string" ? NUMBERS.get(level.toLowerCase()) : undefined;
}

/** @param {number | undefined} level */
export function levelName(level) {
  if (level === undefined) return "";
  return NAMES.get(/** @type {10} */ (level)) ?? `level ${level}`;
}

/** The whole text, which is what is searched. @param {Row} row */
export function textOf(row) {
  return lineText(row).text;
}

/** @param {Row} row @returns {LineText} */
export function lineText(row) {
  if (typeof row["raw"] === "string") return rawText(row["raw"], row["cut"]);
  const { plain, styles } = parseAnsi(shown(row["msg"]));
  let text = plain;
  for (const [name, value] of Object.entries(row)) {
    if (OWN_PLACES.has(name)) continue;
    const from = text === "" ? 0 : text.length + 1;
    text += `${text === "" ? "" : " "}${name}=`;
    styles.push({ from, to: text.length, classes: "log-key" });
    text += quoted(value);
  }
  return { text, styles };
}

/**
 * @param {string} raw
 * @param {unknown} cut
 */
function rawText(raw, cut) {
  const { plain, styles } = parseAnsi(raw);
  return { text: typeof cut === "number" ? `${plain}… (${cut} bytes)` : plain, styles };
}

/** @param {unknown} value */
function shown(value) {
  if (typeof value === "string") return value;
  return value === undefined ? "" : JSON.stringify(value);
}

/** @param {unknown} value */
function quoted(value) {
  const text = shown(value);
  return typeof value === "string" && /[\s"=]|^$/.test(text) ? `"${text}"` : text;
}

/**
 * Fills a row's element.
 * @param {HTMLElement} element
 * @param {{row: Row, source: string, time: number | undefined, hasSource: boolean}} line
 * @param {(text: string) => import("../query.js").Range[]} ranges
 */
export function drawLine(element, { row, source, time, hasSource }, ranges) {
  const level = levelOf(row);
  const name = levelName(level);
  if (level !== undefined && level >= 40) element.classList.add(level >= 50 ? "log-error" : "log-warn");
  const stamp = lineTime(row) ?? time;
  fill(
    element,
    h("time", { class: "log-time", datetime: stamp === undefined ? undefined : iso(stamp) }, exactTime(stamp)),
    h("span", { class: `log-level level-${NAMES.has(/** @type {10} */ (level)) ? name : "other"}` }, name || "raw"),
    hasSource && h("span", { class: "log-source" }, source),
    h("span", { class: "text" }, ...pieces(row, ranges)),
  );
}

/** @param {number} time */
function iso(time) {
  return new Date(time).toISOString();
}

/**
 * @param {Row} row
 * @param {(text: string) => import("../query.js").Range[]} ranges
 */
function pieces(row, ranges) {
  const { text, styles } = lineText(row);
  // Hits far inside a long line are found all the same, so that the line is shown from there on.
  const early = ranges(text.slice(0, DRAWN));
  const first = early.length > 0 || text.length <= DRAWN ? 0 : (ranges(text)[0]?.[0] ?? 0);
  const start = first === 0 ? 0 : Math.max(0, first - BEFORE_HIT);
  const end = Math.min(text.length, start + DRAWN);
  const hits = start === 0 ? early : ranges(text.slice(start, end)).map(([from, to]) => [from + start, to + start]);
  const drawn = segments(text, start, end, styles, /** @type {[number, number][]} */ (hits));
  return [
    start > 0 && h("span", { class: "dim" }, "… "),
    ...drawn,
    end < text.length && h("span", { class: "dim" }, " …"),
  ];
}

/**
 * The text from `start` to `end` in pieces that are of one kind each.
 * @param {string} text
 * @param {number} start
 * @param {number} end
 * @param {Style[]} styles
 * @param {[number, number][]} hits
 */
function segments(text, start, end, styles, hits) {
  const edges = new Set([start, end]);
  for (const edge of [...styles.flatMap(({ from, to }) => [from, to]), ...hits.flat()]) {
    if (edge > start && edge < end) edges.add(edge);
  }
  const places = [...edges].sort((a, b) => a - b);
  return places.slice(0, -1).map((from, index) => {
    const piece = visible(text.slice(from, places[index + 1]).replace(/[\r\n\t]/g, " "));
    const classes = styles.find((style) => style.from <= from && from < style.to)?.classes;
    const isHit = hits.some(([first, last]) => first <= from && from < last);
    if (isHit) return h("mark", { class: classes }, piece);
    return classes === undefined ? piece : h("span", { class: classes }, piece);
  });
}
