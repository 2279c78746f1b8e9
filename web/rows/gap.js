/** What is said where rows are missing. */
import { size } from "../format.js";

const REASONS = {
  slow: "this page could not keep up",
  rotated: "the file was rotated",
  truncated: "the file was cut",
  deleted: "the file was deleted",
};

/** @param {import("../api.js").Gap} gap */
export function gapText({ bytes, reason, from }) {
  const why = /** @type {Record<string, string>} */ (REASONS)[reason] ?? reason;
  const remedy = from === null ? "" : " Enter or a click loads what is there of them.";
  // 0: nobody can tell how many, and perhaps none.
  const what = bytes > 0 ? `Rows are missing here (${size(bytes)})` : "Rows may be missing here";
  return `${what}: ${why}.${remedy}`;
}
