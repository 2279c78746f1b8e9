/** The logs of the bot's parts, by themselves or as one. */
import { fill, h } from "../dom.js";
import { fullTime, size } from "../format.js";
import { parseQuery } from "../query.js";
import { currentRoute, go, link, refine } from "../route.js";
import { LOG_SOURCES } from "../topics.js";
import { VirtualList } from "../virtual-list.js";
import { logBar } from "./logs-bar.js";
import { LogFeed } from "./logs-feed.js";
import { Histogram } from "./logs-histogram.js";
import { copy, writtenLine } from "./logs-copy.js";
import { ERRORS, find, hits, nothing, WARNINGS } from "./logs-jump.js";
import { drawLine, textOf } from "./logs-line.js";
import { exportPanel, filesPanel, lineDetails, syntaxPanel } from "./logs-panels.js";

/**
 * @typedef {import("../app.js").Context} Context
 * @typedef {import("../route.js").Route} Route
 * @typedef {import("./logs-feed.js").Entry} Entry
 */

const ROW_HEIGHT = 20;

/** @param {Context} context @returns {import("../app.js").Shown} */
export function showLogs(context) {
  const view = new LogsView(context);
  view.update(context.route);
  return view;
}

class LogsView {
  #context;
  #bar;
  #list;
  #histogram;
  #note = h("div", { class: "note", hidden: true });
  /** @type {LogFeed} */
  #feed;
  #query = parseQuery("");
  #source = "";
  #text = "";
  #isContext = false;
  /** The line to be chosen as soon as it is there. */
  #wanted = "";
  #isWantedOpen = false;
  #isClosed = false;
  keys;

  /** @param {Context} context */
  constructor(context) {
    this.#context = context;
    this.#bar = logBar({
      search: (text) => this.#search(text),
      follow: () => this.#toggle(),
      context: () => this.#switchContext(),
      files: () => this.#openFiles(),
      exported: () => context.details.show("Export", exportPanel(this.#sources, this.#query)),
      syntax: () => context.details.show("How to search", syntaxPanel()),
      older: () => void this.#feed.older(),
    });
    this.#histogram = new Histogram((time) => this.#goTo(time));
    this.#list = new VirtualList({
      label: "Log lines",
      rowHeight: ROW_HEIGHT,
      keyOf: (/** @type {Entry} */ entry) => entry.key,
      draw: (entry, element) => this.#drawEntry(entry, element),
      onOpen: (entry) => this.#open(entry),
      onEnd: (end) => void (end === "first" ? this.#feed.older() : this.#feed.newer()),
    });
    this.#list.addEventListener("follow", () => this.#followed());
    this.#list.element.addEventListener("pointerover", ({ target }) => nameDate(target));
    this.#feed = this.#newFeed();
    this.keys = this.#keys();
    fill(context.root, this.#bar.element, this.#histogram.element, this.#list.element, this.#note);
  }

  /** @param {Route} route */
  update({ part, query }) {
    const source = LOG_SOURCES.find((name) => name === part) ?? "";
    const [text, at] = [query.get("q") ?? "", query.get("at") ?? ""];
    this.#source = source;
    this.#text = text;
    this.#isContext = query.get("show") === "all";
    this.#query = parseQuery(text);
    this.#bar.showRoute({ source, text, isContext: this.#isContext, problem: this.#query.error });
    const of = LOG_SOURCES.find((name) => name === (source || query.get("of")));
    this.#begin(at !== "" && of !== undefined ? { source: of, cursor: at } : undefined, query.get("open") === "1");
  }

  close() {
    this.#isClosed = true;
    this.#bar.close();
    this.#feed.close();
  }

