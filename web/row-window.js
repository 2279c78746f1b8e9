/**
 * Rows of a topic as a view shows them: a stretch without holes, of which the newest end follows what comes, as long as
 * it is let. So many rows are kept at most; older ones are asked for again when they are wanted.
 *
 *   following ──hold()──▶ held: rows that come are counted, and kept while they are few ──release()──▶ following
 *   following or held ──around(cursor)──▶ away: the stretch lies in the past ──release()──▶ following
 */
import { getPage } from "./api.js";

/**
 * @typedef {import("./api.js").Row} Row
 * @typedef {import("./api.js").Gap} Gap
 * @typedef {{cursor: string, row?: Row, gap?: Gap}} Item
 */

const PAGE = 500;
/** Rows that wait while the window is held: more are fetched again. */
const MAX_WAITING = 5_000;

export class RowWindow extends EventTarget {
  #connection;
  #topic;
  #filter;
  #max;
  #tail;
  #end = () => {};
  #loading = new AbortController();
  /** @type {Item[]} */
  #waiting = [];
  #overflow = false;
  /** Oldest first. @type {Item[]} */
  items = [];
  /** How many rows came while it was held. */
  waiting = 0;
  /** @type {"loading" | "following" | "held" | "away" | "failed"} */
  mode = "loading";
  /** Whether there is more before the first item. */
  hasOlder = true;
  error = "";
  isBusy = false;

  /**
   * `filter`: as the WebSocket takes it. `max`: items kept.
   * @param {import("./connection.js").Connection} connection
   * @param {{topic: string, filter?: Record<string, unknown>, max?: number, tail?: number}} options
   */
  constructor(connection, { topic, filter = {}, max = 20_000, tail = PAGE }) {
    super();
    this.#connection = connection;
    this.#topic = topic;
    this.#filter = filter;
    this.#max = max;
    this.#tail = tail;
  }

  get topic() {
    return this.#topic;
  }

  /** Begins with the newest rows, or around a place. @param {string} [cursor] */
  async start(cursor) {
    if (cursor === undefined || cursor === "") this.#follow();
    else await this.around(cursor);
  }

  close() {
    this.#end();
    this.#loading.abort();
    this.isBusy = false;
  }

  /** What comes is counted from now on. */
  hold() {
    if (this.mode !== "following") return;
    this.mode = "held";
    this.#changed();
  }

  /** The newest rows again. */
  release() {
    if (this.mode === "held" && !this.#overflow) {
      this.mode = "following";
      this.#append(this.#waiting);
      this.#rest();
    } else if (this.mode !== "following") {
      this.#follow();
    }
  }

