/**
 * What an agent did for one message, put together from the rows of `activity.jsonl`:
 * turn_start, then tool_start, tool_end, text and error in any number, then turn_end, or an error that bears its length.
 */
import { asText } from "../format.js";
import { numberOf, recordOf, textOf, timeOf } from "./record.js";

/**
 * @typedef {object} Step
 * @property {"tool" | "text" | "error"} kind
 * @property {string} name
 * @property {string} detail what was asked, or said
 * @property {string} [id]
 * @property {number} [at] epoch ms
 * @property {number} [ms] how long it took; undefined while it runs
 * @property {string} [result]
 * @property {boolean} [isOver]
 *
 * @typedef {object} End
 * @property {number} [at]
 * @property {number} [ms]
 * @property {number} [costUsd]
 * @property {Record<string, unknown>} usage
 * @property {string} [failure]
 *
 * @typedef {object} Turn
 * @property {string} messageId
 * @property {number | undefined} [startedAt]
 * @property {number | undefined} [lastAt] when something was last heard of it
 * @property {string | undefined} [model]
 * @property {Step[]} steps
 * @property {End} [end]
 */

/** @param {string} messageId @returns {Turn} */
export function newTurn(messageId) {
  return { messageId, steps: [] };
}

/** A row of the turn's message, in their order. @param {Turn} turn @param {Record<string, unknown>} row */
export function addActivity(turn, row) {
  turn.lastAt = timeOf(row) ?? turn.lastAt;
  const { kind } = row;
  if (kind === "turn_start") begin(turn, row);
  else if (kind === "tool_start") turn.steps.push({ ...step("tool", row), name: asText(row["tool"]) || "tool" });
  else if (kind === "tool_end") endTool(turn, row);
  else if (kind === "text") turn.steps.push({ ...step("text", row), isOver: true });
  else if (kind === "turn_end" || (kind === "error" && numberOf(row["ms"]) !== undefined)) endTurn(turn, row);
  else if (kind === "error") turn.steps.push({ ...step("error", row), isOver: true });
}

/**
 * A turn that began anew after a failure goes on where that one was: both are shown as one.
 * @param {Turn} turn
 * @param {Record<string, unknown>} row
 */
function begin(turn, row) {
  turn.startedAt ??= timeOf(row);
  turn.model = textOf(row["detail"]) ?? turn.model;
  delete turn.end;
}

/** @param {Step["kind"]} kind @param {Record<string, unknown>} row @returns {Step} */
function step(kind, row) {
  const at = timeOf(row);
  const id = textOf(row["toolUseId"]);
  return {
    kind,
    name: kind === "text" ? "said" : kind,
    detail: asText(row["detail"]),
    ...(at && { at }),
    ...(id && { id }),
  };
}

/** @param {Turn} turn @param {Record<string, unknown>} row */
function endTool(turn, row) {
  const id = textOf(row["toolUseId"]);
  let found = turn.steps.findLast((one) => one.kind === "tool" && one.isOver !== true && one.id === id);
  if (found === undefined) {
    // Its beginning lies before what was read.
    found = { ...step("tool", row), name: asText(row["tool"]) || "tool", detail: "" };
    turn.steps.push(found);
  }
  found.isOver = true;
  found.result = asText(row["detail"]);
  const ms = numberOf(row["ms"]);
  if (ms !== undefined) found.ms = ms;
}

/** @param {Turn} turn @param {Record<string, unknown>} row */
function endTurn(turn, row) {
  const [at, ms, costUsd] = [timeOf(row), numberOf(row["ms"]), numberOf(row["costUsd"])];
  const detail = textOf(row["detail"]);
  const failed = row["kind"] === "error" || detail?.startsWith("aborted") === true;
  turn.end = {
    usage: recordOf(row["usage"]),
    ...(at !== undefined && { at }),
    ...(ms !== undefined && { ms }),
    ...(costUsd !== undefined && { costUsd }),
    ...(failed && { failure: detail ?? "failed" }),
  };
  for (const one of turn.steps) one.isOver = true;
}
