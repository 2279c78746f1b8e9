/** Ctrl-K: finds any view, thread or command by some of its letters. */
import { byId, fill, h } from "./dom.js";
import { visible } from "./format.js";

/** @typedef {{label: string, hint?: string, run: () => void}} Entry */

const MOST = 30;

/**
 * How well a text fits what was typed; undefined: not at all. Its letters must come in that order, best in one piece.
 * @param {string} text
 * @param {string} typed
 */
export function fit(text, typed) {
  const haystack = text.toLowerCase();
  const needle = typed.toLowerCase().trim();
  const at = haystack.indexOf(needle);
  if (at !== -1) return at;
  let index = -1;
  for (const letter of needle) {
    index = haystack.indexOf(letter, index + 1);
    if (index === -1) return undefined;
  }
  return 1000 + index;
}

/** @param {readonly Entry[]} entries */
export function openPalette(entries) {
  const dialog = /** @type {HTMLDialogElement} */ (byId("palette"));
  const options = h("ul", { role: "listbox", id: "palette-list", "aria-label": "Found" });
  const input = h("input", {
    type: "search",
    role: "combobox",
    "aria-label": "Find a thread, view or command",
    "aria-controls": "palette-list",
    "aria-expanded": "true",
    autocomplete: "off",
    placeholder: "Find a thread, view or command",
  });
  /** @type {readonly Entry[]} */
  let found = [];
  let chosen = 0;

  const draw = () => {
    found = entries
      .map((entry) => ({ entry, rank: fit(`${entry.label} ${entry.hint ?? ""}`, input.value) }))
      .filter(({ rank }) => rank !== undefined)
      .sort((a, b) => (a.rank ?? 0) - (b.rank ?? 0))
      .slice(0, MOST)
      .map(({ entry }) => entry);
    chosen = Math.max(0, Math.min(chosen, found.length - 1));
    fill(
      options,
      ...found.map((entry, index) =>
        h(
          "li",
          {
            role: "option",
            id: `palette-${index}`,
            "aria-selected": String(index === chosen),
            onclick: () => run(index),
          },
          visible(entry.label),
          entry.hint === undefined ? undefined : h("span", { class: "dim" }, ` ${visible(entry.hint)}`),
        ),
      ),
      found.length === 0 &&
        h("li", { class: "dim", role: "option", "aria-selected": "false" }, "Nothing has these letters."),
    );
    input.setAttribute("aria-activedescendant", found.length === 0 ? "" : `palette-${chosen}`);
    options.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: "nearest" });
  };

  /** @param {number} index */
  const run = (index) => {
    dialog.close();
    found[index]?.run();
  };

  input.addEventListener("input", () => {
    chosen = 0;
    draw();
  });
  input.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown") chosen += 1;
    else if (event.key === "ArrowUp") chosen -= 1;
    else if (event.key === "Enter") run(chosen);
    else return;
    event.preventDefault();
    if (event.key !== "Enter") draw();
  });
  fill(dialog, input, options);
  draw();
  dialog.showModal();
  input.focus();
}
