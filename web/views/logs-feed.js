/**
 * Lines of one or more logs in one list by their times, of which those are shown that the search is true of.
 *
 * What lies before the oldest line of a log that has more before it is not shown: else a line would seem to be the first
 * where others are not loaded yet. The same goes for the newest end, where the list lies in the past.
 */
import { getPage } from "../api.js";
import { RowWindow } from "../row-window.js";
import { levelOf, lineTime, textOf } from "./logs-line.js";

/**
 * @typedef {import("../row-window.js").Item} Item
 * @typedef {{key: string, source: string, item: Item, time: number, level: number | undefined, isHit?: boolean}} Entry
 */

/** Of one look at lines that have not been looked at; the rest has its turn in the next frame. */
const SLICE_MS = 20;
/** Between two drawings, so that a thousand lines a second are no thousand drawings. */
const EVERY_MS = 100;
/** Pages that are asked for by itself when few of their lines fit. */
const MOST_FILLS = 20;
const ENOUGH = 80;
/** Those who write a log are not in step: a line may be that much older than one before it. */
const DISORDER_MS = 60_000;

export class LogFeed extends EventTarget {
  #query;
  #isFiltering;
  /** @type {Map<string, RowWindow>} */
  #windows = new Map();
  /** @type {WeakMap<Item, Entry>} */
  #known = new WeakMap();
  #timer = 0;
  #isClosed = false;
  #fills = 0;
  #isAsking = false;
  #isPaused = false;
  /** Oldest first. @type {Entry[]} */
  entries = [];
  /** Lines loaded, shown or not. */
  loaded = 0;

