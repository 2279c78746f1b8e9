/**
 * A conversation of any length: bubbles of any height, of which a stretch is in the document. Who scrolls to an end of
 * it is shown more, and what is in sight stays where it is; who is at the newest one stays there.
 */
import { h } from "../dom.js";

/** @typedef {import("../row-window.js").Item} Item */

/** Bubbles in the document at most. */
const MOST = 160;
/** Drawn at first, and more at once. */
const FIRST = 60;
const STEP = 40;
/** So near to an end more is drawn, px. */
const NEAR = 1_000;
/** So near to the newest it counts as there, px. */
const AT_END = 40;

export class Chat extends EventTarget {
  #draw;
  #onEnd;
  #list = h("ol", { class: "bubbles" });
  /** @type {readonly Item[]} */
  #items = [];
  #first = 0;
  #last = 0;
  /** At the ends of the stretch: their places change as older ones come before them. @type {Item | undefined} */
  #firstItem;
  /** @type {Item | undefined} */
  #lastItem;
  /** @type {Map<Item, HTMLElement>} */
  #drawn = new Map();
  /** Whether the newest is kept in sight. */
  isFollowing = true;
  #chosen = "";
  /** Where it was scrolled to when that was last looked at. */
  #top = 0;
  #width = 0;
  /** The bubbles were changed here, and not by the reader. */
  #isPlaced = false;

  /**
   * `draw` makes a bubble; `onEnd` is told that the reader has come to an end of the items; `foot` stands after them.
   * @param {{draw: (item: Item) => HTMLElement, onEnd: (end: "first" | "last") => void, foot: HTMLElement}} options
   */
  constructor({ draw, onEnd, foot }) {
    super();
    this.#draw = draw;
    this.#onEnd = onEnd;
    this.element = h(
      "div",
      { class: "chat", tabindex: "0", role: "region", "aria-label": "Conversation, oldest first" },
      this.#list,
      foot,
    );
    this.element.addEventListener("scroll", () => this.#scrolled(), { passive: true });
    new ResizeObserver(() => this.stick()).observe(this.element);
    new ResizeObserver(([entry]) => this.#resized(entry?.contentRect.width ?? 0)).observe(this.#list);
  }

  /** @param {readonly Item[]} items */
  show(items) {
    this.#items = items;
    const first = this.#firstItem === undefined ? -1 : items.indexOf(this.#firstItem);
    const last = this.#lastItem === undefined ? -1 : items.indexOf(this.#lastItem);
    if (this.isFollowing || first === -1 || last === -1) {
      // As long as the newest is followed the stretch may not grow.
      const from = first === -1 ? items.length - FIRST : Math.max(first, items.length - FIRST);
      this.#place(Math.max(0, from), items.length);
    } else {
      this.#place(first, last + 1);
      this.#extend();
    }
  }

  /** The newest, and those that come. */
  follow() {
    this.isFollowing = true;
    this.#place(Math.max(0, this.#items.length - FIRST), this.#items.length);
    this.dispatchEvent(new Event("follow"));
  }

  /** Something below the bubbles has grown: the newest stays in sight, if it is followed. */
  stick() {
    if (!this.isFollowing) return;
    this.element.scrollTop = this.element.scrollHeight;
    this.#top = this.element.scrollTop;
  }

  /** Brings a message into sight and marks it. False: it is not there. @param {string} cursor */
  reveal(cursor) {
    const index = this.#items.findIndex((item) => item.cursor === cursor && item.gap === undefined);
    const item = this.#items[index];
    if (item === undefined) return false;
    this.isFollowing = false;
    this.#chosen = cursor;
    const first = Math.max(0, index - FIRST / 2);
    this.#place(first, Math.min(this.#items.length, first + FIRST));
    this.#mark();
    this.#drawn.get(item)?.scrollIntoView({ block: "center" });
    return true;
  }

  /** The oldest there is by now. */
  toFirst() {
    this.isFollowing = false;
    this.#place(0, Math.min(this.#items.length, FIRST));
    this.element.scrollTop = 0;
    this.dispatchEvent(new Event("follow"));
  }

  /** Goes to the next bubble, or the one before. @param {1 | -1} step */
  step(step) {
    const at = document.activeElement?.closest(".bubbles > li");
    const next = step === 1 ? at?.nextElementSibling : at?.previousElementSibling;
    const start = step === 1 ? this.#firstInSight() : this.#list.lastElementChild;
    const target = next ?? (at === null || at === undefined ? start : at);
    if (!(target instanceof HTMLElement)) return;
    target.focus({ preventScroll: true });
    target.scrollIntoView({ block: "nearest" });
  }

  /** @param {number} first @param {number} last */
  #place(first, last) {
    this.#isPlaced = true;
    const anchor = this.isFollowing ? undefined : this.#firstInSight();
    const before = anchor?.getBoundingClientRect().top ?? 0;
    this.#first = first;
    this.#last = last;
    this.#firstItem = this.#items[first];
    this.#lastItem = this.#items[last - 1];
    this.#reconcile(this.#items.slice(first, last));
    if (this.isFollowing) this.stick();
    else if (anchor?.isConnected === true) this.element.scrollTop += anchor.getBoundingClientRect().top - before;
  }

  /** @param {readonly Item[]} wanted */
  #reconcile(wanted) {
    const kept = new Set(wanted);
    for (const [item, element] of this.#drawn) {
      if (kept.has(item)) continue;
      element.remove();
      this.#drawn.delete(item);
    }
    /** @type {Element | null} */
    let next = this.#list.firstElementChild;
    for (const item of wanted) {
      let element = this.#drawn.get(item);
      if (element === undefined) {
        element = this.#draw(item);
        this.#drawn.set(item, element);
      }
      if (element === next) next = next.nextElementSibling;
      else this.#list.insertBefore(element, next);
    }
    this.#mark();
  }

