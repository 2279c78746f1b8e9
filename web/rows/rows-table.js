/** A table of the rows of a topic, as the routing and the prompt inspector have it: filters, order, one row whole. */
import { getPage } from "../api.js";
import { fill, h } from "../dom.js";
import { oneLine } from "../format.js";
import { refine } from "../route.js";
import { RowWindow } from "../row-window.js";
import { gapText } from "./gap.js";
import { VirtualList } from "../virtual-list.js";
import { filterBar, filtersOf, windowFilter } from "./table-filters.js";
import { AS_THEY_COME, orderOf, sortButtons, sorted } from "./table-order.js";
import { ranged } from "./ranged.js";
import { idOf } from "./record.js";
import { threadNames } from "./threads.js";
import { rowsBar } from "./table-bar.js";

/**
 * @typedef {import("../api.js").Row} Row
 * @typedef {import("../row-window.js").Item} Item
 *
 * @typedef {object} Table
 * @property {string} topic
 * @property {string} title
 * @property {string} thing what a row is, `decision`
 * @property {boolean} tiers whether there are tiers to filter by
 * @property {number} tall the height of a row where there is no room, px
 * @property {Readonly<Record<string, (row: Row) => number | undefined>>} ranks what each column sorts by, `time` among them
 * @property {import("../dom.js").Child} head over what is no such column
 * @property {HTMLElement} above stands between the filters and the table
 * @property {HTMLButtonElement[]} more buttons of the view's own
 * @property {(row: Row, element: HTMLElement) => void} draw
 * @property {(row: Row) => import("../dom.js").Child[]} details
 * @property {(items: Item[]) => Item[]} choose which of the rows are shown; called before each drawing
 * @property {() => string} nothing why no row is shown though there are some
 */

const NARROW = matchMedia("(max-width: 720px)");

export class RowsTable {
  #context;
  #table;
  /** @type {RowWindow | undefined} */
  #rows;
  /** What the rows were asked for with. */
  #asked = "";
  #order = AS_THEY_COME;
  #frame = 0;
  #isClosed = false;
  /** The row that the details show. @type {Row | undefined} */
  #opened;
  /** @type {Map<number, string>} */
  #names;
  #list;
  #filters;
  #bar;
  #head = h("div", { class: "head", role: "group", "aria-label": "Sort the rows that are loaded by" });
  #note = h("p", { class: "note", hidden: true });

