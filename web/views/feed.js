/** Every message as it comes, in and out. */
import { byId, fill, h } from "../dom.js";
import { count } from "../format.js";
import { currentRoute, go, link, refine } from "../route.js";
import { RowWindow } from "../row-window.js";
import { renameThreads } from "../rows/threads.js";
import { messageDetails } from "../rows/message.js";
import { placeOf } from "../rows/message-place.js";
import { turnOfMessage } from "../rows/turn-of-message.js";
import { VirtualList } from "../virtual-list.js";
import { FeedFilters, filtersOf, isFiltered, windowFilter } from "./feed-filters.js";
import { drawItem, ROW_HEIGHT, TALL_ROW_HEIGHT } from "./feed-rows.js";
import { threadIdOf } from "../rows/record.js";

/**
 * @typedef {import("../row-window.js").Item} Item
 * @typedef {import("../app.js").Context} Context
 */

const narrow = matchMedia("(max-width: 720px)");

/** @param {Context} context @returns {import("../app.js").Shown} */
export function showFeed(context) {
  const feed = new Feed(context);
  feed.start(context.route);
  return {
    close: () => feed.close(),
    update: (route) => {
      context.details.close();
      feed.start(route);
    },
    keys: [
      { key: "p", does: "pause, or go on", run: () => feed.togglePause() },
      { key: "f", does: "to the newest, and follow", run: () => feed.toNewest() },
      { key: "t", does: "to the thread of the row", run: () => feed.toThread() },
    ],
  };
}

