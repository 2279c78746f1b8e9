/** Which model each message was given, and why; and what other rules would have made of them. */
import { fill, h } from "../dom.js";
import { currentRoute, go, link } from "../route.js";
import { drawDecision, RANKS } from "./routing-columns.js";
import { decisionDetails } from "./routing-details.js";
import { RowsTable } from "../rows/rows-table.js";
import { decisionOf } from "./routing-record.js";
import { WhatIf } from "./routing-run.js";
import { whatIfPanel } from "./routing-whatif.js";

/**
 * @typedef {import("../row-window.js").Item} Item
 * @typedef {import("../api.js").Row} Row
 */

/** @param {import("../app.js").Context} context @returns {import("../app.js").Shown} */
export function showRouting(context) {
  const view = new RoutingView(context);
  view.show(context.route.query);
  return {
    close: () => view.close(),
    update: ({ query }) => view.show(query),
    keys: [
      { key: "f", does: "follow what comes, or hold it", run: () => view.table.hold() },
      { key: "o", does: "load older decisions", run: () => view.table.older() },
      { key: "w", does: "the what-if", run: toggleWhatIf },
    ],
  };
}

function toggleWhatIf() {
  const query = Object.fromEntries(currentRoute().query);
  go(link("routing", "", { ...query, whatif: query["whatif"] === "1" ? undefined : 1 }));
}

class RoutingView {
  #context;
  #whatIf = new WhatIf();
  /** @type {ReturnType<typeof whatIfPanel> | undefined} */
  #panel;
  /** Whether only decisions that change are shown. */
  #only = true;
  #said = "";
  /** @type {import("./routing-record.js").Decision[]} */
  #decisions = [];
  /** Which rows they are of. */
  #of = "";
  #place = h("div", {});
  #button = h("button", { type: "button", onclick: toggleWhatIf, title: "w" }, "What if…");

  /** @param {import("../app.js").Context} context */
  constructor(context) {
    this.#context = context;
    const ranks = Object.entries(RANKS).map(([name, rank]) => [
      name,
      (/** @type {Row} */ row) => rank(decisionOf(row)),
    ]);
    this.table = new RowsTable(context, {
      topic: "routing",
      title: "Routing",
      thing: "decision",
      tiers: true,
      tall: 48,
      ranks: Object.fromEntries(ranks),
      head: h("span", { class: "c-input dim" }, "input"),
      above: this.#place,
      more: [this.#button],
      draw: (row, element) => this.#draw(row, element),
      details: (row) => decisionDetails(row, decisionOf(row), this.table.nameOf(decisionOf(row).threadId)),
      choose: (items) => this.#choose(items),
      nothing: () => "No loaded decision would change: turn a weight or a boundary, or load older ones.",
    });
    this.#whatIf.addEventListener("change", () => this.table.redraw());
  }

  /** @param {URLSearchParams} query */
  show(query) {
    this.#showWhatIf(query);
    this.table.show(query);
  }

  close() {
    this.#panel?.close();
    this.#whatIf.stop();
    this.table.close();
  }

  /** @param {URLSearchParams} query */
  #showWhatIf(query) {
    const isWanted = query.get("whatif") === "1";
    this.#panel?.close();
    this.#panel = undefined;
    this.#button.setAttribute("aria-pressed", String(isWanted));
    this.#whatIf.stop();
    if (isWanted) this.#panel = this.#openPanel(query);
    fill(this.#place, this.#panel?.element);
    this.table.redraw();
  }

  /** @param {URLSearchParams} query */
  #openPanel(query) {
    this.#only = query.get("all") !== "1";
    return whatIfPanel({
      query,
      onRules: (rules) => {
        this.#whatIf.rules = rules;
      },
      onOnly: (only) => {
        this.#only = only;
        this.table.redraw();
      },
      onClose: toggleWhatIf,
    });
  }

  /** @param {Item[]} items */
  #choose(items) {
    const decisions = this.#decisionsOf(items);
    if (this.#panel === undefined) return items;
    this.#whatIf.look(decisions);
    this.#panel.show(this.#whatIf);
    this.#say();
    const { changed } = this.#whatIf.outcome;
    return this.#only ? items.filter(({ row, cursor }) => row !== undefined && changed.has(cursor)) : items;
  }

  /**
   * Read as they come, some hundred at a time: to sort all of them must not be when they are read first. The same rows
   * give the same array.
   * @param {Item[]} items
   */
  #decisionsOf(items) {
    const now = `${items.length} ${items[0]?.cursor} ${items.at(-1)?.cursor}`;
    if (now === this.#of) return this.#decisions;
    this.#of = now;
    this.#decisions = [];
    for (const { row } of items) if (row !== undefined) this.#decisions.push(decisionOf(row));
    return this.#decisions;
  }

  /** The outcome, to those who listen, once it stands. */
  #say() {
    const text = this.#place.querySelector("strong")?.textContent ?? "";
    if (this.#whatIf.isBusy || text === this.#said) return;
    this.#said = text;
    this.#context.announce(text);
  }

  /** @param {Row} row @param {HTMLElement} element */
  #draw(row, element) {
    const decision = decisionOf(row);
    const verdict = this.#panel === undefined ? undefined : this.#whatIf.of(decision.cursor);
    drawDecision(element, decision, { name: this.table.nameOf(decision.threadId), verdict });
  }
}
