/** Texts of any length: in pieces, of which the browser lays out those that are in sight, or unfolded when asked. */
import { fill, h } from "../dom.js";
import { count, size, visible } from "../format.js";

const PIECE = 8 * 1024;
/** How far before a piece's end a line may end, so that it is cut there. */
const SEARCH = 4 * 1024;
/** Of a frame, ms. */
const SLICE_MS = 8;

/**
 * A text in pieces of some kilobytes, cut at an end of a line where there is one.
 * @param {string} text
 * @returns {Generator<string, void, undefined>}
 */
export function* piecesOf(text) {
  for (let start = 0; start < text.length;) {
    let end = Math.min(text.length, start + PIECE);
    if (end < text.length) {
      const line = text.lastIndexOf("\n", end - 1);
      end = line >= end - SEARCH && line >= start ? line + 1 : wholeEnd(text, end);
    }
    const piece = text.slice(start, end);
    yield piece.endsWith("\n") && end < text.length ? piece.slice(0, -1) : piece;
    start = end;
  }
}

/**
 * Puts what comes into an element, a few milliseconds at a time; the first slice at once. Stops when the element
 * is gone.
 * @param {Element} element
 * @param {Iterator<Node, unknown, undefined>} nodes
 * @param {() => void} [onDone]
 */
export function pour(element, nodes, onDone = () => {}) {
  const slice = () => {
    const until = performance.now() + SLICE_MS;
    const batch = [];
    let next = nodes.next();
    while (!next.done) {
      batch.push(next.value);
      if (performance.now() >= until) break;
      next = nodes.next();
    }
    element.append(...batch);
    if (next.done) onDone();
    else setTimeout(() => element.isConnected && slice());
  };
  slice();
}

/**
 * A text in the midst of others: its beginning at once, the rest when it is asked for.
 * @param {string} text
 * @param {{shown?: number}} [options] characters shown at first
 * @returns {(HTMLElement | undefined)[]}
 */
export function unfoldable(text, { shown = 32_768 } = {}) {
  // A little more is not worth a button.
  if (text.length <= shown * 1.25) return [h("pre", { class: "body" }, visible(text))];
  const pre = h("pre", { class: "body" }, visible(text.slice(0, wholeEnd(text, shown))), "…");
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

/** Where a text may be cut: a pair of surrogates stays together. @param {string} text @param {number} end */
function wholeEnd(text, end) {
  return /[\ud800-\udbff]/.test(text.charAt(end - 1)) ? end - 1 : end;
}

/**
 * A text whole, in a frame that scrolls, with a button that copies it.
 * @param {string} text
 * @param {string} label
 */
export function longText(text, label) {
  const body = h("div", { class: "longtext", tabindex: "0", role: "region", "aria-label": label });
  pour(body, elements(text));
  const length = `${count(text.length)} characters${text.length > 10_000 ? `, ${size(text.length)}` : ""}`;
  const head = h("p", { class: "longtext-head dim" }, length, " ", copyButton(text, label));
  return h("div", {}, head, text === "" ? h("p", { class: "dim" }, "It is empty.") : body);
}

/** @param {string} text @returns {Generator<Node, void, undefined>} */
export function* elements(text) {
  for (const piece of piecesOf(text)) yield h("pre", { class: "piece" }, visible(piece));
}

/**
 * @param {string} text
 * @param {string} label
 */
export function copyButton(text, label) {
  const button = h("button", { type: "button", "aria-label": `Copy: ${label}` }, "Copy");
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      fill(button, "Copied");
    } catch {
      fill(button, "Not allowed: mark it and copy");
    }
    setTimeout(() => fill(button, "Copy"), 2_000);
  };
  button.addEventListener("click", () => void copy());
  return button;
}
