/** Regular expressions as a tree: what can be matched in linear time. The rest is refused, with the reason. */

/**
 * @typedef {{type: "set", has: (code: number) => boolean}
 *   | {type: "cat" | "alt", parts: Node[]}
 *   | {type: "repeat", node: Node, min: number, max: number}
 *   | {type: "assert", kind: "start" | "end" | "edge" | "inside"}} Node
 * @typedef {[from: number, to: number]} Range of UTF-16 units, both included
 */

/** @type {Range[]} */
const DIGIT = [[48, 57]];
/** @type {Range[]} */
const WORD = [
  [48, 57],
  [65, 90],
  [95, 95],
  [97, 122],
];
/** @type {Range[]} */
const SPACE = [
  [9, 13],
  [32, 32],
  [0xa0, 0xa0],
  [0x1680, 0x1680],
  [0x2000, 0x200a],
  [0x2028, 0x2029],
  [0x202f, 0x202f],
  [0x205f, 0x205f],
  [0x3000, 0x3000],
  [0xfeff, 0xfeff],
];
/** @type {Range[]} */
const LINE_END = [
  [10, 10],
  [13, 13],
  [0x2028, 0x2029],
];
/** @type {Record<string, Range[]>} */
const CLASSES = { d: DIGIT, D: not(DIGIT), w: WORD, W: not(WORD), s: SPACE, S: not(SPACE) };
/** @type {Record<string, number>} */
const CONTROLS = { t: 9, n: 10, v: 11, f: 12, r: 13, 0: 0 };
/** @type {Record<string, RegExp>} */
const HEX = { x: /^[\da-f]{2}/i, u: /^[\da-f]{4}/i };
/** Times that a part may be repeated by number. */
const MOST_TIMES = 1000;
const DEEPEST = 200;

/** What cannot be searched for; its message is for the reader. */
export class RegexError extends Error {}

/**
 * Throws RegexError.
 * @param {string} source
 * @param {boolean} ignoreCase
 * @returns {Node}
 */
export function parseRegex(source, ignoreCase) {
  const parser = new Parser(source, ignoreCase);
  const node = parser.alternatives(0);
  if (parser.rest !== "") throw new RegexError("There is a ) without its (.");
  return node;
}

class Parser {
  #source;
  #ignoreCase;
  #at = 0;

  /**
   * @param {string} source
   * @param {boolean} ignoreCase
   */
  constructor(source, ignoreCase) {
    this.#source = source;
    this.#ignoreCase = ignoreCase;
  }

  get rest() {
    return this.#source.slice(this.#at);
  }

  /**
   * @param {number} depth
   * @returns {Node}
   */
  alternatives(depth) {
    if (depth > DEEPEST) throw new RegexError("Too many groups lie within each other.");
    const parts = [this.#sequence(depth)];
    while (this.#take("|")) parts.push(this.#sequence(depth));
    return parts.length === 1 && parts[0] !== undefined ? parts[0] : { type: "alt", parts };
  }

  /**
   * @param {number} depth
   * @returns {Node}
   */
  #sequence(depth) {
    /** @type {Node[]} */
    const parts = [];
    while (this.#at < this.#source.length && !"|)".includes(this.#source[this.#at] ?? "")) {
      parts.push(this.#repeated(this.#atom(depth)));
    }
    return { type: "cat", parts };
  }

  /** @param {Node} node @returns {Node} */
  #repeated(node) {
    const [text = "", sign = "", ...numbers] = /^(?:([*+?])|\{(\d{1,6})(?:(,)(\d{0,6}))?\})/.exec(this.rest) ?? [];
    if (text === "") return node;
    if (node.type === "assert") throw nothingBefore(text);
    this.#at += text.length;
    // Lazy or not, the same lines match.
    this.#take("?");
    if (/^[*+?]/.test(this.rest)) throw nothingBefore(this.rest[0]);
    if (sign !== "") return { type: "repeat", node, min: sign === "+" ? 1 : 0, max: sign === "?" ? 1 : Infinity };
    return { type: "repeat", node, ...times(text, numbers) };
  }

  /**
   * @param {number} depth
   * @returns {Node}
   */
  #atom(depth) {
    const character = this.#source[this.#at] ?? "";
    this.#at += 1;
    if (character === "(") return this.#group(depth);
    if (character === "[") return this.#class();
    if (character === "\\") return this.#escape();
    if (character === "^") return { type: "assert", kind: "start" };
    if (character === "$") return { type: "assert", kind: "end" };
    if (character === ".") return this.#set(not(LINE_END), false);
    if ("*+?".includes(character)) throw nothingBefore(character);
    return this.#set([one(character.charCodeAt(0))], false);
  }

