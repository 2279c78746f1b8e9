/** Texts of any length: the beginning at once, the rest when it is asked for. */
import { h } from "../dom.js";
import { size, visible } from "../format.js";

/**
 * @param {string} text
 * @param {{shown?: number}} [options] characters shown at first
 * @returns {(HTMLElement | undefined)[]}
 */
export function longText(text, { shown = 32_768 } = {}) {
  // A little more is not worth a button.
  if (text.length <= shown * 1.25) return [h("pre", { class: "body" }, visible(text))];
  // A pair of surrogates is not cut in two.
  const end = /[\ud800-\udbff]/.test(text.charAt(shown - 1)) ? shown - 1 : shown;
  const pre = h("pre", { class: "body" }, visible(text.slice(0, end)), "…");
  const more = h(
    "button",
    {
      type: "button",
      class: "more",
      onclick: () => {
        pre.textContent = visible(text);
        pre.tabIndex = -1;
        pre.focus({ preventScroll: true });
        more.remove();
      },
    },
    `Show all (${size(text.length)})`,
  );
  return [pre, more];
}
