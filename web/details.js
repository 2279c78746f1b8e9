/** The panel beside a view: one thing whole. */
import { byId, fill, h } from "./dom.js";

export class Details {
  #panel = byId("details");
  #onClose = () => {};
  /** @type {Element | null} */
  #before = null;

  /**
   * @param {string} title
   * @param {import("./dom.js").Child[]} children
   * @param {() => void} [onClose]
   */
  show(title, children, onClose = () => {}) {
    if (this.#panel.hidden) this.#before = document.activeElement;
    this.#onClose = onClose;
    const close = h("button", { type: "button", onclick: () => this.close(), "aria-label": "Close the details" }, "✕");
    fill(this.#panel, h("div", { class: "details-head" }, h("h2", {}, title), close), ...children);
    this.#panel.hidden = false;
  }

  get isOpen() {
    return !this.#panel.hidden;
  }

  /** The view is left: what its details would change in the address is another view's. */
  leave() {
    this.#onClose = () => {};
    this.close();
  }

  close() {
    if (this.#panel.hidden) return;
    this.#panel.hidden = true;
    fill(this.#panel);
    if (this.#before instanceof HTMLElement && this.#before.isConnected) this.#before.focus();
    this.#onClose();
  }
}
