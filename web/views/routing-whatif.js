/** The panel of the what-if: other weights and boundaries, or a text of one's own. */
import { route } from "/lib/workers/router/router.js";
import { fill, h } from "../dom.js";
import { count, oneLine } from "../format.js";
import { refine } from "../route.js";
import { modelName, tierBadge } from "../rows/badges.js";
import { figure } from "./routing-columns.js";
import { dimensionTable, scale } from "./routing-details.js";
import { dimensionsOf } from "./routing-record.js";
import { knobsOf, parametersOf, parse, rulesOf } from "./routing-rules.js";

/**
 * @typedef {import("./routing-run.js").WhatIf} WhatIf
 * @typedef {import("./routing-rules.js").RoutingRules} RoutingRules
 */

const TYPING_MS = 150;
/** Longer texts do not go into the address. */
const MAX_KEPT = 2_000;

/**
 * `onRules` is told the rules, at once and as they change; `onOnly` whether only the decisions that change are shown.
 * @param {{query: URLSearchParams, onRules: (rules: RoutingRules) => void, onOnly: (only: boolean) => void,
 *   onClose: () => void}} options
 */
export function whatIfPanel({ query, onRules, onOnly, onClose }) {
  let knobs = knobsOf(query);
  let timer = 0;
  const inputs = knobs.map(({ label, value, usual, least, most }) => ({
    label,
    element: h("input", {
      type: "number",
      step: "0.01",
      value,
      min: least,
      max: most,
      title: `The router's own: ${usual}`,
    }),
  }));
  const text = h("textarea", { rows: 3, placeholder: "Type a message to see how it would be routed" });
  text.value = query.get("text") ?? "";
  const tried = h("div", { class: "tried" });
  const summary = h("div", { class: "summary" });
  const try_ = () => drawTried(tried, text.value, rulesOf(knobs));
  const turn = () => {
    knobs = knobs.map((knob, index) => {
      const { element } = /** @type {{element: HTMLInputElement}} */ (inputs[index]);
      element.classList.toggle("turned", parse(element.value) !== undefined && parse(element.value) !== knob.usual);
      return { ...knob, value: parse(element.value) ?? knob.usual };
    });
    refine(parametersOf(knobs));
    try_();
    onRules(rulesOf(knobs));
  };
  const later = (/** @type {() => void} */ task) => {
    clearTimeout(timer);
    timer = window.setTimeout(task, TYPING_MS);
  };
  for (const { element } of inputs) element.addEventListener("input", () => later(turn));
  text.addEventListener("input", () =>
    later(() => {
      refine({ text: text.value.length <= MAX_KEPT ? text.value : undefined });
      try_();
    }),
  );
  const reset = () => {
    for (const [index, { element }] of inputs.entries()) element.value = String(knobs[index]?.usual ?? "");
    turn();
  };
  const only = h("input", { type: "checkbox", checked: query.get("all") !== "1" });
  only.addEventListener("change", () => {
    refine({ all: only.checked ? undefined : 1 });
    onOnly(only.checked);
  });
  const fields = inputs.map(({ label, element }) => h("label", {}, h("span", {}, label), element));
  const element = h(
    "section",
    { class: "whatif", "aria-labelledby": "whatif-title" },
    h(
      "div",
      { class: "whatif-head" },
      h("h3", { id: "whatif-title" }, "What if the rules were others?"),
      h("button", { type: "button", onclick: reset }, "The router's own rules"),
      h("button", { type: "button", onclick: onClose }, "Close the what-if"),
    ),
    h(
      "div",
      {},
      h("fieldset", { class: "knobs" }, h("legend", {}, "Boundaries"), ...fields.slice(0, 4)),
      h("fieldset", { class: "knobs" }, h("legend", {}, "Weights"), ...fields.slice(4)),
    ),
    h(
      "div",
      {},
      h("label", { class: "try" }, "A text", text),
      tried,
      summary,
      h("label", { class: "only" }, only, "show only decisions that change"),
    ),
  );
  turn();
  return {
    element,
    only: () => only.checked,
    /** @param {WhatIf} whatIf */
    show: (whatIf) => drawSummary(summary, whatIf),
    close: () => clearTimeout(timer),
  };
}

/**
 * @param {HTMLElement} element
 * @param {string} text
 * @param {RoutingRules} rules
 */
function drawTried(element, text, rules) {
  if (text === "") {
    fill(element);
    return;
  }
  const wasOpen = element.querySelector("details")?.open === true;
  const decision = route({ text }, rules);
  fill(
    element,
    h(
      "p",
      {},
      tierBadge(decision.tier),
      " on ",
      modelName(decision.model),
      `, score ${figure(decision.score)}, confidence ${figure(decision.confidence, 2)}, ${count(decision.tokens)} tokens`,
    ),
    h("p", { class: "dim" }, oneLine(decision.reason, 400)),
    h(
      "details",
      { open: wasOpen },
      h("summary", {}, "Dimensions"),
      scale(decision.score, rules),
      dimensionTable(dimensionsOf(decision.dimensions)),
    ),
  );
}

/**
 * @param {HTMLElement} element
 * @param {WhatIf} whatIf
 */
function drawSummary(element, whatIf) {
  const { known, tiers, models, without, set, moves } = whatIf.outcome;
  const most = [...moves].sort(([, a], [, b]) => b - a);
  const notes = [
    without > 0 && `${count(without)} without a text in the record are left out.`,
    set > 0 && `${count(set)} ran on the model their thread is set to, and still would.`,
    "Which model wrote the message replied to is recorded only where that raised the model: otherwise the model is the tier's.",
  ];
  fill(
    element,
    h(
      "p",
      {},
      h("strong", {}, `${count(tiers)} of ${count(known)} decisions would change their tier`),
      `, ${count(models)} the model they run on.${whatIf.isBusy ? " Still asking the router…" : ""}`,
    ),
    most.length > 0 &&
      h("ul", { class: "moves" }, ...most.map(([move, times]) => h("li", {}, `${oneLine(move, 60)}: ${count(times)}`))),
    h("p", { class: "dim" }, notes.filter(Boolean).join(" ")),
  );
}
