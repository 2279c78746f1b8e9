/** Decisions as the log has them: whatever stands in a line, these fields are of the types that they say, or missing. */
import { idOf, numberOf, stringOf, timeOf } from "../rows/record.js";

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
    threadId: numberOf(row["threadId"]),
    messageId: idOf(row["messageId"]),
    input: typeof row["input"] === "string" ? row["input"] : undefined,
    tokens: numberOf(row["tokens"]),
    score: numberOf(row["score"]),
    confidence: numberOf(row["confidence"]),
    tier: stringOf(row["tier"]),
    model: stringOf(row["model"]),
    effectiveModel: stringOf(row["effectiveModel"]) || stringOf(row["model"]),
    replyUpgrade: row["replyUpgrade"] === true,
    reason: stringOf(row["reason"]),
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
    const [s, w] = [numberOf(score), numberOf(weight)];
    return {
      name,
      score: s,
      weight: w,
      pull: s === undefined || w === undefined ? undefined : s * w,
      signal: stringOf(signal),
    };
  });
}
