/** One topic: its conversation, the turn in progress, what it is set to. */
import { fill, h } from "../dom.js";
import { count } from "../format.js";
import { currentRoute, link, refine } from "../route.js";
import { RowWindow } from "../row-window.js";
import { placeOf } from "../rows/message-place.js";
import { threadIdOf } from "../rows/record.js";
import { renameThreads, threadName, threadOf } from "../rows/threads.js";
import { bubbleOf } from "./thread-bubble.js";
import { Chat } from "./thread-chat.js";
import { ThreadConfig } from "./thread-config.js";
import { ThreadList } from "./thread-list.js";
import { Now } from "./thread-now.js";

/** @param {import("../app.js").Context} context @returns {import("../app.js").Shown} */
export function showThread(context) {
  let shown = showOne(context);
  return {
    close: () => shown.close(),
    update(route) {
      shown.close();
      context.details.close();
      shown = showOne({ ...context, route });
    },
    keys: [
      { key: "f", does: "to the newest message, and follow", run: () => shown.toNewest() },
      { key: "G", does: "to the newest message, and follow", run: () => shown.toNewest() },
      { key: "g", does: "to the oldest message loaded", run: () => shown.toFirst() },
      { key: "j", does: "next message", run: () => shown.step(1) },
      { key: "k", does: "previous message", run: () => shown.step(-1) },
      { key: "c", does: "configuration, shown or not", run: () => shown.toggleConfig() },
    ],
  };
}

/** @param {import("../app.js").Context} context */
function showOne(context) {
  const id = threadIdOf(context.route.part);
  return id === undefined ? showChoice(context) : new ThreadView(context, id);
}

/** @param {import("../app.js").Context} context */
function showChoice({ root, status, route }) {
  const list = new ThreadList(status, { isWhole: true });
  const wrong = route.part !== "" && h("p", { class: "bad" }, "The address names no thread: choose one.");
  fill(root, h("div", { class: "thread-choice" }, h("h2", {}, "Threads"), wrong, list.element));
  const update = () => list.update();
  addEventListener("status", update);
  update();
  return {
    close: () => removeEventListener("status", update),
    toNewest() {},
    toFirst() {},
    step() {},
    toggleConfig() {},
  };
}

class ThreadView {
  #context;
  #id;
  #end = new AbortController();
  #window;
  #chat;
  #config;
  #list;
  #title = h("h2", {});
  #newest = h("button", { type: "button", onclick: () => this.toNewest() }, "Newest");
  #note = h("p", { class: "note", hidden: true });
  #frame = 0;

  /** @param {import("../app.js").Context} context @param {number} id */
  constructor(context, id) {
    const { status, connection, root, route } = context;
    const { signal } = this.#end;
    this.#context = context;
    this.#id = id;
    this.#window = new RowWindow(connection, { topic: "messages", filter: { threadId: id }, tail: 200 });
    this.#config = new ThreadConfig(id, status, signal);
    this.#list = new ThreadList(status, { chosen: id });
    const now = new Now(context, id, {
      signal,
      onGrown: () => this.#chat.stick(),
      onEnd: () => context.announce("The turn is over"),
    });
    const bubbles = {
      threadId: id,
      status,
      signal,
      fillGap: (/** @type {any} */ item) => void this.#window.fillGap(item),
    };
    this.#chat = new Chat({
      draw: (item) => bubbleOf(item, bubbles),
      onEnd: (end) => void (end === "first" ? this.#window.older() : this.#window.newer()),
      foot: now.element,
    });
    this.#chat.addEventListener("follow", () => this.#followed());
    this.#window.addEventListener("change", () => this.#request());
    const more = [
      h("a", { href: link("thread"), class: "to-all" }, "All threads"),
      h("a", { href: link("feed", "", { thread: id }) }, "Feed"),
      h("a", { href: link("routing", "", { thread: id }) }, "Routing"),
      h("a", { href: link("prompts", "", { thread: id }) }, "Prompts"),
    ];
    const bar = h("div", { class: "bar" }, this.#title, ...more, this.#newest);
    const main = h("div", { class: "talk" }, bar, this.#note, this.#chat.element);
    fill(root, h("div", { class: "thread-sheet" }, this.#list.element, main, this.#config.element));
    addEventListener("status", () => this.#status(), { signal });
    this.#status();
    void this.#start(route);
  }

  close() {
    this.#end.abort();
    this.#window.close();
    cancelAnimationFrame(this.#frame);
  }

  toNewest() {
    if (currentRoute().query.has("at")) refine({ at: "", messageId: "" });
    this.#window.release();
    this.#chat.follow();
    this.#request();
  }

  toFirst() {
    this.#chat.toFirst();
  }

  /** @param {1 | -1} step */
  step(step) {
    this.#chat.step(step);
  }

  toggleConfig() {
    this.#config.element.open = !this.#config.element.open;
  }

  /** With a message in the address, at that one. @param {import("../route.js").Route} route */
  async #start({ query }) {
    const { at } = await placeOf(query, { threadId: this.#id }, this.#end.signal);
    if (this.#end.signal.aborted) return;
    if (at !== "") this.#chat.isFollowing = false;
    await this.#window.start(at);
    if (at === "" || this.#end.signal.aborted) return;
    this.#chat.show(this.#window.items);
    this.#chat.reveal(at);
    this.#draw();
  }

  /** Who scrolls away from the newest holds what comes, and who comes back lets it go. */
  #followed() {
    if (!this.#chat.isFollowing) this.#window.hold();
    else if (this.#window.mode === "held") this.#window.release();
    this.#request();
  }

  #status() {
    const name = `#${threadName(this.#context.status(), this.#id)}`;
    if (this.#title.textContent !== name) this.#title.textContent = name;
    renameThreads(this.#chat.element, this.#context.status());
    this.#config.update();
    this.#list.update();
  }

  #request() {
    if (this.#frame !== 0 || this.#end.signal.aborted) return;
    this.#frame = requestAnimationFrame(() => {
      this.#frame = 0;
      this.#draw();
    });
  }

  #draw() {
    const { items, waiting, error, mode } = this.#window;
    this.#chat.show(items);
    const isAtEnd = this.#chat.isFollowing && mode === "following";
    this.#newest.disabled = isAtEnd;
    this.#newest.textContent = waiting > 0 ? `${count(waiting)} waiting` : "Newest";
    const isEmpty = items.length === 0;
    this.#note.hidden = error === "" && !(isEmpty && mode !== "loading");
    if (this.#note.hidden) return;
    const again = h("button", { type: "button", onclick: () => this.toNewest() }, "Show the newest");
    if (error !== "") fill(this.#note, h("span", { class: "bad" }, error), " ", again);
    else fill(this.#note, this.#emptyText());
  }

  #emptyText() {
    if (threadOf(this.#context.status(), this.#id) !== undefined) return "No message in this thread yet.";
    return `There is no thread ${this.#id}: choose another one, or write in that topic to begin it.`;
  }
}
