/** A table that is told its items again and again: what has not changed stays in place, with focus and selection. */
import { fill, h } from "../dom.js";

/**
 * `cell` writes what stands there; `value`, where it is given, tells when that has changed, and else its text does.
 * @template T
 * @typedef {{title: string, cell: (item: T) => import("../dom.js").Child | import("../dom.js").Child[],
 *   value?: (item: T) => unknown, className?: string}} Column
 */

/**
 * @template T
 */
export class LiveTable {
  #columns;
  #keyOf;
  #body = h("tbody", {});
  /** @type {Map<string, {element: HTMLElement, values: unknown[]}>} */
  #rows = new Map();

  /**
   * `label` names the table for who cannot see it.
   * @param {{label: string, columns: readonly Column<T>[], keyOf: (item: T) => string}} options
   */
  constructor({ label, columns, keyOf }) {
    this.#columns = columns;
    this.#keyOf = keyOf;
    const head = columns.map(({ title, className }) => h("th", { scope: "col", class: className }, title));
    const table = h("table", { "aria-label": label }, h("thead", {}, h("tr", {}, ...head)), this.#body);
    // What is wider than the page is scrolled by itself, also by keyboard.
    this.element = h("div", { class: "table", role: "region", tabindex: "0", "aria-label": label }, table);
  }

  /** @param {readonly T[]} items */
  show(items) {
    const seen = new Set();
    /** @type {Element | null} */
    let next = this.#body.firstElementChild;
    for (const item of items) {
      const key = this.#keyOf(item);
      if (seen.has(key)) continue;
      seen.add(key);
      const row = this.#row(key);
      this.#fill(row, item);
      if (row.element === next) next = next.nextElementSibling;
      else this.#body.insertBefore(row.element, next);
    }
    for (const [key, { element }] of this.#rows) {
      if (seen.has(key)) continue;
      element.remove();
      this.#rows.delete(key);
    }
  }

  /** @param {string} key */
  #row(key) {
    let row = this.#rows.get(key);
    if (row === undefined) {
      const element = h("tr", {}, ...this.#columns.map(({ className }) => h("td", { class: className })));
      row = { element, values: [] };
      this.#rows.set(key, row);
    }
    return row;
  }

  /** @param {{element: HTMLElement, values: unknown[]}} row @param {T} item */
  #fill({ element, values }, item) {
    for (const [index, { cell, value }] of this.#columns.entries()) {
      const content = value === undefined ? cell(item) : undefined;
      const now = value === undefined ? signature(content) : value(item);
      if (index < values.length && Object.is(values[index], now)) continue;
      values[index] = now;
      const place = element.children[index];
      if (place !== undefined) fill(place, ...[value === undefined ? content : cell(item)].flat());
    }
  }
}

/** @param {unknown} content */
function signature(content) {
  return [content]
    .flat()
    .map((one) =>
      one instanceof Element ? `${one.className}|${one.getAttribute("title")}|${one.textContent}` : String(one),
    )
    .join("\u0000");
}
