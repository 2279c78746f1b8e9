/**
 * The language that logs are searched with: words, "a phrase", /an expression/i, level:>=warn, thread:5, messageId:u7,
 * since:15m; each of them with - before it for lines without. All of them must be true of a line.
 */
import { Regex } from "./regex.js";

/**
 * What of a line is searched. `level`: pino's number.
 * @typedef {{text: string, level?: number, threadId?: unknown, messageId?: unknown, time?: number}} Line
 * @typedef {[from: number, to: number]} Range
 * @typedef {{isNegated: boolean, test: (line: Line) => boolean, ranges?: (text: string) => Range[],
 *   server?: Record<string, (string | number)[]>, words?: readonly string[], isExact?: boolean, phrase?: string}} Term
 * `server`: what the server is asked for, that at least those lines come. `isExact`: and no others.
 *
 * @typedef {object} Query
 * @property {boolean} isEmpty
 * @property {string} error what is wrong with it; empty: nothing
 * @property {(line: Line) => boolean} test
 * @property {(text: string) => Range[]} ranges what is to be marked
 * @property {Record<string, unknown>} server the server's filter: the lines that are meant, and maybe more
 * @property {boolean} isExact whether the server's filter says all
 * @property {number | undefined} since epoch ms
 * @property {string} phrase the longest text that is looked for
 */

