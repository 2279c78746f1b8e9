/** The line above a list of rows: how many there are, whether it follows, and the way to more. */
import { fill, h } from "../dom.js";
import { count } from "../format.js";

/**
 * @param {{things: string, onHold: () => void, onOlder: () => void, onNewest: () => void, more: HTMLButtonElement[]}} options
 */
export function rowsBar({ things, onHold, onOlder, onNewest, more }) {
  const hold = h("button", { type: "button", onclick: onHold, title: "f" }, "Hold");
  const older = h("button", { type: "button", onclick: onOlder, title: "o" }, "Load older");
  const newest = h("button", { type: "button", onclick: onNewest }, "Newest");
  const state = h("span", { class: "dim rows-state" });
  const element = h("div", { class: "bar rows-bar" }, hold, newest, older, ...more, state);
  return {
    element,
    /** Whether not all rows that are loaded are shown. */
    isPart: false,
    /**
     * @param {import("../row-window.js").RowWindow} rows
     * @param {{shown: number, order: string}} how `order`: what they are sorted by, empty for time
     */
    show(rows, { shown, order }) {
      const { mode, waiting, isBusy, hasOlder, error, items } = rows;
      this.isPart = shown !== items.length;
      const isHeld = mode === "held";
      hold.hidden = mode !== "following" && !isHeld;
      hold.setAttribute("aria-pressed", String(isHeld));
      setText(hold, isHeld ? `Held: ${count(waiting)} new` : "Hold");
      newest.hidden = mode !== "away";
      older.disabled = !hasOlder || isBusy;
      setText(older, isBusy ? "Loading…" : hasOlder ? "Load older" : "No older");
      const all =
        shown === items.length
          ? `${count(shown)} ${things} loaded`
          : `${count(shown)} of ${count(items.length)} loaded ${things}`;
      const sortedBy = order === "" ? "" : `, sorted by ${order} among these`;
      const place = mode === "away" ? ", from the past" : "";
      const failure = error === "" ? "" : `. ${error}`;
      setText(state, `${all}${sortedBy}${place}${failure}`);
    },
  };
}

/** @param {HTMLElement} element @param {string} text */
function setText(element, text) {
  if (element.textContent !== text) fill(element, text);
}
