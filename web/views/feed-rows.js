/** How a row of the feed looks. */
import { fill, h } from "../dom.js";
import { oneLine } from "../format.js";
import { go, link } from "../route.js";
import { directionMark, modelBadge, sourceBadge, timeTag } from "../rows/badges.js";
import { gapText } from "../rows/gap.js";
import { bodyOf } from "../rows/message.js";
import { modelClass } from "../rows/models.js";
import { threadIdOf, timeOf } from "../rows/record.js";
import { threadName } from "../rows/threads.js";

export const ROW_HEIGHT = 24;
/** Two lines, where there is no room for one. */
export const TALL_ROW_HEIGHT = 46;
const PREVIEW = 200;

/**
 * @param {import("../row-window.js").Item} item
 * @param {HTMLElement} element
 * @param {any} status
 */
export function drawItem({ row, gap }, element, status) {
  if (gap !== undefined) {
    element.classList.add("gap");
    fill(element, h("span", { class: "text" }, gapText(gap)));
  } else if (row !== undefined) {
    drawRow(row, element, status);
  }
}

/**
 * @param {import("../api.js").Row} row
 * @param {HTMLElement} element
 * @param {any} status
 */
function drawRow(row, element, status) {
  const { direction, model } = row;
  if (direction === "in" || direction === "out") element.classList.add(`is-${direction}`);
  if (modelClass(model) !== "") element.classList.add(`of-${modelClass(model)}`);
  fill(
    element,
    h("span", { class: "when" }, timeTag(timeOf(row))),
    directionMark(direction),
    threadPart(row["threadId"], status),
    h("span", { class: "who" }, oneLine(row["sender"] ?? (row["raw"] === undefined ? "" : "no record"), 40)),
    h("span", { class: "badges" }, modelBadge(model), sourceBadge(row["source"])),
    h("span", { class: "text" }, oneLine(bodyOf(row), PREVIEW)),
  );
}

/**
 * A link for the mouse; an option of a list may hold no other control: by keyboard `t` goes there.
 * @param {unknown} threadId
 * @param {any} status
 */
function threadPart(threadId, status) {
  const id = threadIdOf(threadId);
  if (id === undefined) return h("span", { class: "where" });
  const open = (/** @type {MouseEvent} */ event) => {
    event.stopPropagation();
    go(link("thread", id));
  };
  const name = threadName(status, id);
  return h("span", { class: "where", title: `To the thread ${name} (t)`, onclick: open }, `#${name}`);
}
