/** The filters above the feed. They stand in the address. */
import { fill, h } from "../dom.js";
import { MODELS } from "../rows/models.js";
import { threadIdOf } from "../rows/record.js";
import { threadName, threadsOf } from "../rows/threads.js";

/** @typedef {{thread: string, model: string, direction: string, q: string}} Filters */

const NAMES = /** @type {const} */ (["thread", "model", "direction", "q"]);
const LONGEST_TEXT = 400;
const TYPING_MS = 300;

/** @param {URLSearchParams} query @returns {Filters} */
export function filtersOf(query) {
  return /** @type {Filters} */ (Object.fromEntries(NAMES.map((name) => [name, query.get(name) ?? ""])));
}

/** @param {URLSearchParams} query */
export function isFiltered(query) {
  return NAMES.some((name) => (query.get(name) ?? "") !== "");
}

/** As RowWindow takes them. @param {Filters} filters @returns {Record<string, unknown>} */
export function windowFilter({ thread, model, direction, q }) {
  const all = { threadId: threadIdOf(thread), model, direction, q: q.slice(0, LONGEST_TEXT) };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined && value !== ""));
}

/** @param {string} value @param {string} text */
function option(value, text) {
  return h("option", { value }, text);
}

export class FeedFilters {
  #thread = h("select", { "aria-label": "Thread" });
  #model = h("select", { "aria-label": "Model" }, option("", "any model"), ...MODELS.map((name) => option(name, name)));
  #direction = h(
    "select",
    { "aria-label": "Direction" },
    option("", "in and out"),
    option("in", "→ received"),
    option("out", "← sent"),
  );
  #q = h("input", {
    type: "search",
    class: "grow",
    "aria-label": "Text in the message",
    placeholder: "Text…",
    maxlength: LONGEST_TEXT,
  });
  #timer = 0;
  #onChange;
  /** What the threads are called, to see when that changes. */
  names = "";

  /** @param {(changes: Filters) => void} onChange */
  constructor(onChange) {
    this.#onChange = onChange;
    for (const select of [this.#thread, this.#model, this.#direction]) {
      select.addEventListener("change", () => this.#tell());
    }
    this.#q.addEventListener("input", () => {
      clearTimeout(this.#timer);
      this.#timer = window.setTimeout(() => this.#tell(), TYPING_MS);
    });
  }

  get elements() {
    return [this.#q, this.#thread, this.#model, this.#direction];
  }

  /** @param {Filters} filters @param {any} status */
  show(filters, status) {
    this.threads(status, filters.thread);
    this.#thread.value = filters.thread;
    this.#model.value = filters.model;
    this.#direction.value = filters.direction;
    // While somebody types, what is typed is newer.
    if (document.activeElement !== this.#q) this.#q.value = filters.q;
  }

  /** Fills the list of threads, if it has changed. @param {any} status @param {string} [chosen] */
  threads(status, chosen = this.#thread.value) {
    const ids = new Set(threadsOf(status).map(({ id }) => id));
    const asked = threadIdOf(chosen);
    if (asked !== undefined) ids.add(asked);
    const entries = [...ids].map((id) => ({ id: String(id), name: `#${threadName(status, id)}` }));
    entries.sort((a, b) => a.name.localeCompare(b.name));
    const names = JSON.stringify(entries);
    if (names === this.names) return;
    this.names = names;
    fill(this.#thread, option("", "any thread"), ...entries.map(({ id, name }) => option(id, name)));
    this.#thread.value = chosen;
  }

  clear() {
    this.#q.value = "";
    for (const select of [this.#thread, this.#model, this.#direction]) select.value = "";
    this.#tell();
  }

  #tell() {
    clearTimeout(this.#timer);
    this.#onChange({
      thread: this.#thread.value,
      model: this.#model.value,
      direction: this.#direction.value,
      q: this.#q.value,
    });
  }
}
