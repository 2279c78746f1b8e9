/** A message as a bubble of the conversation. */
import { h } from "../dom.js";
import { oneLine } from "../format.js";
import { link } from "../route.js";
import { directionMark, modelBadge, quietTierBadge, sourceBadge, timeTag } from "../rows/badges.js";
import { gapText } from "../rows/gap.js";
import { unfoldable } from "../rows/long-text.js";
import { bodyOf } from "../rows/message.js";
import { modelClass } from "../rows/models.js";
import { textOf, threadIdOf, timeOf } from "../rows/record.js";
import { threadLink } from "../rows/threads.js";
import { turnOfMessage } from "../rows/turn-of-message.js";

/** Characters of a bubble before it must be unfolded. */
const SHOWN = 4_000;

/**
 * @typedef {object} BubbleContext
 * @property {number} threadId
 * @property {() => any} status
 * @property {AbortSignal} signal
 * @property {(item: import("../row-window.js").Item) => void} fillGap
 *
 * @param {import("../row-window.js").Item} item
 * @param {BubbleContext} context
 */
export function bubbleOf(item, context) {
  const { row, gap } = item;
  if (gap !== undefined) {
    const load = h("button", { type: "button", onclick: () => context.fillGap(item) }, "Load them");
    return h("li", { class: "gap", tabindex: "-1" }, gapText({ ...gap, from: null }), " ", gap.from !== null && load);
  }
  return row === undefined ? h("li", {}) : messageBubble(row, context);
}

/** @param {import("../api.js").Row} row @param {BubbleContext} context */
function messageBubble(row, { threadId, status, signal }) {
  const { direction, cursor, sender, sourceThreadId, replyTo, raw } = row;
  const side = direction === "out" ? "is-out" : "is-in";
  const turn = turnOfMessage(row, signal);
  const here = link("thread", threadId, { at: typeof cursor === "string" ? cursor : "" });
  const from = threadIdOf(sourceThreadId);
  const head = h(
    "div",
    { class: "bubble-head" },
    directionMark(direction),
    h("strong", {}, raw === undefined ? oneLine(sender ?? "nobody", 60) : "no record"),
    from === undefined ? undefined : h("span", {}, "from ", threadLink(status(), from)),
    modelBadge(row["model"]),
    quietTierBadge(row["tier"]),
    sourceBadge(row["source"]),
    h("a", { href: here, class: "when", title: "Address of this message" }, timeTag(timeOf(row))),
    ...elsewhere(row["messageId"]),
    turn?.button,
  );
  const quote = textOf(replyTo) && h("blockquote", { title: "replies to" }, oneLine(replyTo, 200));
  const body = h("div", { class: "bubble-body" }, ...unfoldable(bodyOf(row), { shown: SHOWN }));
  return h("li", { class: `${side} ${modelClass(row["model"])}-edge`, tabindex: "-1" }, head, quote, body, turn?.place);
}

/** @param {unknown} messageId */
function elsewhere(messageId) {
  if (typeof messageId !== "string" || messageId === "") return [];
  return [
    h("a", { href: link("routing", "", { messageId }), title: "The routing decision of this message" }, "routing"),
    h("a", { href: link("prompts", "", { messageId }), title: "What the agent was told" }, "prompt"),
  ];
}
