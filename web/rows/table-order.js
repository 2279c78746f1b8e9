/** What a table's rows are sorted by: those that are loaded, by a number each. */
import { h } from "../dom.js";

/** @typedef {{name: string, ascending: boolean}} Order */

/** By time, oldest first. @type {Order} */
export const AS_THEY_COME = { name: "time", ascending: true };

/** @param {URLSearchParams} query @param {readonly string[]} names @returns {Order} */
export function orderOf(query, names) {
  const name = query.get("sort") ?? "time";
  if (!names.includes(name)) return AS_THEY_COME;
  return { name, ascending: (query.get("dir") ?? "asc") !== "desc" };
}

/**
 * Equal ones stay as they are; what has no number is less than all others.
 * @template T
 * @param {readonly T[]} items
 * @param {(item: T) => number | undefined} rank
 * @param {boolean} ascending
 */
export function sorted(items, rank, ascending) {
  const ranks = Float64Array.from(items, (item) => rank(item) ?? Number.NEGATIVE_INFINITY);
  const places = Uint32Array.from(items, (_, index) => index);
  const sign = ascending ? 1 : -1;
  // Never the difference of two infinities, which is no number.
  places.sort((a, b) => {
    const first = ranks[a] ?? 0;
    const second = ranks[b] ?? 0;
    if (first === second) return a - b;
    return first < second ? -sign : sign;
  });
  const inOrder = [];
  for (const place of places) {
    const item = items[place];
    if (item !== undefined) inOrder.push(item);
  }
  return inOrder;
}

/**
 * The buttons over the columns.
 * @param {readonly string[]} names
 * @param {Order} order
 * @param {(order: Order) => void} onChange
 */
export function sortButtons(names, order, onChange) {
  return names.map((name) => {
    const isChosen = name === order.name;
    const direction = isChosen ? (order.ascending ? ", ascending" : ", descending") : "";
    const press = () => onChange({ name, ascending: isChosen ? !order.ascending : name === "time" });
    return h(
      "button",
      {
        type: "button",
        onclick: press,
        "aria-pressed": String(isChosen),
        "aria-label": `${name}${direction}`,
        class: `c-${name}`,
      },
      name,
      isChosen && h("span", { "aria-hidden": "true" }, order.ascending ? " ▲" : " ▼"),
    );
  });
}