  /**
   * @param {import("../app.js").Context} context
   * @param {Table} table
   */
  constructor(context, table) {
    this.#context = context;
    this.#table = table;
    this.#names = threadNames(context.status());
    this.#filters = filterBar({
      status: context.status,
      tiers: table.tiers,
      filters: filtersOf(context.route.query),
      onChange: (filters) => this.#ask(filters),
    });
    this.#bar = rowsBar({
      things: `${table.thing}s`,
      onHold: () => this.hold(),
      onOlder: () => this.older(),
      onNewest: () => this.#newest(),
      more: table.more,
    });
    this.#list = this.#makeList();
    addEventListener("status", this.#onStatus);
    NARROW.addEventListener("change", this.#onWidth);
    context.root.classList.add("rows-table");
    fill(
      context.root,
      h("div", { class: "bar" }, h("h2", {}, table.title), this.#filters.element),
      table.above,
      this.#bar.element,
      this.#head,
      this.#note,
      this.#list.element,
    );
  }

  /** What the address says. @param {URLSearchParams} query */
  show(query) {
    const filters = filtersOf(query);
    this.#filters.show(filters);
    this.#sort(orderOf(query, Object.keys(this.#table.ranks)));
    this.#ask(filters, query.get("at") ?? "");
    const messageId = query.get("messageId") ?? "";
    if (messageId !== "") void this.#openMessage(messageId);
  }

  close() {
    this.#isClosed = true;
    this.#context.root.classList.remove("rows-table");
    cancelAnimationFrame(this.#frame);
    removeEventListener("status", this.#onStatus);
    NARROW.removeEventListener("change", this.#onWidth);
    this.#filters.close();
    this.#rows?.close();
  }

  /** Counts what comes, or follows it again. */
  hold() {
    if (this.#rows?.mode === "following") this.#rows.hold();
    else this.#newest();
  }

  older() {
    void this.#rows?.older();
  }

  /** The row that is chosen. */
  get current() {
    return this.#list.current?.row;
  }

  /** Its name on one line, its number where it has none. @param {number | undefined} threadId */
  nameOf(threadId) {
    return (threadId === undefined ? undefined : this.#names.get(threadId)) ?? String(threadId ?? "–");
  }

  /** Draws all rows anew. */
  redraw() {
    this.#list.redraw();
    this.request();
  }

  request() {
    if (this.#frame === 0 && !this.#isClosed) this.#frame = requestAnimationFrame(() => this.#paint());
  }

  /** Chooses a row and opens it; false if it is not there. @param {string} cursor */
  reveal(cursor) {
    const item = this.#rows?.items.find((candidate) => candidate.cursor === cursor && candidate.row !== undefined);
    if (item === undefined) return false;
    this.#list.choose(cursor);
    this.#open(item);
    return true;
  }

  #newest() {
    refine({ at: undefined });
    this.#rows?.release();
    if (this.#isByTime() && this.#order.ascending) this.#list.follow();
  }

  #makeList() {
    return new VirtualList({
      label: this.#table.title,
      rowHeight: NARROW.matches ? this.#table.tall : 24,
      keyOf: (/** @type {Item} */ item) => (item.gap === undefined ? item.cursor : `gap:${item.cursor}`),
      draw: (item, element) => this.#draw(item, element),
      onOpen: (item) => this.#open(item),
      onEnd: (end) => this.#onEnd(end),
    });
  }

  /** Where all rows are shown, the list's end is the window's. @param {"first" | "last"} end */
  #onEnd(end) {
    if (!this.#isByTime() || this.#bar.isPart) return;
    if ((end === "first") === this.#order.ascending) this.older();
    else void this.#rows?.newer();
  }

  #isByTime() {
    return this.#order.name === "time";
  }

  /**
   * Asks for rows, unless these are what is shown.
   * @param {import("./table-filters.js").Filters} filters
   * @param {string} [at]
   */
  #ask(filters, at = "") {
    const wanted = JSON.stringify(filters);
    if (wanted === this.#asked && (at === "" || this.reveal(at))) return;
    this.#asked = wanted;
    this.#rows?.close();
    const { connection } = this.#context;
    const rows = new RowWindow(ranged(connection), { topic: this.#table.topic, filter: windowFilter(filters) });
    this.#rows = rows;
    rows.addEventListener("change", () => this.request());
    this.#list.isFollowing = this.#isByTime() && this.#order.ascending && at === "";
    void rows.start(at).then(() => this.#rows === rows && rows.mode === "away" && this.#arrive(at));
  }

  /** At the row that the address names. @param {string} cursor */
  #arrive(cursor) {
    this.#paint();
    if (!this.reveal(cursor)) this.#context.announce("The row of this address is no longer there.");
  }

  /** The latest row of a message, wherever it lies. @param {string} messageId */
  async #openMessage(messageId) {
    const { topic, thing } = this.#table;
    const known = this.#rows?.items.findLast(({ row }) => row !== undefined && idOf(row["messageId"]) === messageId);
    if (known !== undefined && this.reveal(known.cursor)) return;
    try {
      const { items } = await getPage(topic, { messageId }, { n: 1 });
      if (this.#isClosed) return;
      if (items[0] !== undefined) this.#openRow(items[0]);
      else this.#tell(`There is no ${thing} about message ${oneLine(messageId, 80)}: its files may have been deleted.`);
    } catch (error) {
      this.#tell(error instanceof Error ? error.message : String(error));
    }
  }

  /** @param {string} text */
  #tell(text) {
    if (!this.#isClosed) this.#details([h("p", {}, text)]);
  }

  /** @param {Item} item */
  #open(item) {
    if (item.row === undefined) {
      void this.#rows?.fillGap(item);
      return;
    }
    refine({ at: item.cursor, messageId: undefined });
    this.#openRow(item.row);
  }

  /** @param {Row} row */
  #openRow(row) {
    this.#opened = row;
    this.#details(this.#table.details(row));
  }

  /** @param {import("../dom.js").Child[]} children */
  #details(children) {
    const { thing } = this.#table;
    this.#context.details.show(thing.charAt(0).toUpperCase() + thing.slice(1), children, () => {
      this.#opened = undefined;
      // If the view was left, the address is another's already.
      if (!this.#isClosed) refine({ at: undefined, messageId: undefined });
    });
  }

  /** @param {import("./table-order.js").Order} order */
  #sort(order) {
    const isOther = order.name !== this.#order.name || order.ascending !== this.#order.ascending;
    this.#order = order;
    const names = Object.keys(this.#table.ranks);
    fill(this.#head, ...sortButtons(names, order, (chosen) => this.#resort(chosen)), this.#table.head);
    if (!isOther) return;
    this.#list.isFollowing = this.#isByTime() && order.ascending;
    if (!this.#list.isFollowing) this.#list.element.scrollTop = 0;
    this.request();
  }

  /** @param {import("./table-order.js").Order} order */
  #resort(order) {
    refine({ sort: order.name === "time" ? undefined : order.name, dir: order.ascending ? undefined : "desc" });
    this.#sort(order);
    const pressed = this.#head.querySelector('[aria-pressed="true"]');
    if (pressed instanceof HTMLElement) pressed.focus();
    this.#context.announce(`Sorted by ${order.name}, ${order.ascending ? "ascending" : "descending"}`);
  }

  #paint() {
    cancelAnimationFrame(this.#frame);
    this.#frame = 0;
    const rows = this.#rows;
    if (rows === undefined || this.#isClosed) return;
    const shown = this.#inOrder(this.#table.choose(rows.items.slice()));
    const { element } = this.#list;
    const isAsTheyCome = this.#isByTime() && this.#order.ascending;
    // Rows come in anywhere: who is at the top stays there, and there is no end to follow.
    const isAtTop = !isAsTheyCome && element.scrollTop === 0;
    if (!isAsTheyCome) this.#list.isFollowing = false;
    this.#list.show(shown);
    if (isAtTop) element.scrollTop = 0;
    this.#bar.show(rows, { shown: shown.length, order: this.#isByTime() ? "" : this.#order.name });
    this.#drawNote(rows, shown.length);
  }

  /** @param {Item[]} items */
  #inOrder(items) {
    const { name, ascending } = this.#order;
    if (this.#isByTime()) return ascending ? items : items.toReversed();
    const rank = this.#table.ranks[name] ?? (() => undefined);
    return sorted(items, ({ row }) => (row === undefined ? undefined : rank(row)), ascending);
  }

  /** @param {RowWindow} rows @param {number} shown */
  #drawNote(rows, shown) {
    this.#note.hidden = shown > 0;
    this.#list.element.hidden = shown === 0;
    if (shown > 0) return;
    let text = `No ${this.#table.thing} is like that: loosen the filters, or wait for the next message.`;
    if (rows.mode === "loading" || rows.isBusy) text = "Loading…";
    else if (rows.error !== "") text = `${rows.error} Change the filters, or reload the page.`;
    else if (rows.items.length > 0) text = this.#table.nothing();
    if (this.#note.textContent !== text) fill(this.#note, text);
  }

  /** @param {Item} item @param {HTMLElement} element */
  #draw({ row, gap }, element) {
    if (row !== undefined) {
      if (typeof row["raw"] === "string" && row["messageId"] === undefined) {
        fill(element, h("span", { class: "whole bad" }, `A line that is no record: ${oneLine(row["raw"])}`));
      } else {
        this.#table.draw(row, element);
      }
    } else if (gap !== undefined) {
      fill(element, h("span", { class: "whole warn" }, gapText(gap)));
    }
  }

  #onStatus = () => {
    const names = threadNames(this.#context.status());
    if (JSON.stringify([...names]) === JSON.stringify([...this.#names])) return;
    this.#names = names;
    this.redraw();
    // It names its thread as well.
    if (this.#opened !== undefined) this.#openRow(this.#opened);
  };

  #onWidth = () => {
    const list = this.#makeList();
    list.isFollowing = this.#list.isFollowing;
    this.#list.element.replaceWith(list.element);
    this.#list = list;
    this.request();
  };
}
