/** A decision whole: what it was scored on, where that lies between the boundaries, and the text itself. */
import { DEFAULT_RULES } from "/lib/workers/router/router.js";
import { h } from "../dom.js";
import { count, oneLine, visible } from "../format.js";
import { link } from "../route.js";
import { modelName, tierBadge } from "../rows/badges.js";
import { fieldList, placeFields } from "../rows/fields.js";
import { longText } from "../rows/long-text.js";
import { figure } from "./routing-columns.js";
import { messageLink } from "../rows/message-link.js";
import { dimensionsOf } from "./routing-record.js";
import { isSet } from "./routing-run.js";

/**
 * @typedef {import("./routing-record.js").Decision} Decision
 * @typedef {import("./routing-record.js").Dimension} Dimension
 * @typedef {import("./routing-run.js").RoutingRules} RoutingRules
 */

/** Longer texts do not go into an address. */
const MAX_TRIED = 2_000;

/**
 * @param {import("../api.js").Row} row
 * @param {Decision} decision
 * @param {string} name the thread's
 * @returns {import("../dom.js").Child[]}
 */
export function decisionDetails(row, decision, name) {
  if (decision.raw !== undefined) {
    return [h("p", { class: "dim" }, "This line of the log is no record:"), longText(decision.raw, "The line")];
  }
  const { messageId, score, confidence, input } = decision;
  return [
    fieldList([
      ...placeFields(decision, name),
      ["Message", oneLine(messageId, 100) || "–"],
      ["Tier", [tierBadge(decision.tier), ` for ${count(decision.tokens)} tokens`]],
      ["Model", modelOf(decision)],
      ["Confidence", figure(confidence, 3)],
      ["Reply upgrade", upgradeOf(decision)],
      ["Reason", visible(decision.reason) || "–"],
    ]),
    links(decision),
    h("h3", {}, "Score and boundaries"),
    scale(score, DEFAULT_RULES),
    h("h3", {}, "Dimensions"),
    dimensionTable(dimensionsOf(row["dimensions"])),
    h("h3", {}, "Input"),
    input === undefined ? h("p", { class: "dim" }, "The record has no text.") : longText(input, "Input"),
  ];
}

/** @param {Decision} decision @returns {import("../dom.js").Child[]} */
function modelOf(decision) {
  const { model, effectiveModel } = decision;
  if (model === effectiveModel) return [modelName(model)];
  const why = isSet(decision) ? ", which the thread is set to" : "";
  return [modelName(model), ", ran on ", modelName(effectiveModel), why];
}

/** @param {Decision} decision */
function upgradeOf({ replyUpgrade, effectiveModel }) {
  return replyUpgrade ? `yes, to ${oneLine(effectiveModel, 30)}, which wrote the message replied to` : "no";
}

/** @param {Decision} decision */
function links({ threadId, messageId, input }) {
  const isShort = input !== undefined && input.length <= MAX_TRIED;
  return h(
    "p",
    { class: "links" },
    messageLink(messageId),
    messageId !== "" && h("a", { href: link("prompts", "", { messageId }) }, "Prompt"),
    threadId !== undefined && h("a", { href: link("thread", threadId) }, "Thread"),
    isShort && h("a", { href: link("routing", "", { whatif: 1, text: input }) }, "Try its text in the what-if"),
  );
}

/**
 * Where a score lies; what the figure shows stands under it in words.
 * @param {number | undefined} score
 * @param {RoutingRules} rules
 */
export function scale(score, { boundaries, minConfidence, steepness }) {
  const { medium, complex } = boundaries;
  const shown = score ?? medium;
  const least = Math.min(medium - 0.3, shown - 0.05);
  const most = Math.max(complex + 0.3, shown + 0.05);
  const at = (/** @type {number} */ value) => Math.max(0, Math.min(100, ((value - least) / (most - least)) * 100));
  const unsure = Math.log(minConfidence / (1 - minConfidence)) / steepness;
  const doubts = unsure > 0 && Number.isFinite(unsure) ? [medium, complex] : [];
  const bar = h(
    "div",
    { class: "scale", "aria-hidden": "true" },
    stretch("haiku", 0, at(medium), "SIMPLE"),
    stretch("sonnet", at(medium), at(complex), "MEDIUM"),
    stretch("opus", at(complex), 100, "COMPLEX"),
    ...doubts.map((boundary) => stretch("doubt", at(boundary - unsure), at(boundary + unsure), "")),
    score !== undefined && stretch("mark", at(score), at(score), ""),
  );
  const sure =
    doubts.length > 0
      ? ` Within ${figure(unsure)} of a boundary (shaded) it is MEDIUM, being less sure than ${minConfidence}.`
      : "";
  const says = `Score ${figure(score)}. SIMPLE under ${medium}, MEDIUM from ${medium}, COMPLEX from ${complex}.${sure}`;
  return h("div", {}, bar, h("p", { class: "dim" }, says));
}

/**
 * @param {string} kind
 * @param {number} from percent
 * @param {number} to
 * @param {string} label
 */
function stretch(kind, from, to, label) {
  const element = h("span", { class: kind }, to - from > 16 && label);
  element.style.left = `${from}%`;
  element.style.width = `${Math.max(0, to - from)}%`;
  return element;
}

/** @param {readonly Dimension[]} dimensions */
export function dimensionTable(dimensions) {
  if (dimensions.length === 0) return h("p", { class: "dim" }, "The record has no dimensions.");
  const most = Math.max(0.1, ...dimensions.map(({ pull }) => Math.abs(pull ?? 0)));
  const rows = dimensions.map(({ name, score, weight, pull, signal }) =>
    h(
      "tr",
      { class: pull === undefined || pull === 0 ? "idle" : "" },
      h(
        "th",
        { scope: "row" },
        oneLine(name, 60),
        signal !== "" && h("span", { class: "signal" }, oneLine(signal, 200)),
      ),
      h("td", { class: "pull" }, pullBar((pull ?? 0) / most)),
      h("td", { class: "figures" }, figure(pull, 4)),
      h("td", { class: "figures dim" }, `${figure(score, 2)} × ${figure(weight, 2)}`),
    ),
  );
  const sum = dimensions.reduce((total, { pull }) => total + (pull ?? 0), 0);
  return h(
    "table",
    { class: "dimensions" },
    h("caption", { class: "unseen" }, `What each dimension adds to the score: ${figure(sum)} together`),
    h(
      "thead",
      {},
      h(
        "tr",
        {},
        h("th", { scope: "col" }, "Dimension and find"),
        h("td", {}),
        h("th", { scope: "col", class: "figures" }, "Adds"),
        h("th", { scope: "col", class: "figures" }, "score × weight"),
      ),
    ),
    h("tbody", {}, ...rows),
  );
}

/** To the left of the middle what lowers the score, to the right what raises it. @param {number} part −1…1 */
function pullBar(part) {
  const bar = h("span", { class: part < 0 ? "lowers" : "raises" });
  const width = Math.min(1, Math.abs(part)) * 50;
  bar.style.width = `${width}%`;
  bar.style.left = `${part < 0 ? 50 - width : 50}%`;
  return h("span", { class: "track", "aria-hidden": "true" }, bar);
}