  /**
   * `isFiltering`: without it all lines are shown, and those that fit are marked.
   * @param {import("../connection.js").Connection} connection
   * @param {{sources: readonly string[], query: import("../query.js").Query, isFiltering: boolean}} options
   */
  constructor(connection, { sources, query, isFiltering }) {
    super();
    this.#query = query;
    this.#isFiltering = isFiltering;
    for (const source of sources) {
      const filter = isFiltering ? query.server : {};
      const window = new RowWindow(connection, { topic: `logs/${source}`, filter });
      window.addEventListener("change", () => this.#changed(window));
      this.#windows.set(source, window);
    }
  }

  /** @param {{source: string, cursor: string}} [at] a line to begin around */
  async start(at) {
    if (at === undefined) for (const window of this.#windows.values()) await window.start();
    else await this.around(at.source, at.cursor);
  }

  close() {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    this.#timer = 0;
    for (const window of this.#windows.values()) window.close();
  }

  get #all() {
    return [...this.#windows.values()];
  }

  get waiting() {
    return this.#all.reduce((sum, window) => sum + window.waiting, 0);
  }

  /** @returns {"loading" | "following" | "held" | "away" | "failed"} */
  get mode() {
    const modes = this.#all.map(({ mode }) => mode);
    for (const mode of /** @type {const} */ (["failed", "away", "loading", "held"]))
      if (modes.includes(mode)) return mode;
    return "following";
  }

  get error() {
    return this.#all.find(({ error }) => error !== "")?.error ?? "";
  }

  get isBusy() {
    return this.#all.some(({ isBusy }) => isBusy);
  }

  get hasOlder() {
    return !this.#isPast() && this.#all.some(({ hasOlder, items }) => hasOlder && items.length > 0);
  }

  hold() {
    this.#isPaused = true;
    for (const window of this.#all) window.hold();
  }

  release() {
    this.#isPaused = false;
    for (const window of this.#all) window.release();
  }

  /** Older lines of the log whose oldest line is the newest: those are what is missing. */
  async older() {
    if (!this.hasOlder || this.isBusy) return;
    const windows = this.#all.filter(({ hasOlder, items }) => hasOlder && items.length > 0);
    await windows.toSorted((a, b) => firstTime(b) - firstTime(a))[0]?.older();
  }

  /** Newer lines, where the list lies in the past. */
  async newer() {
    if (this.isBusy) return;
    const windows = this.#all.filter(({ mode }) => mode === "away");
    await windows.toSorted((a, b) => lastTime(a) - lastTime(b))[0]?.newer();
  }

  /** The rows of a gap, if they are there after all. @param {Entry} entry */
  async fillGap({ source, item }) {
    await this.#windows.get(source)?.fillGap(item);
  }

  /**
   * All logs around a line of one of them.
   * @param {string} source
   * @param {string} cursor
   */
  async around(source, cursor) {
    this.#isPaused = true;
    const window = this.#windows.get(source);
    if (window === undefined) return;
    await window.around(cursor);
    const row = window.items.find((item) => item.cursor === cursor)?.row;
    const time = row === undefined ? undefined : lineTime(row);
    for (const [name, other] of this.#windows) {
      if (other !== window) await this.#aroundTime(name, other, time);
      if (other.items.at(-1)?.cursor === cursor || other.items.length < ENOUGH) await other.newer();
    }
  }

  /**
   * @param {string} source
   * @param {RowWindow} window
   * @param {number | undefined} time
   */
  async #aroundTime(source, window, time) {
    const place = time === undefined ? {} : { to: Math.floor(time) };
    const page = await getPage(`logs/${source}`, {}, { ...place, n: 1 }).catch(() => undefined);
    const cursor = page?.items[0]?.cursor;
    if (typeof cursor === "string") await window.around(cursor);
    else await window.start();
  }

  /** Resolves when what is being loaded is among the entries. */
  async settle() {
    while (this.isBusy || this.#timer !== 0) {
      await new Promise((resolve) => this.addEventListener("change", resolve, { once: true }));
    }
  }

  /**
   * The nearest line beyond what is loaded that the server's filter names, and what it is near to.
   * @param {1 | -1} direction
   * @param {Record<string, unknown>} filter
   */
  async beyond(direction, filter) {
    const found = [];
    for (const [source, window] of this.#windows) {
      const edge = (direction < 0 ? window.items[0] : window.items.at(-1))?.cursor;
      if (edge === undefined || (direction > 0 && window.mode !== "away")) continue;
      const wanted = { ...(this.#isFiltering && this.#query.server), ...filter };
      const place = direction < 0 ? { before: edge } : { after: edge };
      const page = await getPage(`logs/${source}`, wanted, { ...place, n: 1 });
      const row = page.items[0];
      if (row !== undefined) found.push({ source, cursor: row.cursor, time: lineTime(row) ?? 0 });
    }
    return found.toSorted((a, b) => direction * (a.time - b.time))[0];
  }

  /** @param {RowWindow} window */
  #changed(window) {
    if (this.#isPaused) window.hold();
    this.#request();
  }

  #request() {
    if (this.#timer === 0 && !this.#isClosed) this.#timer = window.setTimeout(() => this.#rebuild(), this.#pace());
  }

  #pace() {
    return this.entries.length === 0 ? 0 : EVERY_MS;
  }

  #rebuild() {
    this.#timer = 0;
    const isWhole = this.#merge();
    this.dispatchEvent(new Event("change"));
    if (!isWhole) this.#request();
    else void this.#fill();
  }

  /** False: there was no time for all of it. */
  #merge() {
    const until = performance.now() + SLICE_MS;
    let isWhole = true;
    const lists = [...this.#windows].map(([source, window]) => this.#entriesOf(source, window));
    const { from, to } = this.#bounds();
    /** @type {Entry[]} */
    const merged = [];
    this.loaded = lists.reduce((sum, list) => sum + list.length, 0);
    for (const entry of byTime(lists)) {
      if (entry.time < from || entry.time > to) continue;
      if (entry.isHit === undefined && performance.now() > until) isWhole = false;
      else entry.isHit ??= this.#fits(entry);
      if (entry.isHit === true || !this.#isFiltering || entry.item.gap !== undefined) merged.push(entry);
    }
    this.entries = merged;
    return isWhole;
  }

  /**
   * @param {string} source
   * @param {RowWindow} window
   */
  #entriesOf(source, { items }) {
    let time = 0;
    return items.map((item) => {
      let entry = this.#known.get(item);
      if (entry === undefined) {
        const own = item.row === undefined ? undefined : lineTime(item.row);
        const level = item.row === undefined ? undefined : levelOf(item.row);
        entry = {
          key: `${source} ${item.cursor}${item.gap === undefined ? "" : " gap"}`,
          source,
          item,
          time: own ?? time,
          level,
        };
        this.#known.set(item, entry);
      }
      ({ time } = entry);
      return entry;
    });
  }

  /** @param {Entry} entry */
  #fits({ item: { row }, level, time }) {
    if (row === undefined) return false;
    if (this.#query.isEmpty) return true;
    return this.#query.test({
      text: textOf(row),
      time,
      threadId: row["threadId"],
      messageId: row["messageId"],
      ...(level !== undefined && { level }),
    });
  }

  #bounds() {
    const begun = this.#all.filter(({ hasOlder, items }) => hasOlder && items.length > 0);
    const away = this.#all.filter(({ mode, items }) => mode === "away" && items.length > 0);
    return { from: Math.max(-Infinity, ...begun.map(firstTime)), to: Math.min(Infinity, ...away.map(lastTime)) };
  }

  /** What is loaded lies before the time that is asked for. */
  #isPast() {
    const { since } = this.#query;
    if (since === undefined || !this.#isFiltering) return false;
    return this.#all.filter(({ hasOlder }) => hasOlder).every((window) => firstTime(window) < since - DISORDER_MS);
  }

  /** Asks for older lines as long as few of them fit. */
  async #fill() {
    if (this.#isAsking || this.#isClosed || this.entries.length >= ENOUGH || this.#fills >= MOST_FILLS) return;
    if (this.mode === "loading" || this.mode === "failed" || this.isBusy || !this.hasOlder) return;
    this.#isAsking = true;
    this.#fills += 1;
    await this.older();
    this.#isAsking = false;
    this.#request();
  }
}

/** All entries by their times; those of one log stay in their order. @param {Entry[][]} lists */
function* byTime(lists) {
  const places = lists.map(() => 0);
  for (let next = earliest(lists, places); next !== -1; next = earliest(lists, places)) {
    const place = places[next] ?? 0;
    const entry = lists[next]?.[place];
    places[next] = place + 1;
    if (entry !== undefined) yield entry;
  }
}

/**
 * The list whose next entry is the oldest; -1: all are at their ends.
 * @param {Entry[][]} lists
 * @param {number[]} places
 */
function earliest(lists, places) {
  let found = -1;
  let least = Infinity;
  for (let index = 0; index < lists.length; index += 1) {
    const time = lists[index]?.[places[index] ?? 0]?.time;
    if (time === undefined || (found !== -1 && time >= least)) continue;
    least = time;
    found = index;
  }
  return found;
}

/** @param {RowWindow} window */
function firstTime({ items }) {
  const row = items.find((item) => item.row !== undefined && lineTime(item.row) !== undefined)?.row;
  return row === undefined ? -Infinity : (lineTime(row) ?? -Infinity);
}

/** @param {RowWindow} window */
function lastTime({ items }) {
  const row = items.findLast((item) => item.row !== undefined && lineTime(item.row) !== undefined)?.row;
  return row === undefined ? Infinity : (lineTime(row) ?? Infinity);
}
