/** Colours as terminals take them (SGR, ECMA-48 §8.3.117): what they were for is kept, and the text goes in as text. */

/**
 * @typedef {{from: number, to: number, classes: string}} Style a stretch of the text without its codes
 */

// eslint-disable-next-line no-control-regex
const SGR = /\u001b\[([\d;:]{0,60})m/g;
const ON = /** @type {Record<number, string>} */ ({ 1: "bold", 2: "faint", 3: "italic", 4: "underline", 7: "inverse" });
const COLOURS = new Set([30, 31, 32, 33, 34, 35, 36, 37, 90, 91, 92, 93, 94, 95, 96, 97]);
/** What ends them. */
const OFF = /** @type {Record<number, string[]>} */ ({
  22: ["bold", "faint"],
  23: ["italic"],
  24: ["underline"],
  27: ["inverse"],
});

/**
 * The text without its codes, and how it was to be shown. Grounds and hidden text are left out: whoever writes a log
 * does not make lines unreadable.
 * @param {string} text
 * @returns {{plain: string, styles: Style[]}}
 */
export function parseAnsi(text) {
  if (!text.includes("\u001b[")) return { plain: text, styles: [] };
  /** @type {Style[]} */
  const styles = [];
  /** @type {Set<string>} */
  const on = new Set();
  let plain = "";
  let at = 0;
  const take = (/** @type {number} */ end) => {
    const from = plain.length;
    plain += text.slice(at, end);
    if (on.size > 0 && plain.length > from) {
      styles.push({ from, to: plain.length, classes: [...on].map((name) => `ansi-${name}`).join(" ") });
    }
  };
  for (const match of text.matchAll(SGR)) {
    take(match.index);
    at = match.index + match[0].length;
    apply(on, (match[1] ?? "").split(/[;:]/).map(Number));
  }
  take(text.length);
  return { plain, styles };
}

/**
 * @param {Set<string>} on
 * @param {number[]} codes
 */
function apply(on, codes) {
  for (let index = 0; index < codes.length; index += 1) {
    const code = codes[index] ?? 0;
    if (code === 38 || code === 48) {
      const { colour, taken } = wide(codes.slice(index + 1));
      if (code === 38 && colour !== undefined) dye(on, colour);
      index += taken;
    } else if (code === 0) on.clear();
    else if (code === 39) dye(on, undefined);
    else if (COLOURS.has(code)) dye(on, code % 10);
    else mark(on, code);
  }
}

/**
 * @param {Set<string>} on
 * @param {number} code
 */
function mark(on, code) {
  const name = ON[code];
  if (name !== undefined) on.add(name);
  for (const other of OFF[code] ?? []) on.delete(other);
}

/**
 * @param {Set<string>} on
 * @param {number | undefined} colour
 */
function dye(on, colour) {
  for (let other = 0; other < 8; other += 1) on.delete(String(other));
  if (colour !== undefined) on.add(String(colour));
}

/** A colour of 256 or of 16 million, as that of the eight which is like it. @param {number[]} codes */
function wide([kind, ...codes]) {
  if (kind === 2) return { colour: nearest(codes[0] ?? 0, codes[1] ?? 0, codes[2] ?? 0, 128), taken: 4 };
  const [index = 0] = codes;
  if (kind !== 5) return { colour: undefined, taken: 0 };
  if (index < 16) return { colour: index % 8, taken: 2 };
  if (index >= 232) return { colour: index < 244 ? 0 : 7, taken: 2 };
  const cube = index - 16;
  return { colour: nearest(Math.floor(cube / 36), Math.floor(cube / 6) % 6, cube % 6, 3), taken: 2 };
}

/**
 * @param {number} red
 * @param {number} green
 * @param {number} blue
 * @param {number} half
 */
function nearest(red, green, blue, half) {
  return (red >= half ? 1 : 0) + (green >= half ? 2 : 0) + (blue >= half ? 4 : 0);
}