  /** A stretch around a row, for whoever comes with its address. @param {string} cursor */
  async around(cursor) {
    this.#leave();
    this.mode = "away";
    this.#rest();
    await this.#ask(async (signal) => {
      const after = await this.#page({ after: cursor, n: PAGE }, signal);
      const before = await this.#page({ before: cursor, n: PAGE }, signal);
      // The row itself ends where its cursor is: it is neither before nor after it.
      const at = await this.#page({ before: after.items[0]?.cursor, n: 1 }, signal);
      this.items = [...itemsOf(before), ...itemsOf(at).filter(({ row }) => row?.cursor === cursor), ...itemsOf(after)];
      this.hasOlder = before.more;
    });
  }

  /** Rows before the first; resolves with how many were put there. */
  async older() {
    const first = this.items[0];
    if (!this.hasOlder || this.isBusy || first === undefined) return 0;
    let added = 0;
    await this.#ask(async (signal) => {
      const page = await this.#page({ before: first.cursor, n: PAGE }, signal);
      const items = itemsOf(page);
      added = items.length;
      this.hasOlder = page.more;
      // A gap at the beginning is told anew with the rows before it, or they are those that were missing.
      this.items = [...items, ...this.items.slice(first.gap === undefined ? 0 : 1)];
      if (this.items.length > this.#max) this.#leaveEnd();
    });
    return added;
  }

  /** Rows after the last, where the stretch lies in the past. */
  async newer() {
    const last = this.items.at(-1);
    if (this.mode !== "away" || this.isBusy || last === undefined) return 0;
    let added = 0;
    await this.#ask(async (signal) => {
      const page = await this.#page({ after: last.cursor, n: PAGE }, signal);
      const items = itemsOf(page);
      added = items.length;
      this.items = [...this.items, ...items].slice(-this.#max);
      if (!page.more) this.#subscribe(this.items.at(-1)?.cursor ?? last.cursor);
    });
    return added;
  }

  /** The rows of a gap, as far as they are there after all. @param {Item} item */
  async fillGap(item) {
    const { gap } = item;
    if (gap === undefined || gap.from === null) return;
    await this.#ask(async (signal) => {
      const page = await this.#page({ after: gap.from, n: PAGE }, signal);
      const known = new Set(this.items.filter((other) => other !== item).map(({ cursor }) => cursor));
      const items = itemsOf(page);
      const found = items.filter(({ cursor }) => !known.has(cursor));
      const last = found.at(-1);
      // A long gap is filled page by page.
      const isFilled = found.length < items.length || !page.more || last === undefined;
      const rest = isFilled ? [] : [{ cursor: item.cursor, gap: { ...gap, from: last.cursor } }];
      const index = this.items.indexOf(item);
      if (index !== -1) this.items = this.items.toSpliced(index, 1, ...found, ...rest);
    });
  }

  #follow() {
    this.#leave();
    this.hasOlder = true;
    this.mode = "loading";
    this.#rest();
    this.#subscribe(`tail:${this.#tail}`);
  }

  /** Another stretch is to be shown: what is asked for belongs to this one. */
  #leave() {
    this.#end();
    // Once it is closed it asks for nothing any more.
    if (!this.#loading.signal.aborted) {
      this.#loading.abort();
      this.#loading = new AbortController();
    }
    this.isBusy = false;
    this.items = [];
  }

  /** @param {string} from */
  #subscribe(from) {
    this.#end();
    if (this.mode === "away") this.mode = "following";
    this.#end = this.#connection.subscribe(
      { topic: this.#topic, from, filter: this.#filter },
      {
        onRows: (rows) => this.#come(rows.map((row) => ({ cursor: row.cursor, row }))),
        onGap: (gap) => this.#come([{ cursor: gap.to, gap }]),
        onLive: () => this.#live(),
        onError: (message) => this.#fail(message),
      },
    );
  }

  #live() {
    if (this.mode === "loading") this.mode = "following";
    if (this.items.length === 0) this.hasOlder = false;
    this.#changed();
  }

  /** @param {Item[]} items */
  #come(items) {
    if (this.mode === "loading") this.mode = "following";
    // After a break of the connection these may be the last of many, though there were none before it.
    if (this.items.length === 0) this.hasOlder = true;
    if (this.mode === "following") {
      this.#append(items);
      this.#changed();
      return;
    }
    this.waiting += items.length;
    if (this.#waiting.length + items.length > MAX_WAITING) this.#overflow = true;
    if (this.#overflow) this.#waiting = [];
    else this.#waiting.push(...items);
    this.#changed();
  }

  /** @param {Item[]} items */
  #append(items) {
    this.items.push(...items);
    const over = this.items.length - this.#max;
    if (over <= 0) return;
    // In bundles: to move a long list for every row is what makes a page slow. A new list: who shows the old one still
    // knows where its rows were.
    this.items = this.items.slice(over + Math.floor(this.#max / 50));
    this.hasOlder = true;
  }

  /** The stretch has grown into the past beyond what is kept: its newest end is let go. */
  #leaveEnd() {
    this.#end();
    this.items = this.items.slice(0, this.#max);
    this.mode = "away";
  }

  #rest() {
    this.waiting = 0;
    this.#waiting = [];
    this.#overflow = false;
    this.error = "";
    this.#changed();
  }

  /** @param {(signal: AbortSignal) => Promise<void>} task */
  async #ask(task) {
    const { signal } = this.#loading;
    if (signal.aborted) return;
    this.isBusy = true;
    this.#changed();
    let error = "";
    try {
      await task(signal);
    } catch (reason) {
      error = reason instanceof Error ? reason.message : String(reason);
    }
    // What became of it is no business of another stretch.
    if (signal.aborted) return;
    this.error = error;
    this.isBusy = false;
    this.#changed();
  }

  /** @param {string} message */
  #fail(message) {
    this.mode = "failed";
    this.error = message;
    this.#changed();
  }

  /**
   * Throws when it is aborted, also when the answer was there already.
   * @param {Parameters<typeof getPage>[2]} place
   * @param {AbortSignal} signal
   */
  async #page(place, signal) {
    const page = await getPage(this.#topic, this.#filter, place, signal);
    signal.throwIfAborted();
    return page;
  }

  #changed() {
    this.dispatchEvent(new Event("change"));
  }
}

/**
 * @param {import("./api.js").Page} page
 * @returns {Item[]}
 */
function itemsOf({ items, gaps = [] }) {
  /** @type {Item[]} */
  const all = items.map((row) => ({ cursor: row.cursor, row }));
  for (const gap of gaps.toReversed()) all.splice(gap.index, 0, { cursor: gap.to, gap });
  return all;
}
