/** What a record says, as pairs of a name and what stands there. */
import { h } from "../dom.js";
import { oneLine } from "../format.js";
import { link } from "../route.js";
import { timeTag } from "./badges.js";

/** @typedef {[name: string, value: import("../dom.js").Child | import("../dom.js").Child[]]} Field */

/** @param {readonly Field[]} fields */
export function fieldList(fields) {
  return h("dl", {}, ...fieldPairs(fields));
}

/** What stands in such a list; a field without a value is left out. @param {readonly Field[]} fields */
export function fieldPairs(fields) {
  const there = fields.filter(([, value]) => value !== undefined && value !== "");
  return there.flatMap(([name, value]) => [h("dt", {}, name), h("dd", {}, value)]);
}

/**
 * When it was, and in which thread.
 * @param {{time: number | undefined, threadId: number | undefined}} record
 * @param {string} name the thread's
 * @returns {Field[]}
 */
export function placeFields({ time, threadId }, name) {
  const thread = threadId === undefined ? "–" : h("a", { href: link("thread", threadId) }, `#${oneLine(name, 80)}`);
  return [
    ["Time", timeTag(time)],
    ["Thread", thread],
  ];
}
