/**
 * Regular expressions that cannot hang the page: matched in one pass, in a time that grows with the text alone. The
 * browser's own try one way after another, and a line of forty characters can keep them busy for years; a thread of
 * their own to be ended in is not to be had under the page's policy (a Worker's address is a trusted type).
 *
 * The tree becomes a graph of places (Thompson), and sets of places become states as texts need them (a lazy DFA).
 */
import { parseRegex, RegexError } from "./regex-parse.js";

/**
 * @typedef {import("./regex-parse.js").Node} Node
 * @typedef {{op: "set", has: (code: number) => boolean, to: number} | {op: "split", to: number[]}
 *   | {op: "assert", kind: string, to: number} | {op: "match"}} Place
 * @typedef {{sets: number[], isMatch: boolean}} Closure
 * @typedef {{places: number[], before: number, next: (State | undefined)[], closures: Closure[]}} State
 * `before`: what kind of character came last. `next`: by the code of an ASCII character. `closures`: by the kind of the
 * character that comes.
 */

const MAX_PLACES = 1_000;
const MAX_STATES = 1_000;
const EDGE = 0;
const WORD = 1;
const OTHER = 2;
const ASCII = 128;
/** What a text has become that was found. @type {State} */
const FOUND = { places: [], before: EDGE, next: [], closures: [] };
/** Steps that are taken to find where a line matches: it is marked, no more. */
const MOST_STEPS = 20_000;

export class Regex {
  /** @type {Place[]} */
  #graph = [];
  #start;
  /** @type {Map<string, State>} */
  #states = new Map();
  #steps = 0;

  /**
   * Throws RegexError.
   * @param {string} source
   * @param {boolean} ignoreCase
   */
  constructor(source, ignoreCase) {
    this.#start = this.#add(parseRegex(source, ignoreCase), this.#place({ op: "match" }));
  }

  /** Whether it matches anywhere in the text. @param {string} text */
  test(text) {
    let state = this.#state([this.#start], EDGE, "search");
    for (let index = 0; index < text.length; index += 1) {
      state = this.#step(state, text.charCodeAt(index), "search");
      if (state === FOUND) return true;
    }
    return this.#endsIn(state);
  }

  /**
   * Where it matches, the longest of those that begin first. From each place on the text is gone through: for short
   * texts only.
   * @param {string} text
   * @param {number} [most]
   */
  ranges(text, most = 50) {
    /** @type {[number, number][]} */
    const found = [];
    this.#steps = 0;
    for (let index = 0; index < text.length && found.length < most && this.#steps < MOST_STEPS;) {
      const end = this.#longest(text, index);
      if (end > index) found.push([index, end]);
      index = Math.max(index + 1, end);
    }
    return found;
  }

  /**
   * @param {string} text
   * @param {number} from
   */
  #longest(text, from) {
    let end = -1;
    let state = this.#state([this.#start], from === 0 ? EDGE : kindOf(text.charCodeAt(from - 1)), "here");
    for (let index = from; index < text.length && state.places.length > 0; index += 1) {
      const code = text.charCodeAt(index);
      this.#steps += 1;
      if (this.#closure(state, kindOf(code)).isMatch) end = index;
      state = this.#step(state, code, "here");
    }
    if (state.places.length > 0 && this.#endsIn(state)) end = text.length;
    return end;
  }

  /** @param {State} state */
  #endsIn(state) {
    return this.#closure(state, EDGE).isMatch;
  }

  /**
   * @param {State} state
   * @param {number} code
   * @param {"search" | "here"} mode
   * @returns {State}
   */
  #step(state, code, mode) {
    const known = code < ASCII ? state.next[code] : undefined;
    if (known !== undefined) return known;
    const kind = kindOf(code);
    const { sets, isMatch } = this.#closure(state, kind);
    const next = isMatch && mode === "search" ? FOUND : this.#after(sets, code, kind, mode);
    if (code < ASCII) state.next[code] = next;
    return next;
  }

  /**
   * @param {number[]} sets
   * @param {number} code
   * @param {number} kind
   * @param {"search" | "here"} mode
   */
  #after(sets, code, kind, mode) {
    const places = new Set(mode === "search" ? [this.#start] : []);
    for (const index of sets) {
      const place = this.#graph[index];
      if (place?.op === "set" && place.has(code)) places.add(place.to);
    }
    return this.#state(
      [...places].sort((a, b) => a - b),
      kind,
      mode,
    );
  }

  /**
   * @param {number[]} places
   * @param {number} before
   * @param {string} mode
   */
  #state(places, before, mode) {
    const key = `${mode}${before}:${places.join()}`;
    let state = this.#states.get(key);
    if (state !== undefined) return state;
    if (this.#states.size >= MAX_STATES) this.#states.clear();
    state = { places, before, next: [], closures: [] };
    this.#states.set(key, state);
    return state;
  }

  /**
   * What can be reached without a character, when one of that kind comes next.
   * @param {State} state
   * @param {number} after
   * @returns {Closure}
   */
  #closure(state, after) {
    return (state.closures[after] ??= this.#reach(state, after));
  }

  /**
   * @param {State} state
   * @param {number} after
   */
  #reach({ places, before }, after) {
    const seen = new Set(places);
    const sets = [];
    let isMatch = false;
    for (const index of seen) {
      const place = this.#graph[index];
      if (place?.op === "match") isMatch = true;
      else if (place?.op === "set") sets.push(index);
      else if (place?.op === "split") for (const to of place.to) seen.add(to);
      else if (place?.op === "assert" && holds(place.kind, before, after)) seen.add(place.to);
    }
    return { sets, isMatch };
  }

  /** @param {Place} place */
  #place(place) {
    if (this.#graph.length >= MAX_PLACES) throw new RegexError("The expression is too large: repeat fewer times.");
    return this.#graph.push(place) - 1;
  }

  /**
   * Adds the tree before a place; answers where it begins.
   * @param {Node} node
   * @param {number} to
   * @returns {number}
   */
  #add(node, to) {
    switch (node.type) {
      case "set":
        return this.#place({ op: "set", has: node.has, to });
      case "assert":
        return this.#place({ op: "assert", kind: node.kind, to });
      case "alt":
        return this.#place({ op: "split", to: node.parts.map((part) => this.#add(part, to)) });
      case "cat":
        return node.parts.reduceRight((next, part) => this.#add(part, next), to);
      case "repeat":
        return this.#repeat(node, to);
      default:
        throw new RegexError("The expression cannot be read.");
    }
  }

  /**
   * @param {Extract<Node, {type: "repeat"}>} node
   * @param {number} to
   */
  #repeat({ node, min, max }, to) {
    let next = to;
    if (max === Infinity) {
      /** @type {Extract<Place, {op: "split"}>} */
      const loop = { op: "split", to: [to] };
      next = this.#place(loop);
      loop.to.push(this.#add(node, next));
    } else {
      for (let times = min; times < max; times += 1)
        next = this.#place({ op: "split", to: [to, this.#add(node, next)] });
    }
    for (let times = 0; times < min; times += 1) next = this.#add(node, next);
    return next;
  }
}

/**
 * @param {string} kind
 * @param {number} before
 * @param {number} after
 */
function holds(kind, before, after) {
  if (kind === "start") return before === EDGE;
  if (kind === "end") return after === EDGE;
  const isEdge = (before === WORD) !== (after === WORD);
  return isEdge === (kind === "edge");
}

/** @param {number} code */
function kindOf(code) {
  const isWord = (code >= 48 && code <= 57) || (code >= 65 && code <= 90) || code === 95 || (code >= 97 && code <= 122);
  return isWord ? WORD : OTHER;
}
