/** The threads to choose from: at the side of one, or alone. */
import { fill, h } from "../dom.js";
import { ago, count } from "../format.js";
import { link } from "../route.js";
import { modelBadge } from "../rows/badges.js";
import { isWorking, threadName, threadsOf } from "../rows/threads.js";

/** In the document at most. */
const MOST = 120;

export class ThreadList {
  #status;
  #chosen;
  #isWhole;
  #shown = "";
  #list = h("ul", {});
  #note = h("p", { class: "dim", hidden: true });
  #typed = h("input", {
    type: "search",
    "aria-label": "Find a thread by its name",
    placeholder: "Thread…",
    oninput: () => this.update(),
  });

  /**
   * `isWhole`: it is the view, and says more of each.
   * @param {() => any} status
   * @param {{chosen?: number, isWhole?: boolean}} [options]
   */
  constructor(status, { chosen = 0, isWhole = false } = {}) {
    this.#status = status;
    this.#chosen = chosen;
    this.#isWhole = isWhole;
    const name = isWhole ? "threads whole" : "threads";
    this.element = h(
      "div",
      { class: name, role: "navigation", "aria-label": "Threads" },
      this.#typed,
      this.#list,
      this.#note,
    );
  }

  update() {
    const status = this.#status();
    const typed = this.#typed.value.toLowerCase();
    const all = threadsOf(status).map((thread) => ({ thread, name: threadName(status, thread.id) }));
    const found = all.filter(({ name, thread }) => `${name} ${thread.id}`.toLowerCase().includes(typed));
    const shown = found.slice(0, MOST).map(({ thread, name }) => ({
      id: thread.id,
      name,
      isWorking: isWorking(status, thread.id),
      ...(this.#isWhole && { model: thread["model"], active: ago(thread["lastActive"]) }),
    }));
    const text = JSON.stringify([shown, found.length, all.length, status === undefined]);
    if (text === this.#shown) return;
    this.#shown = text;
    const focused = this.#list.contains(document.activeElement) ? document.activeElement?.getAttribute("href") : null;
    fill(this.#list, ...shown.map((entry) => this.#entry(entry)));
    if (focused !== null && focused !== undefined) {
      for (const anchor of this.#list.querySelectorAll("a"))
        if (anchor.getAttribute("href") === focused) anchor.focus();
    }
    this.#note.textContent = noteOf(status === undefined, all.length, found.length);
    this.#note.hidden = this.#note.textContent === "";
  }

  /** @param {{id: number, name: string, isWorking: boolean, model?: unknown, active?: string}} entry */
  #entry({ id, name, isWorking: works, model, active }) {
    const mark =
      works && h("span", { class: "good", title: "at work" }, "●", h("span", { class: "unseen" }, " at work"));
    const more = this.#isWhole ? [modelBadge(model), h("span", { class: "dim" }, active)] : [];
    const current = id === this.#chosen ? "page" : undefined;
    return h("li", {}, h("a", { href: link("thread", id), "aria-current": current }, `#${name}`), mark, ...more);
  }
}

/** @param {boolean} isWaiting @param {number} all @param {number} found */
function noteOf(isWaiting, all, found) {
  if (isWaiting) return "Loading…";
  if (all === 0) return "No thread yet: write something to the bot in a topic of its Telegram group.";
  if (found === 0) return "No thread is called so.";
  return found > MOST ? `${count(found - MOST)} more: type a part of the name.` : "";
}
