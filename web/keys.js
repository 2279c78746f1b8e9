/** What the keyboard does: of the page, and of the view that is shown. */
import { byId, fill, h } from "./dom.js";

/**
 * @typedef {{key: string, does: string, run: (event: KeyboardEvent) => void, shown?: string}} Key
 * `key` as the event names it, with `ctrl+` before it for Ctrl or Cmd.
 */

/** @param {EventTarget | null} target */
function isTyping(target) {
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable || ["INPUT", "TEXTAREA", "SELECT"].includes(target.tagName))
  );
}

export class Keys {
  /** @type {readonly Key[]} */
  #own = [];
  /** @type {readonly Key[]} */
  #view = [];

  /** @param {readonly Key[]} own */
  start(own) {
    this.#own = own;
    addEventListener("keydown", (event) => this.#press(event));
  }

  /** Those of the view that is shown. @param {readonly Key[]} keys */
  set view(keys) {
    this.#view = keys;
  }

  /** Says them all. */
  show() {
    const dialog = /** @type {HTMLDialogElement} */ (byId("keys"));
    const table = (/** @type {string} */ title, /** @type {readonly Key[]} */ keys) => [
      h("h2", {}, title),
      h("dl", {}, ...keys.flatMap((key) => [h("dt", {}, h("kbd", {}, key.shown ?? key.key)), h("dd", {}, key.does)])),
    ];
    const list = [
      { key: "j k ↑ ↓", does: "next and previous row", run() {} },
      { key: "g G", does: "first and last row", run() {} },
      { key: "Enter", does: "open the row", run() {} },
    ];
    const close = h("button", { type: "button", onclick: () => dialog.close() }, "Close");
    const own = table("Everywhere", this.#own);
    const view = this.#view.length > 0 ? table("In this view", this.#view) : [];
    fill(dialog, ...own, ...view, ...table("In a list", list), close);
    dialog.showModal();
  }

  /** @param {KeyboardEvent} event */
  #press(event) {
    if (event.defaultPrevented || event.isComposing) return;
    const isControl = event.ctrlKey || event.metaKey;
    if (document.querySelector("dialog[open]") !== null && !isControl) return;
    if (isTyping(event.target) && !isControl && event.key !== "Escape") return;
    const name = `${isControl ? "ctrl+" : ""}${event.key}`;
    const found = [...this.#view, ...this.#own].find(({ key }) => key === name);
    if (found === undefined || event.altKey) return;
    event.preventDefault();
    found.run(event);
  }
}
