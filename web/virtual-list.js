/**
 * A list of any length of which only what can be seen is in the document: rows of one height, chosen with arrows, j and
 * k, Home, End, opened with Enter. It follows its end as long as the reader is there.
 */
import { h } from "./dom.js";
import { drawnRange, followsEnd, topToReveal } from "./list-place.js";

let lists = 0;

/**
 * @template T
 */
export class VirtualList extends EventTarget {
  #rowHeight;
  #draw;
  #keyOf;
  #onOpen;
  #onEnd;
  /** @type {readonly T[]} */
  #items = [];
  /** @type {Map<string, {element: HTMLElement, item: T}>} */
  #drawn = new Map();
  #frame = 0;
  /** Where it was scrolled to when that was last looked at. */
  #top = 0;
  #name = `list-${(lists += 1)}`;
  /** Key of the row that is chosen. */
  chosen = "";
  /** Whether the end is kept in sight. */
  isFollowing = true;

  /**
   * `draw` fills a row's element; `onOpen` is told a row that was opened; `onEnd` that the reader has come to an end.
   * @param {{label: string, rowHeight?: number, keyOf: (item: T) => string,
   *   draw: (item: T, element: HTMLElement) => void, onOpen?: (item: T) => void,
   *   onEnd?: (end: "first" | "last") => void}} options
   */
  constructor({ label, rowHeight = 24, keyOf, draw, onOpen = () => {}, onEnd = () => {} }) {
    super();
    this.#rowHeight = rowHeight;
    this.#keyOf = keyOf;
    this.#draw = draw;
    this.#onOpen = onOpen;
    this.#onEnd = onEnd;
    this.space = h("div", { class: "space", role: "presentation" });
    this.element = h("div", { class: "virtual", role: "listbox", tabindex: "0", "aria-label": label }, this.space);
    this.element.addEventListener("scroll", () => this.#scrolled(), { passive: true });
    this.element.addEventListener("keydown", (event) => this.#key(event));
    this.element.addEventListener("click", (event) => this.#click(event));
    new ResizeObserver(() => this.#request()).observe(this.element);
  }

  /**
   * Shows these items; what is in sight stays where it is, unless the end is followed.
   * @param {readonly T[]} items
   */
  show(items) {
    const anchor = this.isFollowing ? undefined : this.#anchor();
    this.#items = items;
    this.space.style.height = `${items.length * this.#rowHeight}px`;
    if (anchor !== undefined) this.#restore(anchor);
    this.#request();
  }

  /** Draws all rows in sight anew. */
  redraw() {
    for (const { element } of this.#drawn.values()) element.remove();
    this.#drawn.clear();
    this.#request();
  }

  /** Goes to the newest row and stays there. */
  follow() {
    this.isFollowing = true;
    this.#request();
    this.dispatchEvent(new Event("follow"));
  }

  /**
   * Chooses a row and brings it into sight. False: there is no such row.
   * @param {string} key
   */
  choose(key) {
    const index = this.#indexOf(key);
    if (index === -1) return false;
    this.chosen = key;
    this.#reveal(index);
    this.redraw();
    return true;
  }

  /** The item that is chosen. */
  get current() {
    return this.#items[this.#indexOf(this.chosen)];
  }

  get #view() {
    const { scrollTop, clientHeight } = this.element;
    return { top: scrollTop, height: clientHeight, rowHeight: this.#rowHeight };
  }

  /** @param {string} key */
  #indexOf(key) {
    return key === "" ? -1 : this.#items.findIndex((item) => this.#keyOf(item) === key);
  }

  /** @param {number} index */
  #reveal(index) {
    const top = topToReveal(this.#view, index);
    if (top === undefined) return;
    this.isFollowing = false;
    this.element.scrollTop = top;
  }

  #scrolled() {
    const { scrollTop, scrollHeight } = this.element;
    const isMovedUp = scrollTop < this.#top;
    this.#top = scrollTop;
    const isAtEnd = followsEnd(this.#view, { whole: scrollHeight, isFollowing: this.isFollowing, isMovedUp });
    if (isAtEnd !== this.isFollowing) {
      this.isFollowing = isAtEnd;
      this.dispatchEvent(new Event("follow"));
    }
    if (scrollTop < 10 * this.#rowHeight) this.#onEnd("first");
    if (isAtEnd) this.#onEnd("last");
    this.#request();
  }

  #request() {
    if (this.#frame === 0) this.#frame = requestAnimationFrame(() => this.#paint());
  }

  #paint() {
    this.#frame = 0;
    if (this.isFollowing) this.element.scrollTop = this.element.scrollHeight;
    this.#top = this.element.scrollTop;
    const { first, last } = drawnRange(this.#view, this.#items.length);
    const seen = new Set();
    for (const [offset, item] of this.#items.slice(first, last).entries()) {
      const key = this.#keyOf(item);
      seen.add(key);
      this.#place(key, item, first + offset);
    }
    for (const [key, { element }] of this.#drawn) {
      if (seen.has(key)) continue;
      element.remove();
      this.#drawn.delete(key);
    }
  }

  /**
   * @param {string} key
   * @param {T} item
   * @param {number} index
   */
  #place(key, item, index) {
    let known = this.#drawn.get(key);
    if (known === undefined || known.item !== item) {
      known?.element.remove();
      const element = h("div", { class: "row", role: "option", id: `${this.#name}-${index}-${hash(key)}` });
      this.#draw(item, element);
      known = { element, item };
      this.#drawn.set(key, known);
      this.space.append(element);
    }
    const { element } = known;
    element.dataset["key"] = key;
    element.style.transform = `translateY(${index * this.#rowHeight}px)`;
    element.setAttribute("aria-posinset", String(index + 1));
    element.setAttribute("aria-setsize", String(this.#items.length));
    const isChosen = key === this.chosen;
    element.setAttribute("aria-selected", String(isChosen));
    if (isChosen) this.element.setAttribute("aria-activedescendant", element.id);
  }

  #anchor() {
    const index = Math.floor(this.element.scrollTop / this.#rowHeight);
    const item = this.#items[index];
    return item === undefined
      ? undefined
      : { key: this.#keyOf(item), offset: this.element.scrollTop - index * this.#rowHeight };
  }

  /** @param {{key: string, offset: number}} anchor */
  #restore({ key, offset }) {
    const index = this.#indexOf(key);
    if (index !== -1) this.element.scrollTop = index * this.#rowHeight + offset;
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const page = Math.max(1, Math.floor(this.element.clientHeight / this.#rowHeight) - 1);
    /** @type {Record<string, number>} */
    const steps = { ArrowDown: 1, j: 1, ArrowUp: -1, k: -1, PageDown: page, PageUp: -page };
    const step = steps[event.key];
    if (step !== undefined) this.#step(step);
    else if (event.key === "Home" || event.key === "g") this.#chooseAt(0);
    else if (event.key === "End" || event.key === "G") this.#chooseEnd();
    else if (event.key === "Enter" && this.current !== undefined) this.#onOpen(this.current);
    else return;
    event.preventDefault();
  }

  /** From the row that is chosen; without one from the end that lies behind. @param {number} step */
  #step(step) {
    const at = this.#indexOf(this.chosen);
    if (at === -1) this.#chooseAt(step > 0 ? 0 : this.#items.length - 1);
    else this.#chooseAt(at + step);
  }

  #chooseEnd() {
    this.#chooseAt(this.#items.length - 1);
    this.follow();
  }

  /** @param {number} index */
  #chooseAt(index) {
    const item = this.#items[Math.max(0, Math.min(this.#items.length - 1, index))];
    if (item !== undefined) this.choose(this.#keyOf(item));
  }

  /** @param {MouseEvent} event */
  #click(event) {
    const row = event.target instanceof Element ? event.target.closest(".row") : null;
    if (!(row instanceof HTMLElement) || event.target instanceof HTMLAnchorElement) return;
    // Who marks text to copy it does not mean to open it.
    if (getSelection()?.isCollapsed === false) return;
    if (this.choose(row.dataset["key"] ?? "") && this.current !== undefined) this.#onOpen(this.current);
  }
}

/** @param {string} text */
function hash(text) {
  let value = 0;
  for (let index = 0; index < text.length; index += 1) value = (Math.imul(value, 31) + text.charCodeAt(index)) | 0;
  return (value >>> 0).toString(36);
}
