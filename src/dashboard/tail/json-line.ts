/** A line where it lies between others, as UTF-8 without its end. Nobody writes to the bytes any more. */
export interface LineBytes {
  readonly block: Buffer;
  readonly from: number;
  readonly to: number;
}

/** A member that is there, and whose value takes parsing. */
export const UNTOLD = Symbol("to be parsed");

/** Members that are told apart; and how deep values may be nested. */
const MOST_MEMBERS = 64;
const MOST_DEPTH = 32;
/** Of a member: `keyOf` its name and where that begins, after the quote; where its value begins and ends. */
const SPAN = 4;

/** A whole number of so many digits is what its digits add up to. */
const EXACT_DIGITS = 15;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const MINUS = 0x2d;
const PLUS = 0x2b;
const POINT = 0x2e;
const ZERO = 0x30;
const NINE = 0x39;
const SMALL_U = 0x75;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;

/** Bytes that stand for themselves within a string; what follows the end of a line, a newline, is none. */
const PLAIN = tableOf((byte) => byte >= 0x20 && byte !== QUOTE && byte !== BACKSLASH);
const ONES = 0x01010101;
const CONTROLS = 0x20202020;
const HIGH_BITS = 0x80808080;
const NO_WORDS = new Int32Array(0);
const ESCAPED = tableOf((byte) => '"\\/bfnrt'.includes(String.fromCharCode(byte)));
const HEX = tableOf((byte) => /[0-9a-fA-F]/.test(String.fromCharCode(byte)));
const WORDS = new Map(["true", "false", "null"].map((word) => [word.charCodeAt(0), Buffer.from(word)]));
/** What a value is called by its first byte, where it needs no parsing. */
const CONSTANTS: Readonly<Record<string, boolean | null>> = { t: true, f: false, n: null };

/**
 * Looks through lines without making anything of them: many thousands a second pass, and to parse each leaves the
 * collector as much to do as all the rest. It knows objects as our own programs write them: without spaces between the
 * parts and escapes in the names of members, with at least one and no more than 64 of them, nested no deeper than 32.
 * What it takes for an object, `JSON.parse` does too, with the same members; of anything else it tells nothing.
 */
export class JsonLine {
  #line: LineBytes | undefined;
  #isObject = false;
  #block: Buffer | undefined;
  /** Of the block, if it lies so that there are any. */
  #words: Int32Array = NO_WORDS;
  readonly #spans = new Int32Array(MOST_MEMBERS * SPAN);
  #members = 0;

