/** One message whole, and where else there is something about it. */
import { h } from "../dom.js";
import { asText, oneLine } from "../format.js";
import { link } from "../route.js";
import { modelBadge, quietTierBadge, sourceBadge, timeTag } from "./badges.js";
import { fieldList } from "./fields.js";
import { unfoldable } from "./long-text.js";
import { textOf, threadIdOf, timeOf } from "./record.js";
import { threadLink } from "./threads.js";

/** @typedef {import("../api.js").Row} Row */

/** What was said; of a line that is no record, the line. @param {Row} row */
export function bodyOf(row) {
  return asText(row["message"] ?? row["raw"]);
}

/** The same message in other views. @param {Row} row @returns {HTMLElement[]} */
export function messageLinks({ messageId, cursor, threadId }) {
  const thread = threadIdOf(threadId);
  const links = thread === undefined ? [] : [h("a", { href: link("thread", thread, { at: cursor }) }, "In its thread")];
  if (typeof messageId !== "string" || messageId === "") return links;
  return [
    ...links,
    h("a", { href: link("routing", "", { messageId }) }, "Routing decision"),
    h("a", { href: link("prompts", "", { messageId }) }, "Prompt"),
  ];
}

/**
 * Its fields, in pairs of a name and what stands there; what is missing is left out.
 * @param {Row} row
 * @param {any} status
 */
export function messageFields(row, status) {
  /** @type {import("./fields.js").Field[]} */
  const fields = [
    ["Time", timeTag(timeOf(row))],
    ["Thread", row["threadId"] === undefined ? undefined : threadLink(status, row["threadId"])],
    ["From thread", row["sourceThreadId"] === undefined ? undefined : threadLink(status, row["sourceThreadId"])],
    ["Direction", textOf(row["direction"]) && oneLine(row["direction"], 20)],
    ["Sender", textOf(row["sender"]) && oneLine(row["sender"], 80)],
    ["Channel", textOf(row["channel"]) && oneLine(row["channel"], 40)],
    ["Source", sourceBadge(row["source"])],
    ["Model", modelBadge(row["model"])],
    ["Tier", quietTierBadge(row["tier"])],
    ["Message id", textOf(row["messageId"]) && h("code", {}, oneLine(row["messageId"], 120))],
    ["Session", textOf(row["sessionId"]) && h("code", {}, oneLine(row["sessionId"], 80))],
    ["Replies to", textOf(row["replyTo"]) && oneLine(row["replyTo"], 300)],
  ];
  return fieldList(fields);
}

/** For the panel of details. @param {Row} row @param {any} status */
export function messageDetails(row, status) {
  const isRecord = row["raw"] === undefined;
  return [
    isRecord ? messageFields(row, status) : h("p", { class: "warn" }, "This line of the file is no record:"),
    h("p", { class: "links" }, ...messageLinks(row)),
    h("h3", {}, "Message"),
    ...unfoldable(bodyOf(row)),
  ];
}
