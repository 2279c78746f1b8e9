/** Taking lines along. */
import { h } from "../dom.js";

/** A line as it was written. @param {import("../api.js").Row} row */
export function writtenLine(row) {
  const { cursor: _cursor, raw, ...fields } = row;
  return typeof raw === "string" ? raw : JSON.stringify(fields);
}

/**
 * @param {import("../app.js").Context} context
 * @param {string} text
 * @param {string} what
 */
export async function copy({ announce, details }, text, what) {
  try {
    await navigator.clipboard.writeText(text);
    announce(`${what} is copied`);
  } catch {
    // Plain http under another name than localhost: the browser lets nobody at the clipboard.
    details.show(`${what}, to be copied`, [h("textarea", { "aria-label": what, readonly: true, rows: 8 }, text)]);
  }
}