  /** Whether the line is such an object; `member` then tells of it. Asked again for the same line it need not look. */
  read(line: LineBytes): boolean {
    if (this.#line === line) return this.#isObject;
    this.#line = line;
    this.#members = 0;
    const { block, from, to } = line;
    if (this.#block !== block) this.#words = wordsOf(block);
    this.#block = block;
    this.#isObject = block[from] === OPEN_OBJECT && this.#top(block, from) === to;
    return this.#isObject;
  }

  /** A member of the line read last: a text without escapes, a number, true, false or null; undefined: it has none. */
  member(name: string): string | number | boolean | null | undefined | typeof UNTOLD {
    const block = this.#block;
    const n = block === undefined ? -1 : this.#find(block, name);
    return block === undefined || n < 0 ? undefined : valueOf(block, this.#spans[n + 2] ?? 0, this.#spans[n + 3] ?? 0);
  }

  /** Whether the member is the text, which is ASCII, of the line read last. */
  holds(name: string, text: string): boolean | typeof UNTOLD {
    const block = this.#block;
    const n = block === undefined ? -1 : this.#find(block, name);
    if (block === undefined || n < 0) return false;
    const from = this.#spans[n + 2] ?? 0;
    const to = this.#spans[n + 3] ?? 0;
    if (block[from] !== QUOTE) return false;
    if (to - from - 2 === text.length && isText(block, from + 1, text)) return true;
    return plainEnd(block, from) === to ? false : UNTOLD;
  }

  /** Where its span is; negative: there is none. Of two of one name the last counts. */
  #find(block: Buffer, name: string): number {
    const spans = this.#spans;
    const key = keyOf(name.length, name.charCodeAt(0), name.charCodeAt(name.length - 1));
    let n = (this.#members - 1) * SPAN;
    while (n >= 0 && !(spans[n] === key && isName(block, spans[n + 1] ?? 0, name))) n -= SPAN;
    return n;
  }

  /** The index after the object; -1: it is none that is known here. No value reaches beyond the end of a line. */
  #top(block: Buffer, from: number): number {
    let at = from;
    do {
      if (this.#members === MOST_MEMBERS) return -1;
      const nameEnd = plainEnd(block, at + 1);
      if (nameEnd === -1 || block[nameEnd] !== COLON) return -1;
      const end = valueEnd(block, this.#words, nameEnd + 1, MOST_DEPTH);
      if (end === -1) return -1;
      const spans = this.#spans;
      const n = this.#members * SPAN;
      spans[n] = keyOf(nameEnd - at - 3, block[at + 2] ?? 0, block[nameEnd - 2] ?? 0);
      spans[n + 1] = at + 2;
      spans[n + 2] = nameEnd + 1;
      spans[n + 3] = end;
      this.#members += 1;
      at = end;
    } while (block[at] === COMMA);
    return block[at] === CLOSE_OBJECT ? at + 1 : -1;
  }
}

/** All of these answer the index after what they are to find at `at`, or -1. */
function valueEnd(block: Buffer, words: Int32Array, at: number, depth: number): number {
  const byte = block[at] ?? 0;
  if (byte === QUOTE) return stringEnd(block, words, at);
  if (byte === MINUS || isDigit(byte)) return numberEnd(block, at);
  if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) return depth === 0 ? -1 : nestedEnd(block, words, at, depth - 1);
  const word = WORDS.get(byte);
  return word?.equals(block.subarray(at, at + word.length)) === true ? at + word.length : -1;
}

function nestedEnd(block: Buffer, words: Int32Array, from: number, depth: number): number {
  const isObject = block[from] === OPEN_OBJECT;
  const close = isObject ? CLOSE_OBJECT : CLOSE_ARRAY;
  if (block[from + 1] === close) return from + 2;
  let at = from;
  do {
    at += 1;
    if (isObject) {
      at = block[at] === QUOTE ? stringEnd(block, words, at) : -1;
      if (at === -1 || block[at] !== COLON) return -1;
      at += 1;
    }
    at = valueEnd(block, words, at, depth);
    if (at === -1) return -1;
  } while (block[at] === COMMA);
  return block[at] === close ? at + 1 : -1;
}

function stringEnd(block: Buffer, words: Int32Array, from: number): number {
  for (let at = from + 1; ;) {
    at = pastPlainWords(block, words, at);
    if (block[at] === QUOTE) return at + 1;
    if (block[at] !== BACKSLASH) return -1;
    const escape = block[at + 1] ?? 0;
    if (ESCAPED[escape] === 1) at += 2;
    else if (escape === SMALL_U && areHex(block, at + 2)) at += 6;
    else return -1;
  }
}

/** Of a string without escapes. */
function plainEnd(block: Buffer, from: number): number {
  if (block[from] !== QUOTE) return -1;
  const at = pastPlain(block, from + 1);
  return block[at] === QUOTE ? at + 1 : -1;
}

/** What lies behind the block is not plain. */
function pastPlain(block: Buffer, from: number): number {
  let at = from;
  while (PLAIN[block[at] ?? 0] === 1) at += 1;
  return at;
}

/** As `pastPlain`, four bytes at a time: most of a line goes by here. */
function pastPlainWords(block: Buffer, words: Int32Array, from: number): number {
  let at = from;
  for (; (at & 3) !== 0; at += 1) if (PLAIN[block[at] ?? 0] !== 1) return at;
  let n = at >> 2;
  while (arePlain(words[n] ?? 0)) n += 1;
  return pastPlain(block, n << 2);
}

/** None of four bytes is a quote, a backslash or below 0x20: none becomes 0, or less than 0, while its high bit is clear. */
function arePlain(word: number): boolean {
  const quote = word ^ 0x22222222;
  const backslash = word ^ 0x5c5c5c5c;
  const found = ((quote - ONES) & ~quote) | ((backslash - ONES) & ~backslash) | ((word - CONTROLS) & ~word);
  return (found & HIGH_BITS) === 0;
}

function wordsOf({ buffer, byteOffset, length }: Buffer): Int32Array {
  return byteOffset % 4 === 0 ? new Int32Array(buffer, byteOffset, length >> 2) : NO_WORDS;
}

/** Of a name; names of one key are told apart by all of their letters and their end. */
function keyOf(length: number, first: number, last: number): number {
  return length === 0 ? 0 : (length << 16) | (first << 8) | last;
}

function areHex(block: Buffer, from: number): boolean {
  for (let at = from; at < from + 4; at += 1) if (HEX[block[at] ?? 0] !== 1) return false;
  return true;
}

function numberEnd(block: Buffer, from: number): number {
  let at = block[from] === MINUS ? from + 1 : from;
  at = block[at] === ZERO ? at + 1 : digitsEnd(block, at);
  if (at !== -1 && block[at] === POINT) at = digitsEnd(block, at + 1);
  if (at === -1 || ((block[at] ?? 0) | 0x20) !== 0x65) return at;
  const sign = block[at + 1];
  return digitsEnd(block, sign === PLUS || sign === MINUS ? at + 2 : at + 1);
}

/** Of one digit at least. */
function digitsEnd(block: Buffer, from: number): number {
  let at = from;
  while (isDigit(block[at] ?? 0)) at += 1;
  return at === from ? -1 : at;
}

function isDigit(byte: number): boolean {
  return byte >= ZERO && byte <= NINE;
}

/** `text` is ASCII. */
function isText(block: Buffer, from: number, text: string): boolean {
  for (let n = 0; n < text.length; n += 1) if (block[from + n] !== text.charCodeAt(n)) return false;
  return true;
}

function isName(block: Buffer, from: number, name: string): boolean {
  return isText(block, from, name) && block[from + name.length] === QUOTE;
}

function valueOf(block: Buffer, from: number, to: number): ReturnType<JsonLine["member"]> {
  const byte = block[from];
  if (byte === QUOTE) return plainEnd(block, from) === to ? block.toString("utf8", from + 1, to - 1) : UNTOLD;
  if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) return UNTOLD;
  if (digitsEnd(block, from) === to && to - from <= EXACT_DIGITS) return wholeNumber(block, from, to);
  const text = block.toString("latin1", from, to);
  const constant = CONSTANTS[text.charAt(0)];
  return constant === undefined ? Number(text) : constant;
}

function wholeNumber(block: Buffer, from: number, to: number): number {
  let number = 0;
  for (let at = from; at < to; at += 1) number = number * 10 + (block[at] ?? 0) - ZERO;
  return number;
}

function tableOf(test: (byte: number) => boolean): Uint8Array {
  return Uint8Array.from({ length: 256 }, (_, byte) => (test(byte) ? 1 : 0));
}
