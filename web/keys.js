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
    const isInDialog = document.querySelector("dialog[open]") !== null;
    const found = keyFor(event, { isTyping: isTyping(event.target), isInDialog }, [...this.#view, ...this.#own]);
    if (found === undefined) return;
    event.preventDefault();
    found.run(event);
  }
}

/**
 * What was meant; the first of these of its name. In a field only with Ctrl, or Escape; in a dialog only with Ctrl.
 * @param {Pick<KeyboardEvent, "key" | "ctrlKey" | "metaKey" | "altKey" | "defaultPrevented" | "isComposing">} pressed
 * @param {{isTyping: boolean, isInDialog: boolean}} where
 * @param {readonly Key[]} keys
 */
export function keyFor(pressed, { isTyping, isInDialog }, keys) {
  const { ctrlKey, metaKey, altKey, defaultPrevented, isComposing } = pressed;
  const isControl = ctrlKey || metaKey;
  if (defaultPrevented || isComposing || altKey) return undefined;
  if (!isControl && (isInDialog || (isTyping && pressed.key !== "Escape"))) return undefined;
  const name = `${isControl ? "ctrl+" : ""}${pressed.key}`;
  return keys.find(({ key }) => key === name);
}