class Feed {
  #context;
  #filters;
  #pause = h("button", { type: "button", "aria-pressed": "false", onclick: () => this.togglePause() }, "Pause");
  #newest = h("button", { type: "button", onclick: () => this.toNewest() }, "Newest");
  #state = h("span", { class: "dim", id: "feed-state" });
  #place = h("div", { class: "feed-list" });
  #note = h("div", { class: "note", hidden: true });
  /** @type {RowWindow | undefined} */
  #window;
  /** @type {VirtualList<Item> | undefined} */
  #list;
  /** By hand, and not by scrolling away. */
  #isPaused = false;
  #isClosed = false;
  #frame = 0;
  #loading = new AbortController();
  #names = "";
  #onStatus = () => {
    this.#filters.threads(this.#context.status());
    if (this.#names === this.#filters.names) return;
    this.#list?.redraw();
    renameThreads(byId("details"), this.#context.status());
    this.#names = this.#filters.names;
  };
  #onNarrow = () => this.start(undefined);
  #query = new URLSearchParams();

  /** @param {Context} context */
  constructor(context) {
    this.#context = context;
    this.#filters = new FeedFilters((changes) => {
      refine({ ...changes, at: "", messageId: "" });
      this.start(currentRoute());
    });
    const heading = h("h2", { class: "unseen" }, "Feed");
    const bar = h("div", { class: "bar" }, ...this.#filters.elements, this.#pause, this.#newest, this.#state);
    fill(context.root, heading, bar, this.#note, this.#place);
    addEventListener("status", this.#onStatus);
    narrow.addEventListener("change", this.#onNarrow);
  }

  /** Begins anew, with what the address says. @param {{query: URLSearchParams} | undefined} route */
  start(route) {
    if (route !== undefined) this.#query = route.query;
    const query = this.#query;
    const filters = filtersOf(query);
    this.#filters.show(filters, this.#context.status());
    this.#window?.close();
    this.#isPaused = false;
    const filter = windowFilter(filters);
    const window = new RowWindow(this.#context.connection, { topic: "messages", filter });
    this.#window = window;
    this.#makeList(window);
    window.addEventListener("change", () => this.#request());
    void this.#begin(window, filter);
  }

  /** At the row or the message that the address names. @param {RowWindow} window @param {Record<string, unknown>} filter */
  async #begin(window, filter) {
    const query = this.#query;
    const messageId = query.get("messageId");
    const { at, missing } = await placeOf(query, filter, this.#loading.signal);
    // Who has gone to the newest meanwhile is there.
    if (window !== this.#window || this.#isClosed || query.get("messageId") !== messageId) return;
    await window.start(at);
    if (at !== "") this.#arrive(window, at);
    else if (missing !== "") this.#show([h("p", {}, missing)]);
  }

  close() {
    this.#isClosed = true;
    this.#window?.close();
    this.#loading.abort();
    cancelAnimationFrame(this.#frame);
    removeEventListener("status", this.#onStatus);
    narrow.removeEventListener("change", this.#onNarrow);
  }

  togglePause() {
    this.#isPaused = !this.#isPaused;
    if (this.#isPaused) this.#window?.hold();
    else this.toNewest();
    this.#context.announce(this.#isPaused ? "Paused" : "Live again");
    this.#request();
  }

  toNewest() {
    this.#isPaused = false;
    this.#leave();
    this.#window?.release();
    this.#list?.follow();
    this.#request();
  }

  toThread() {
    const id = threadIdOf(this.#list?.current?.row?.["threadId"]);
    if (id !== undefined) go(link("thread", id));
  }

  /** @param {RowWindow} window */
  #makeList(window) {
    const list = new VirtualList({
      label: "Messages, oldest first",
      rowHeight: narrow.matches ? TALL_ROW_HEIGHT : ROW_HEIGHT,
      keyOf: (/** @type {Item} */ { cursor, gap }) => (gap === undefined ? cursor : `gap ${cursor}`),
      draw: (item, element) => drawItem(item, element, this.#context.status()),
      onOpen: (item) => this.#open(item),
      onEnd: (end) => void (end === "first" ? window.older() : window.newer()),
    });
    list.element.classList.toggle("tall", narrow.matches);
    list.addEventListener("follow", () => this.#followed());
    this.#list = list;
    fill(this.#place, list.element);
  }

  /** Who scrolls away from the end holds it, and who comes back lets it go. */
  #followed() {
    if (this.#list?.isFollowing === false) this.#window?.hold();
    else if (!this.#isPaused && this.#window?.mode === "held") this.#window.release();
    this.#request();
  }

  /** @param {RowWindow} window @param {string} at */
  #arrive(window, at) {
    const list = this.#list;
    if (window !== this.#window || window.mode !== "away" || list === undefined || this.#isClosed) return;
    list.isFollowing = false;
    list.show(window.items);
    if (list.choose(at) && list.current !== undefined) this.#open(list.current);
    this.#request();
  }

  /** @param {Item} item */
  #open(item) {
    if (item.gap !== undefined) {
      void this.#window?.fillGap(item);
      this.#context.announce("Loading what is missing");
      return;
    }
    const { row, cursor } = item;
    if (row === undefined) return;
    refine({ at: cursor, messageId: "" });
    this.#query.set("at", cursor);
    this.#query.delete("messageId");
    const turn = turnOfMessage(row, this.#loading.signal);
    this.#show([...messageDetails(row, this.#context.status()), turn?.button, turn?.place]);
  }

  /** As long as the address names what is shown. @param {import("../dom.js").Child[]} children */
  #show(children) {
    const shown = location.hash;
    this.#context.details.show("Message", children, () => {
      if (location.hash === shown) this.#leave();
    });
  }

  #request() {
    if (this.#frame !== 0 || this.#isClosed) return;
    this.#frame = requestAnimationFrame(() => {
      this.#frame = 0;
      this.#draw();
    });
  }

  #draw() {
    const [window, list] = [this.#window, this.#list];
    if (window === undefined || list === undefined) return;
    list.show(window.items);
    this.#pause.setAttribute("aria-pressed", String(this.#isPaused));
    this.#pause.textContent = this.#isPaused ? "Paused" : "Pause";
    const isAtEnd = list.isFollowing && window.mode === "following";
    this.#newest.disabled = isAtEnd;
    this.#newest.textContent = window.waiting > 0 ? `${count(window.waiting)} waiting` : "Newest";
    this.#newest.title = window.waiting > 0 ? "Show what waits, and follow (f)" : "To the newest, and follow (f)";
    this.#state.textContent = stateText(window);
    this.#drawNote(window);
  }

  /** What is to be done where there is nothing to see. @param {RowWindow} window */
  #drawNote(window) {
    const { error, items, mode } = window;
    const isEmpty = items.length === 0;
    this.#note.hidden = !(error !== "" || (isEmpty && mode !== "loading"));
    if (this.#note.hidden) return;
    const again = h("button", { type: "button", onclick: () => this.#startAgain() }, "Show the newest");
    const clear = h("button", { type: "button", onclick: () => this.#filters.clear() }, "Clear the filters");
    if (error !== "") fill(this.#note, h("span", { class: "bad" }, error), " ", again);
    else if (isFiltered(this.#query)) fill(this.#note, "No message passes these filters. ", clear);
    else fill(this.#note, "No message yet. Write one to the bot in Telegram, and it appears here.");
  }

  #startAgain() {
    this.#leave();
    this.start(undefined);
  }

  /** No row is meant by the address any more. */
  #leave() {
    if (!this.#query.has("at") && !this.#query.has("messageId")) return;
    refine({ at: "", messageId: "" });
    this.#query.delete("at");
    this.#query.delete("messageId");
  }
}

/** @param {RowWindow} window */
function stateText({ mode, items, isBusy, hasOlder }) {
  const rows = `${count(items.length)} rows${hasOlder ? "" : ", all there are"}`;
  if (mode === "loading" || isBusy) return "loading…";
  if (mode === "away") return `${rows}, in the past`;
  return rows;
}