  #mark() {
    for (const [{ cursor, gap }, element] of this.#drawn) {
      element.classList.toggle("chosen", cursor === this.#chosen && gap === undefined);
    }
  }

  #firstInSight() {
    const { top } = this.element.getBoundingClientRect();
    for (const element of this.#list.children) if (element.getBoundingClientRect().bottom > top) return element;
    return undefined;
  }

  /** Who unfolds something wants to read it: what comes may not push it out of sight. @param {number} width */
  #resized(width) {
    const isUnfolded = !this.#isPlaced && width === this.#width;
    this.#isPlaced = false;
    this.#width = width;
    if (isUnfolded) this.#setFollowing(this.isFollowing && this.#below < AT_END);
    else this.stick();
  }

  get #below() {
    const { scrollTop, clientHeight, scrollHeight } = this.element;
    return scrollHeight - scrollTop - clientHeight;
  }

  /** @param {boolean} isFollowing */
  #setFollowing(isFollowing) {
    if (isFollowing === this.isFollowing) return;
    this.isFollowing = isFollowing;
    this.dispatchEvent(new Event("follow"));
  }

  #scrolled() {
    const { scrollTop } = this.element;
    const below = this.#below;
    // What grows between a scroll and its event puts the end further away: only who scrolls up leaves it.
    const isMovedUp = scrollTop < this.#top;
    this.#top = scrollTop;
    const isNearEnd = below < AT_END && this.#last === this.#items.length;
    this.#setFollowing(isNearEnd || (this.isFollowing && !isMovedUp));
    if (this.isFollowing || (below < NEAR && this.#last === this.#items.length)) this.#onEnd("last");
    if (scrollTop < NEAR && this.#first === 0) this.#onEnd("first");
    if (!this.isFollowing) this.#extend();
  }

  /** Draws more where the reader is near an end of what is drawn, and there is more. */
  #extend() {
    if (this.element.scrollTop < NEAR && this.#first > 0) this.#up();
    else if (this.#below < NEAR && this.#last < this.#items.length) this.#down();
  }

  #up() {
    const first = Math.max(0, this.#first - STEP);
    this.#place(first, Math.min(this.#last, first + MOST));
  }

  #down() {
    const last = Math.min(this.#items.length, this.#last + STEP);
    this.#place(Math.max(this.#first, last - MOST), last);
  }
}
