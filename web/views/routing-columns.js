/** The columns of the table of decisions, and what they sort by. */
import { fill, h } from "../dom.js";
import { count, oneLine } from "../format.js";
import { modelName, tierBadge, timeTag } from "../rows/badges.js";
import { rankOfModel, rankOfTier } from "../rows/models.js";

/**
 * @typedef {import("./routing-record.js").Decision} Decision
 * @typedef {import("./routing-run.js").Verdict} Verdict
 */

/**
 * What each column sorts by.
 * @type {Readonly<Record<string, (decision: Decision) => number | undefined>>}
 */
export const RANKS = {
  time: ({ time }) => time,
  thread: ({ threadId }) => threadId,
  tier: ({ tier }) => rankOfTier(tier),
  score: ({ score }) => score,
  confidence: ({ confidence }) => confidence,
  model: ({ effectiveModel }) => rankOfModel(effectiveModel),
  tokens: ({ tokens }) => tokens,
};
/**
 * @param {HTMLElement} element
 * @param {Decision} decision
 * @param {{name: string, verdict?: Verdict | undefined}} more the thread's name, what the what-if makes of it
 */
export function drawDecision(element, decision, { name, verdict }) {
  const { time, tier, score, confidence, tokens } = decision;
  fill(
    element,
    timeTag(time, { className: "c-time" }),
    h("span", { class: "c-thread", title: oneLine(name, 80) }, `#${oneLine(name, 40)}`),
    h(
      "span",
      { class: "c-tier" },
      tierBadge(tier),
      verdict !== undefined && verdict.tier !== tier && [" → ", tierBadge(verdict.tier)],
    ),
    h(
      "span",
      { class: "c-score" },
      figure(score),
      verdict !== undefined && verdict.score !== score && ` → ${figure(verdict.score)}`,
    ),
    h("span", { class: "c-confidence" }, figure(confidence, 2)),
    h("span", { class: "c-model" }, ...modelText(decision, verdict)),
    h("span", { class: "c-tokens" }, count(tokens)),
    h("span", { class: "c-input" }, oneLine(decision.input ?? "")),
  );
}

/**
 * @param {Decision} decision
 * @param {Verdict | undefined} verdict
 */
function modelText({ model, effectiveModel }, verdict) {
  const would = verdict !== undefined && verdict.effectiveModel !== effectiveModel;
  const now = would
    ? [effectiveModel, verdict.effectiveModel]
    : effectiveModel === model
      ? [model]
      : [model, effectiveModel];
  return now.flatMap((name, index) => [index > 0 && (would ? " → " : " ⇒ "), modelName(name)]);
}

/**
 * @param {unknown} value
 * @param {number} [digits]
 */
export function figure(value, digits = 3) {
  // A minus as wide as a plus, and no zero with a sign.
  if (typeof value !== "number" || !Number.isFinite(value)) return "–";
  const shown = value.toFixed(digits);
  return (Number(shown) === 0 ? shown.replace("-", "") : shown).replace("-", "−");
}