export const LEVELS = /** @type {const} */ ([
  [10, "trace"],
  [20, "debug"],
  [30, "info"],
  [40, "warn"],
  [50, "error"],
  [60, "fatal"],
]);
const TOKEN = /(-?)(?:\/((?:[^/\\]|\\.)+)\/(i?)(?=\s|$)|([a-zA-Z]+):("[^"]*"?|\S+)|"([^"]*)"?|(\S+))/g;
const UNITS = /** @type {const} */ ({ s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 });
/** Stretches of text that a line of JSON holds just as it is shown. */
const PLAIN = /[\w.@-]{2,}/g;
const LONGEST_REGEX_TEXT = 16_384;

/** What is wrong with a search, for the reader. */
class QueryError extends Error {}

/**
 * @param {string} text
 * @param {number} [now] epoch ms, for since
 * @returns {Query}
 */
export function parseQuery(text, now = Date.now()) {
  /** @type {Term[]} */
  const terms = [];
  let since;
  let error = "";
  for (const token of text.matchAll(TOKEN)) {
    try {
      const [, minus, , , name = "", value = ""] = token;
      if (name.toLowerCase() === "since" && minus === "") since = startOf(unquoted(value), now);
      else terms.push(termOf(token));
    } catch (reason) {
      error ||= reason instanceof Error ? reason.message : String(reason);
    }
  }
  const [phrase = ""] = terms
    .filter(({ isNegated }) => !isNegated)
    .flatMap((term) => term.phrase ?? [])
    .sort((a, b) => b.length - a.length);
  return { ...queryOf(terms, since), error, since, phrase };
}

/** @param {RegExpMatchArray} token @returns {Term} */
function termOf([, minus, regex, flags, name = "", value = "", quoted, word]) {
  const isNegated = minus === "-";
  if (regex !== undefined) return regexTerm(regex, flags === "i", isNegated);
  const field = FIELDS[name.toLowerCase()];
  if (field !== undefined) return field(unquoted(value), isNegated);
  return textTerm(quoted ?? word ?? `${name}:${unquoted(value)}`, isNegated);
}

/**
 * @param {readonly Term[]} terms
 * @param {number | undefined} since
 */
function queryOf(terms, since) {
  const marking = terms.filter(({ isNegated, ranges }) => !isNegated && ranges !== undefined);
  return {
    isEmpty: terms.length === 0 && since === undefined,
    test: (/** @type {Line} */ line) =>
      (since === undefined || (line.time ?? 0) >= since) &&
      terms.every(({ isNegated, test }) => test(line) !== isNegated),
    ranges: (/** @type {string} */ text) => joined(marking.flatMap((term) => term.ranges?.(text) ?? [])),
    server: serverFilter(terms),
    isExact: since === undefined && terms.every(({ isExact }) => isExact === true),
  };
}

/** @param {readonly Term[]} terms */
function serverFilter(terms) {
  /** @type {Record<string, unknown>} */
  const filter = {};
  const wanted = terms.filter(({ isNegated }) => !isNegated);
  // A name twice, as in thread:5 thread:6, is of no line: the page finds that out itself.
  for (const { server = {} } of wanted) for (const [name, values] of Object.entries(server)) filter[name] ??= values;
  const [longest] = wanted.flatMap(({ words = [] }) => words).sort((a, b) => b.length - a.length);
  if (longest !== undefined) filter["q"] = longest.slice(0, 400);
  return filter;
}

/** @type {Record<string, (value: string, isNegated: boolean) => Term>} */
const FIELDS = {
  level: levelTerm,
  thread: (value, isNegated) => {
    const ids = value.split(",").map(Number);
    if (!ids.every((id) => Number.isSafeInteger(id) && id > 0)) throw new QueryError(`thread:${value} is no number.`);
    const test = (/** @type {Line} */ { threadId }) => ids.includes(Number(threadId ?? 0));
    return { isNegated, test, server: { threadId: ids }, isExact: !isNegated };
  },
  messageid: (value, isNegated) => {
    const ids = value.split(",");
    const test = (/** @type {Line} */ { messageId }) =>
      (typeof messageId === "string" || typeof messageId === "number") && ids.includes(String(messageId));
    const server = { messageId: ids.flatMap((id) => (/^\d{1,15}$/.test(id) ? [id, Number(id)] : [id])) };
    return { isNegated, test, server, isExact: !isNegated };
  },
};

/**
 * @param {string} value `error`, `warn,error`, `>=warn`
 * @param {boolean} isNegated
 * @returns {Term}
 */
function levelTerm(value, isNegated) {
  const [, sign = "", names = ""] = /^(>=|<=|>|<|)(.*)$/.exec(value.toLowerCase()) ?? [];
  const limits = names.split(",").map(levelOf);
  const [limit = 0] = limits;
  /** @type {Record<string, (level: number) => boolean>} */
  const signs = {
    ">=": (level) => level >= limit,
    "<=": (level) => level <= limit,
    ">": (level) => level > limit,
    "<": (level) => level < limit,
    "": (level) => limits.some((one) => one === level),
  };
  const fits = signs[sign] ?? (() => false);
  const known = LEVELS.filter(([level]) => fits(level)).flatMap(([level, name]) => [level, name]);
  if (known.length === 0)
    throw new QueryError(`level:${value} is no level: ${LEVELS.map(([, name]) => name).join(", ")}.`);
  const test = (/** @type {Line} */ { level }) => level !== undefined && fits(level);
  return { isNegated, test, server: { level: known }, isExact: !isNegated };
}

/** @param {string} name */
function levelOf(name) {
  const found = LEVELS.find(
    ([level, known]) => known === name || String(level) === name || (name === "warning" && level === 40),
  );
  if (found === undefined)
    throw new QueryError(`level:${name} is no level: ${LEVELS.map(([, known]) => known).join(", ")}.`);
  return found[0];
}

/**
 * @param {string} text
 * @param {boolean} isNegated
 * @returns {Term}
 */
function textTerm(text, isNegated) {
  const needle = text.toLowerCase();
  const words = text.match(PLAIN) ?? [];
  return {
    isNegated,
    test: (line) => line.text.toLowerCase().includes(needle),
    ranges: (shown) => occurrences(shown, needle),
    words,
    phrase: text,
    isExact: !isNegated && words.length === 1 && words[0] === text,
  };
}

/**
 * @param {string} source
 * @param {boolean} ignoreCase
 * @param {boolean} isNegated
 * @returns {Term}
 */
function regexTerm(source, ignoreCase, isNegated) {
  const regex = new Regex(source, ignoreCase);
  return {
    isNegated,
    test: ({ text }) => regex.test(text.slice(0, LONGEST_REGEX_TEXT)),
    ranges: (shown) => regex.ranges(shown),
  };
}

/**
 * @param {string} text
 * @param {string} needle in lower case
 */
function occurrences(text, needle) {
  const lower = text.toLowerCase();
  /** @type {Range[]} */
  const found = [];
  // A few letters have another length in lower case: then the places would be wrong.
  if (needle === "" || lower.length !== text.length) return found;
  for (let at = lower.indexOf(needle); at !== -1 && found.length < 50; at = lower.indexOf(needle, at + needle.length)) {
    found.push([at, at + needle.length]);
  }
  return found;
}

/** In order, and without overlap. @param {Range[]} ranges */
function joined(ranges) {
  /** @type {Range[]} */
  const all = [];
  for (const [from, to] of ranges.sort(([a], [b]) => a - b)) {
    const last = all.at(-1);
    if (last !== undefined && from <= last[1]) last[1] = Math.max(last[1], to);
    else all.push([from, to]);
  }
  return all;
}

/**
 * `15m`, `2h`, `14:30`, `2026-11-22`, `2026-11-22T14:30`, in the reader's own zone.
 * @param {string} value
 * @param {number} now
 */
function startOf(value, now) {
  const [, amount, unit] = /^(\d{1,6})([smhd])$/.exec(value) ?? [];
  if (amount !== undefined) return now - Number(amount) * UNITS[/** @type {keyof typeof UNITS} */ (unit)];
  const [, hours, minutes] = /^(\d{1,2}):(\d{2})$/.exec(value) ?? [];
  if (hours !== undefined) return new Date(now).setHours(Number(hours), Number(minutes), 0, 0);
  const time = /^\d{4}-\d{2}-\d{2}$/.test(value) ? Date.parse(`${value}T00:00`) : Date.parse(value);
  if (!/^\d{4}-/.test(value) || Number.isNaN(time))
    throw new QueryError(`since:${value} is no time: 15m, 2h, 14:30, 2026-01-31.`);
  return time;
}

/** @param {string} value */
function unquoted(value) {
  return value.startsWith('"') ? value.replace(/^"|"$/g, "") : value;
}
