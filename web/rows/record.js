/** Fields of records, of which nothing is taken for granted: agents write them, and older versions did. */
import { isTime } from "../format.js";

/**
 * @param {unknown} value
 * @returns {Record<string, unknown>} empty where it is no object
 */
export function recordOf(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? /** @type {Record<string, unknown>} */ (value)
    : {};
}

/** @param {unknown} value @returns {unknown[]} */
export function listOf(value) {
  return Array.isArray(value) ? value : [];
}

/** @param {unknown} value @returns {number | undefined} */
export function numberOf(value) {
  return typeof value === "number" && Number.isFinite(value) ? value : undefined;
}

/** @param {unknown} value @returns {string | undefined} what is empty is none */
export function textOf(value) {
  return typeof value === "string" && value !== "" ? value : undefined;
}

/** @param {unknown} value @returns {string} empty for what is no text */
export function stringOf(value) {
  return typeof value === "string" ? value : "";
}

/** Ids were numbers once. @param {unknown} value @returns {string} */
export function idOf(value) {
  return typeof value === "number" ? String(value) : stringOf(value);
}

/** Under which names a record has its time; an older one has `ts`. */
const TIMES = ["timestamp", "ts"];

/**
 * Epoch ms; undefined for what is no moment that a date can have.
 * @param {unknown} row
 * @param {readonly string[]} [names] the first that is there counts
 * @returns {number | undefined}
 */
export function timeOf(row, names = TIMES) {
  const record = recordOf(row);
  const time = names.map((name) => record[name]).find((value) => value !== undefined && value !== null);
  return isTime(time) ? time : undefined;
}

/** The id of a thread, as it stands in a record or an address. @param {unknown} value @returns {number | undefined} */
export function threadIdOf(value) {
  const id = typeof value === "string" && /^\d{1,15}$/.test(value) ? Number(value) : value;
  return typeof id === "number" && Number.isSafeInteger(id) && id > 0 ? id : undefined;
}
