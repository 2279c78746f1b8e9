/** Decisions as the log has them: whatever stands in a line, these fields are of the types that they say, or missing. */

/**
 * @typedef {import("../api.js").Row} Row
 *
 * @typedef {object} Dimension
 * @property {string} name
 * @property {number | undefined} score
 * @property {number | undefined} weight
 * @property {number | undefined} pull score × weight
 * @property {string} signal
 *
 * @typedef {object} Decision
 * @property {string} cursor
 * @property {number | undefined} time
 * @property {number | undefined} threadId
 * @property {string} messageId
 * @property {string | undefined} input
 * @property {number | undefined} tokens
 * @property {number | undefined} score
 * @property {number | undefined} confidence
 * @property {string} tier
 * @property {string} model the tier's
 * @property {string} effectiveModel the one that ran
 * @property {boolean} replyUpgrade
 * @property {string} reason
 * @property {string | undefined} raw a line that is no record
 */

/** @type {WeakMap<Row, Decision>} */
const known = new WeakMap();

/** @param {Row} row @returns {Decision} */
export function decisionOf(row) {
  const there = known.get(row);
  if (there !== undefined) return there;
  const made = {
    cursor: row.cursor,
    time: timeOf(row),
    threadId: number(row["threadId"]),
    messageId: idOf(row["messageId"]),
    input: typeof row["input"] === "string" ? row["input"] : undefined,
    tokens: number(row["tokens"]),
    score: number(row["score"]),
    confidence: number(row["confidence"]),
    tier: text(row["tier"]),
    model: text(row["model"]),
    effectiveModel: text(row["effectiveModel"]) || text(row["model"]),
    replyUpgrade: row["replyUpgrade"] === true,
    reason: text(row["reason"]),
    raw: typeof row["raw"] === "string" && row["timestamp"] === undefined ? row["raw"] : undefined,
  };
  known.set(row, made);
  return made;
}

/**
 * In the order of the record.
 * @param {unknown} dimensions as a record has them
 * @returns {Dimension[]}
 */
export function dimensionsOf(dimensions) {
  if (typeof dimensions !== "object" || dimensions === null) return [];
  return Object.entries(dimensions).map(([name, value]) => {
    const { score, weight, signal } = /** @type {Record<string, unknown>} */ (Object(value));
    const [s, w] = [number(score), number(weight)];
    return {
      name,
      score: s,
      weight: w,
      pull: s === undefined || w === undefined ? undefined : s * w,
      signal: text(signal),
    };
  });
}

/** Farther from 1970 there is no date. */
const FARTHEST_MS = 8.64e15;

/** Epoch ms; older records have `ts`. @param {Row} row */
export function timeOf(row) {
  const time = number(row["timestamp"]) ?? number(row["ts"]);
  return time !== undefined && Math.abs(time) <= FARTHEST_MS ? time : undefined;
}

/** @param {unknown} value @returns {number | undefined} */
export function number(value) {
  return typeof value === "number" && Number.isFinite(value) ? value : undefined;
}

/** @param {unknown} value @returns {string} */
export function text(value) {
  return typeof value === "string" ? value : "";
}

/** Ids were numbers once. @param {unknown} value @returns {string} */
export function idOf(value) {
  return typeof value === "number" ? String(value) : text(value);
}
