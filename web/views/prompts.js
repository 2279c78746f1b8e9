/** What agents were told: how long it was, all of it, and any two compared. */
import { fill, h } from "../dom.js";
import { count, oneLine } from "../format.js";
import { currentRoute, go, link, refine } from "../route.js";
import { modelName, timeTag } from "../rows/badges.js";
import { rankOfModel } from "../rows/models.js";
import { ofThread, PromptsChart } from "./prompts-chart.js";
import { showComparison } from "./prompts-compare.js";
import { promptDetails } from "./prompts-details.js";
import { promptOf } from "./prompts-record.js";
import { RowsTable } from "../rows/rows-table.js";

/**
 * @typedef {import("../api.js").Row} Row
 * @typedef {import("../row-window.js").Item} Item
 */

/** @param {import("../app.js").Context} context @returns {import("../app.js").Shown} */
export function showPrompts(context) {
  /** @type {PromptsList | undefined} */
  let list;
  /** @type {ReturnType<typeof showComparison> | undefined} */
  let comparison;
  const close = () => {
    list?.close();
    comparison?.close();
    list = comparison = undefined;
  };
  const show = (/** @type {URLSearchParams} */ query) => {
    const [a, b] = [query.get("a") ?? "", query.get("b") ?? ""];
    if (a !== "" && b !== "") {
      close();
      context.details.close();
      comparison = showComparison(context, {
        a,
        b,
        list: link("prompts", "", { ...Object.fromEntries(query), b: "" }),
      });
      return;
    }
    if (comparison !== undefined) close();
    list ??= new PromptsList(context);
    list.show(query);
  };
  show(context.route.query);
  return {
    close,
    update: ({ query }) => show(query),
    keys: [
      { key: "d", does: "mark a prompt to compare; with a second one, compare them", run: () => list?.markCurrent() },
      { key: "n", does: "next difference", run: () => comparison?.next() },
      { key: "N", does: "previous difference", run: () => comparison?.previous() },
      { key: "f", does: "follow what comes, or hold it", run: () => list?.table.hold() },
      { key: "o", does: "load older prompts", run: () => list?.table.older() },
    ],
  };
}

class PromptsList {
  #context;
  #stop = new AbortController();
  #chart = new PromptsChart((cursor) => this.table.reveal(cursor));
  /** The longest of those that are shown: the bars are drawn by it. */
  #longest = 1;
  /** Cursor, or messageId, of the prompt that others are compared with. */
  #marked = "";
  #mark = h("button", { type: "button", hidden: true, onclick: () => this.#setMark("") });

  /** @param {import("../app.js").Context} context */
  constructor(context) {
    this.#context = context;
    this.table = new RowsTable(context, {
      topic: "prompts",
      title: "Prompts",
      thing: "prompt",
      tiers: false,
      tall: 48,
      ranks: {
        time: (row) => promptOf(row).time,
        thread: (row) => promptOf(row).threadId,
        model: (row) => rankOfModel(promptOf(row).model),
        length: (row) => promptOf(row).length,
        history: (row) => (promptOf(row).hasHistory ? (promptOf(row).historyLines ?? 0) : -1),
      },
      head: h("span", { class: "c-message dim" }, "message"),
      above: this.#chart.element,
      more: [this.#mark],
      draw: (row, element) => this.#draw(row, element),
      details: (row) =>
        promptDetails(row, promptOf(row), {
          name: this.table.nameOf(promptOf(row).threadId),
          signal: this.#stop.signal,
          marked: this.#marked,
          onMark: (cursor) => this.#markOrCompare(cursor),
        }),
      choose: (items) => this.#look(items),
      nothing: () => "",
    });
  }

  /** @param {URLSearchParams} query */
  show(query) {
    this.#setMark(query.get("a") ?? "");
    this.table.show(query);
  }

  close() {
    this.#stop.abort();
    this.#chart.close();
    this.table.close();
  }

  markCurrent() {
    const row = this.table.current;
    if (row === undefined) this.#context.announce("Choose a row first: with j and k, or a click.");
    else this.#markOrCompare(row.cursor);
  }

  /** @param {string} cursor */
  #markOrCompare(cursor) {
    if (this.#marked === "" || this.#marked === cursor) {
      this.#setMark(this.#marked === cursor ? "" : cursor);
      // Its button says the other thing now.
      if (this.#context.details.isOpen) this.table.reveal(cursor);
      return;
    }
    const query = Object.fromEntries(currentRoute().query);
    go(link("prompts", "", { ...query, a: this.#marked, b: cursor, at: "" }));
  }

  /** @param {string} name */
  #setMark(name) {
    if (name !== this.#marked) {
      this.#context.announce(name === "" ? "The mark is taken away." : "Marked: mark another to compare the two.");
    }
    this.#marked = name;
    refine({ a: name });
    this.#mark.hidden = name === "";
    fill(this.#mark, "A is marked; d on another compares. Take it away ✕");
    this.table.redraw();
  }

  /** @param {Item[]} items */
  #look(items) {
    const prompts = items.flatMap(({ row }) => (row === undefined ? [] : [promptOf(row)]));
    const longest = prompts.reduce((most, { length }) => Math.max(most, length ?? 0), 1);
    if (longest !== this.#longest) {
      this.#longest = longest;
      // Asks for another drawing, in which it is the same.
      this.table.redraw();
    }
    const thread = currentRoute().query.get("thread") ?? "";
    this.#chart.show(prompts, ofThread(thread === "" ? "" : this.table.nameOf(Number(thread))));
    return items;
  }

  /** @param {Row} row @param {HTMLElement} element */
  #draw(row, element) {
    const prompt = promptOf(row);
    const { cursor, time, threadId, messageId, model, length } = prompt;
    const name = this.table.nameOf(threadId);
    const isMarked = this.#marked !== "" && (cursor === this.#marked || messageId === this.#marked);
    fill(
      element,
      timeTag(time, { className: "c-time" }),
      h("span", { class: "c-thread", title: oneLine(name, 80) }, `#${oneLine(name, 40)}`),
      h("span", { class: "c-model" }, modelName(model)),
      h(
        "span",
        { class: "c-length" },
        lengthBar((length ?? 0) / this.#longest),
        h("span", { class: "value" }, count(length)),
      ),
      h(
        "span",
        { class: "c-history" },
        prompt.hasHistory && h("span", { class: "badge warn" }, `history ${count(prompt.historyLines)}`),
      ),
      h(
        "span",
        { class: "c-message dim" },
        isMarked && h("span", { class: "badge accent" }, "A"),
        isMarked && " ",
        oneLine(messageId, 60),
      ),
    );
  }
}

/** @param {number} part of the longest, 0–1 */
function lengthBar(part) {
  const bar = h("span", { class: part > 0.5 ? "fat" : "" });
  bar.style.width = `${Math.max(0, Math.min(1, part)) * 100}%`;
  return h("span", { class: "length-bar", "aria-hidden": "true" }, bar);
}