  /**
   * @param {number} depth
   * @returns {Node}
   */
  #group(depth) {
    if (/^\?<?[=!]/.test(this.rest)) throw new RegexError("Looking ahead or behind is not possible here.");
    this.#at += /^\?(?::|<\w+>)/.exec(this.rest)?.[0].length ?? 0;
    const node = this.alternatives(depth + 1);
    if (!this.#take(")")) throw new RegexError("There is a ( without its ).");
    return node;
  }

  /** @returns {Node} */
  #escape() {
    const letter = this.rest[0] ?? "";
    if (letter === "b" || letter === "B") {
      this.#at += 1;
      return { type: "assert", kind: letter === "b" ? "edge" : "inside" };
    }
    return this.#set(this.#escaped(), false);
  }

  /** What an escape stands for, within brackets or without. @returns {Range[]} */
  #escaped() {
    const letter = this.rest[0] ?? "";
    this.#at += 1;
    if (letter === "") throw new RegexError("There is nothing after \\.");
    const known = CLASSES[letter];
    if (known !== undefined) return known;
    if (/[1-9k]/.test(letter)) throw new RegexError("Back references are not possible here.");
    if (letter === "p" || letter === "P") throw new RegexError("Classes of Unicode (\\p) are not possible here.");
    const [digits = ""] = HEX[letter]?.exec(this.rest) ?? [];
    this.#at += digits.length;
    return [one(digits === "" ? (CONTROLS[letter] ?? letter.charCodeAt(0)) : Number.parseInt(digits, 16))];
  }

  /** @returns {Node} */
  #class() {
    const isNegated = this.#take("^");
    /** @type {Range[]} */
    const ranges = [];
    while (!this.#take("]")) {
      if (this.rest === "") throw new RegexError("There is a [ without its ].");
      ranges.push(...this.#members());
    }
    return this.#set(ranges, isNegated);
  }

  /** A character, a class, or a range between two characters. */
  #members() {
    const first = this.#member();
    const from = single(first);
    if (from === undefined || !/^-[^\]]/.test(this.rest)) return first;
    this.#at += 1;
    const to = single(this.#member());
    if (to === undefined || to < from) throw new RegexError("A range in [ ] has its ends the wrong way round.");
    return [/** @type {Range} */ ([from, to])];
  }

  #member() {
    if (this.#take("\\")) {
      if (this.#take("b")) return [one(8)];
      return this.#escaped();
    }
    this.#at += 1;
    return [one(this.#source.charCodeAt(this.#at - 1))];
  }

  /**
   * @param {Range[]} ranges
   * @param {boolean} isNegated
   * @returns {Node}
   */
  #set(ranges, isNegated) {
    const isIn = (/** @type {number} */ code) => ranges.some(([from, to]) => code >= from && code <= to);
    if (!this.#ignoreCase) return { type: "set", has: (code) => isIn(code) !== isNegated };
    return { type: "set", has: (code) => cases(code).some(isIn) !== isNegated };
  }

  /** @param {string} text */
  #take(text) {
    if (!this.#source.startsWith(text, this.#at)) return false;
    this.#at += text.length;
    return true;
  }
}

/** @param {string | undefined} text */
function nothingBefore(text) {
  return new RegexError(`There is nothing before ${text} that could be repeated.`);
}

/**
 * @param {string} text
 * @param {(string | undefined)[]} numbers
 */
function times(text, [least, comma, most]) {
  const min = Number(least);
  const max = comma === undefined ? min : most === "" ? Infinity : Number(most);
  if (max < min) throw new RegexError(`${text} has its numbers the wrong way round.`);
  if (min > MOST_TIMES || (max !== Infinity && max > MOST_TIMES)) {
    throw new RegexError(`${text} is more than ${MOST_TIMES} times.`);
  }
  return { min, max };
}

/** The character that is all there is of it. @param {Range[]} ranges */
function single([first, ...others]) {
  return others.length === 0 && first?.[0] === first?.[1] ? first?.[0] : undefined;
}

/** @param {number} code @returns {Range} */
function one(code) {
  return [code, code];
}

/** @param {Range[]} ranges in order @returns {Range[]} */
function not(ranges) {
  /** @type {Range[]} */
  const others = [];
  let from = 0;
  for (const [first, last] of ranges) {
    if (first > from) others.push([from, first - 1]);
    from = last + 1;
  }
  return [...others, [from, 0xffff]];
}

/** A character in either case. @param {number} code */
function cases(code) {
  const character = String.fromCharCode(code);
  const both = [character.toLowerCase(), character.toUpperCase()];
  return [code, ...both.filter((other) => other.length === 1).map((other) => other.charCodeAt(0))];
}