  get #sources() {
    return this.#source === "" ? LOG_SOURCES : [this.#source];
  }

  #newFeed() {
    const { connection } = this.#context;
    const feed = new LogFeed(connection, { sources: this.#sources, query: this.#query, isFiltering: !this.#isContext });
    feed.addEventListener("change", () => this.#changed(feed));
    return feed;
  }

  /**
   * @param {{source: string, cursor: string}} [at]
   * @param {boolean} [isOpen]
   */
  #begin(at, isOpen = false) {
    this.#feed.close();
    this.#feed = this.#newFeed();
    this.#wanted = at === undefined ? "" : `${at.source} ${at.cursor}`;
    this.#isWantedOpen = isOpen;
    this.#list.isFollowing = at === undefined;
    this.#list.show([]);
    this.#list.redraw();
    void this.#feed.start(at);
  }

  /** @param {LogFeed} feed */
  #changed(feed) {
    if (feed !== this.#feed || this.#isClosed) return;
    this.#list.show(feed.entries);
    this.#histogram.show(feed.entries);
    this.#bar.showFeed(feed);
    this.#drawNote(feed);
    const entry = this.#wanted === "" ? undefined : feed.entries.find(({ key }) => key === this.#wanted);
    if (entry === undefined) return;
    this.#wanted = "";
    this.#list.choose(entry.key);
    if (this.#isWantedOpen) this.#open(entry);
  }

  /** @param {LogFeed} feed */
  #drawNote({ entries, error, mode, loaded, isBusy }) {
    this.#note.hidden = error === "" && entries.length > 0;
    const button = (/** @type {string} */ text, /** @type {() => void} */ run) =>
      h("button", { type: "button", onclick: run }, text);
    if (this.#note.hidden) return;
    const again = button("Try again", () => this.update(currentRoute()));
    if (error !== "") fill(this.#note, h("span", { class: "bad" }, `The log cannot be read: ${error} `), again);
    else if (mode === "loading" || isBusy) fill(this.#note, "Reading the log…");
    else if (this.#query.isEmpty)
      fill(this.#note, "There is no line yet. As soon as the bot is started, its lines appear here.");
    else {
      const clear = button("Clear the search", () => this.#search("", true));
      fill(
        this.#note,
        `No line fits, of ${loaded} that were loaded. `,
        button("Search whole files", () => this.#openFiles()),
        " ",
        clear,
      );
    }
  }

  /**
   * @param {Entry} entry
   * @param {HTMLElement} element
   */
  #drawEntry({ source, item: { row, gap }, time }, element) {
    element.classList.add("log-row");
    const ranges = (/** @type {string} */ text) => this.#query.ranges(text);
    if (row !== undefined) drawLine(element, { row, source, time, hasSource: this.#source === "" }, ranges);
    else {
      const what = `${size(gap?.bytes)} of ${source} are missing here (${gap?.reason ?? "unknown"})`;
      fill(
        element,
        h(
          "span",
          { class: "text warn" },
          typeof gap?.from !== "string" ? what : `${what}: Enter or a click loads what is left`,
        ),
      );
    }
  }

  /** @param {Entry} entry */
  #open(entry) {
    if (entry.item.gap !== undefined) {
      void this.#feed.fillGap(entry);
      return;
    }
    this.#pause();
    const { details } = this.#context;
    const button = (/** @type {string} */ text, /** @type {() => void} */ run) =>
      h("button", { type: "button", onclick: run }, text);
    const actions = [
      button("Copy", () => this.#copy(entry)),
      button("Copy the address", () => this.#copyAddress(entry)),
      h("a", { href: this.#around(entry) }, "Lines around it"),
    ];
    const place = { at: entry.item.cursor, of: this.#of(entry.source) };
    details.show("Line", lineDetails(entry, actions), () => {
      if (!this.#isClosed) refine({ open: undefined });
    });
    refine({ ...place, open: 1 });
    // The panel has taken room from the list.
    requestAnimationFrame(() => this.#list.choose(entry.key));
  }

  /** @param {Entry} entry */
  #around({ source, item: { cursor } }) {
    return link("logs", this.#source, { q: this.#text, show: "all", at: cursor, of: this.#of(source) });
  }

  /**
   * @param {string} text
   * @param {boolean} [isShown] whether it is to be put into the field
   */
  #search(text, isShown = false) {
    if (isShown) this.#bar.input.value = text;
    if (text === this.#text) return;
    refine({ q: text, at: undefined, of: undefined, open: undefined });
    this.update(currentRoute());
  }

  #pause() {
    this.#list.isFollowing = false;
    this.#feed.hold();
  }

  #toggle() {
    if (this.#feed.mode === "following") {
      this.#pause();
      this.#context.announce("Paused");
      return;
    }
    refine({ at: undefined, of: undefined, open: undefined });
    this.#feed.release();
    this.#list.follow();
    this.#context.announce("Following");
  }

  /** The list has come to its end, or left it. */
  #followed() {
    if (!this.#list.isFollowing) this.#feed.hold();
    else if (this.#feed.mode === "away") this.#list.isFollowing = false;
    else this.#feed.release();
  }

  #switchContext() {
    const entry = this.#list.current;
    const place = entry === undefined ? {} : { at: entry.item.cursor, of: this.#of(entry.source) };
    go(link("logs", this.#source, { q: this.#text, show: this.#isContext ? undefined : "all", ...place }));
  }

  #openFiles() {
    const { details, announce } = this.#context;
    const panel = filesPanel({ sources: this.#sources, phrase: this.#query.phrase, text: this.#text, announce });
    details.show("Whole files", panel.children, panel.close);
    panel.input.focus();
  }

  /** @param {number} time */
  #goTo(time) {
    const entry = this.#feed.entries.find((other) => other.time >= time);
    if (entry === undefined) return;
    this.#pause();
    this.#list.choose(entry.key);
  }

  /**
   * @param {1 | -1} direction
   * @param {import("./logs-jump.js").Kind} kind
   */
  async #jump(direction, kind) {
    const { announce } = this.#context;
    const feed = this.#feed;
    const { entry, further } = await find(feed, () => this.#list.chosen, direction, kind);
    if (feed !== this.#feed || this.#isClosed) return;
    if (entry !== undefined) {
      this.#pause();
      this.#list.choose(entry.key);
      announce(entry.item.row === undefined ? "" : textOf(entry.item.row).slice(0, 200));
    } else if (further === undefined) announce(nothing(direction, kind));
    else {
      const show = this.#isContext ? "all" : undefined;
      go(link("logs", this.#source, { q: this.#text, show, at: further.cursor, of: this.#of(further.source) }));
    }
  }

  /** The log of a line, where the address does not say it already. @param {string} source */
  #of(source) {
    return this.#source === "" ? source : undefined;
  }

  /** @param {Entry | undefined} entry */
  #copy(entry) {
    const row = entry?.item.row;
    if (row !== undefined) void copy(this.#context, writtenLine(row), "The line");
  }

  /** @param {Entry | undefined} entry */
  #copyAddress(entry) {
    if (entry !== undefined) void copy(this.#context, `${location.origin}/${this.#around(entry)}`, "The address");
  }

  #keys() {
    const chosen = () => this.#list.current;
    const jump = (/** @type {1 | -1} */ direction, /** @type {() => import("./logs-jump.js").Kind} */ kind) => () =>
      void this.#jump(direction, kind());
    return [
      { key: "f", does: "follow what comes, or pause", run: () => this.#toggle() },
      { key: "n", does: "next hit of the search", run: jump(1, () => hits(this.#query)) },
      { key: "N", does: "hit before", run: jump(-1, () => hits(this.#query)) },
      { key: "e", does: "next error", run: jump(1, () => ERRORS) },
      { key: "E", does: "error before", run: jump(-1, () => ERRORS) },
      { key: "w", does: "next warning", run: jump(1, () => WARNINGS) },
      { key: "W", does: "warning before", run: jump(-1, () => WARNINGS) },
      { key: "c", does: "all lines around the chosen one, hits marked", run: () => this.#switchContext() },
      { key: "s", does: "search whole files", run: () => this.#openFiles() },
      { key: "y", does: "copy the chosen line", run: () => this.#copy(chosen()) },
      { key: "Y", does: "copy its address", run: () => this.#copyAddress(chosen()) },
    ];
  }
}

/** The whole date, only when it is asked for: to write it for each row is most of the work of drawing. @param {EventTarget | null} target */
function nameDate(target) {
  if (target instanceof HTMLTimeElement && target.title === "") target.title = fullTime(Date.parse(target.dateTime));
}
