/** Prompts as the log has them, without their texts: whatever stands in a line, these fields are of these types. */
import { idOf, numberOf, stringOf, timeOf } from "../rows/record.js";

/**
 * @typedef {import("../api.js").Row} Row
 * @typedef {object} Prompt
 * @property {string} cursor
 * @property {number | undefined} time
 * @property {number | undefined} threadId
 * @property {string} messageId
 * @property {string} sessionId
 * @property {string} model
 * @property {number | undefined} length
 * @property {boolean} hasHistory
 * @property {number | undefined} historyLines
 */

/** @type {WeakMap<Row, Prompt>} */
const known = new WeakMap();

/** @param {Row} row @returns {Prompt} */
export function promptOf(row) {
  const there = known.get(row);
  if (there !== undefined) return there;
  const length = numberOf(row["promptLength"]);
  const made = {
    cursor: row.cursor,
    time: timeOf(row),
    threadId: numberOf(row["threadId"]),
    messageId: idOf(row["messageId"]),
    sessionId: stringOf(row["sessionId"]),
    model: stringOf(row["model"]),
    length: length === undefined || length < 0 ? undefined : length,
    hasHistory: row["historyInjected"] === true,
    historyLines: numberOf(row["historyLines"]),
  };
  known.set(row, made);
  return made;
}
