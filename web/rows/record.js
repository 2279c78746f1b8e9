/** Fields of records, of which nothing is taken for granted: agents write them, and older versions did. */

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

/** Epoch ms; an older record has `ts`. @param {unknown} row @returns {number | undefined} */
export function timeOf(row) {
  const { timestamp, ts } = recordOf(row);
  return numberOf(timestamp ?? ts);
}

/** The id of a thread, as it stands in a record or an address. @param {unknown} value @returns {number | undefined} */
export function threadIdOf(value) {
  const id = typeof value === "string" && /^\d{1,15}$/.test(value) ? Number(value) : value;
  return typeof id === "number" && Number.isSafeInteger(id) && id > 0 ? id : undefined;
}
