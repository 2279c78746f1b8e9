/** A structured patch as rows of two columns, with the words that changed. Pure. */

/**
 * @typedef {{text: string, isChanged: boolean}} Segment
 * @typedef {{number: number, text: string, segments?: readonly Segment[], hasNoEnd?: boolean}} Line
 * @typedef {{kind: "same" | "changed", old?: Line, new?: Line, startsChange?: boolean}} Pair
 * @typedef {{kind: "skipped", old: number, new: number, lines: number | undefined}} Skipped lines that are the same; undefined: to the end
 *
 * @typedef {object} Hunk
 * @property {number} oldStart
 * @property {number} oldLines
 * @property {number} newStart
 * @property {number} newLines
 * @property {readonly string[]} lines
 * @property {readonly {value: string, added?: true, removed?: true}[]} [words]
 */

const CONTEXT = 3;

/**
 * Everything from the first line to the last; what hunks leave out are lines that are the same.
 * @param {readonly Hunk[]} hunks
 * @returns {Generator<Pair | Skipped, void, undefined>}
 */
export function* rowsOf(hunks) {
  let [old, fresh] = [1, 1];
  for (const hunk of hunks) {
    const lines = hunk.oldStart - old;
    if (lines > 0) yield { kind: "skipped", old, new: fresh, lines };
    yield* pairsOf(hunk);
    old = hunk.oldStart + hunk.oldLines;
    fresh = hunk.newStart + hunk.newLines;
  }
  const last = hunks.at(-1);
  if (last !== undefined && endsWithContext(last)) yield { kind: "skipped", old, new: fresh, lines: undefined };
}

/** A hunk that ends with all the context it may have may be followed by more. @param {Hunk} hunk */
function endsWithContext({ lines }) {
  const end = lines.slice(-CONTEXT);
  return end.length === CONTEXT && end.every((line) => line.startsWith(" "));
}

/** @param {Hunk} hunk @returns {Generator<Pair, void, undefined>} */
function* pairsOf(hunk) {
  const { lines } = hunk;
  const words = wordsOf(hunk);
  let [old, fresh] = [hunk.oldStart, hunk.newStart];
  for (let at = 0; at < lines.length;) {
    const removed = run(lines, at, "-");
    const added = run(lines, removed.end, "+");
    if (removed.texts.length + added.texts.length === 0) {
      const same = run(lines, at, " ", 1);
      at = Math.max(same.end, at + 1);
      const [text] = same.texts;
      if (text === undefined) continue;
      const line = { text, hasNoEnd: same.hasNoEnd };
      yield { kind: "same", old: { number: old, ...line }, new: { number: fresh, ...line } };
      old += 1;
      fresh += 1;
      continue;
    }
    at = added.end;
    const arePaired = removed.texts.length > 0 && added.texts.length > 0;
    const left = numbered(removed, old, arePaired ? words.old : undefined);
    const right = numbered(added, fresh, arePaired ? words.fresh : undefined);
    yield* sideBySide(left, right);
    old += left.length;
    fresh += right.length;
  }
}

/** @param {readonly Line[]} left @param {readonly Line[]} right @returns {Generator<Pair, void, undefined>} */
function* sideBySide(left, right) {
  for (let index = 0; index < Math.max(left.length, right.length); index += 1) {
    const [old, fresh] = [left[index], right[index]];
    yield {
      kind: "changed",
      startsChange: index === 0,
      ...(old !== undefined && { old }),
      ...(fresh !== undefined && { new: fresh }),
    };
  }
}

/**
 * Lines of one sign from a place on. The remark that a line has no end belongs to the one before it.
 * @param {readonly string[]} lines
 * @param {number} start
 * @param {string} sign
 * @param {number} [most]
 */
function run(lines, start, sign, most = Number.POSITIVE_INFINITY) {
  const texts = [];
  let hasNoEnd = false;
  let end = start;
  for (; end < lines.length; end += 1) {
    const line = lines[end] ?? "";
    if (line.startsWith("\\") && texts.length > 0) hasNoEnd = true;
    else if (line.startsWith(sign) && texts.length < most) texts.push(line.slice(1));
    else break;
  }
  return { texts, end, hasNoEnd };
}

/**
 * @param {ReturnType<typeof run>} lines
 * @param {number} first
 * @param {Generator<Segment[], undefined, undefined> | undefined} words
 * @returns {Line[]}
 */
function numbered({ texts, hasNoEnd }, first, words) {
  return texts.map((text, index) => {
    /** @type {Segment[] | undefined} */
    const segments = words?.next().value;
    const isLast = index === texts.length - 1;
    // Words that do not make up the line are none of it.
    const fits = segments !== undefined && segments.map((segment) => segment.text).join("") === text;
    return {
      number: first + index,
      text,
      ...(fits && { segments }),
      ...(isLast && hasNoEnd && { hasNoEnd }),
    };
  });
}

/** The changed words of a hunk, line after line, for either side. @param {Hunk} hunk */
function wordsOf({ words = [] }) {
  const old = words
    .filter(({ added }) => added !== true)
    .map(({ value, removed }) => ({ value, is: removed === true }));
  const fresh = words
    .filter(({ removed }) => removed !== true)
    .map(({ value, added }) => ({ value, is: added === true }));
  return { old: linesOf(old), fresh: linesOf(fresh) };
}

/** @param {readonly {value: string, is: boolean}[]} words @returns {Generator<Segment[], undefined, undefined>} */
function* linesOf(words) {
  /** @type {Segment[]} */
  let line = [];
  for (const { value, is } of words) {
    for (const [index, text] of value.split("\n").entries()) {
      if (index > 0) {
        yield line;
        line = [];
      }
      if (text !== "") line.push({ text, isChanged: is });
    }
  }
  return undefined;
}
