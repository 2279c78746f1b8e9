/** The filters above a list of decisions or prompts. They stand in the address. */
import { fill, h } from "../dom.js";
import { oneLine } from "../format.js";
import { refine } from "../route.js";
import { MODELS, TIERS } from "./models.js";
import { threadIdOf } from "./record.js";
import { threadNames } from "./threads.js";

/**
 * @typedef {{thread: string, tier: string, model: string, from: string, to: string, q: string}} Filters
 */

const NAMES = /** @type {const} */ (["thread", "tier", "model", "from", "to", "q"]);
const TYPING_MS = 250;

/** @param {URLSearchParams} query @returns {Filters} */
export function filtersOf(query) {
  return /** @type {Filters} */ (Object.fromEntries(NAMES.map((name) => [name, query.get(name) ?? ""])));
}

/** As RowWindow takes them. @param {Filters} filters @returns {Record<string, unknown>} */
export function windowFilter({ thread, tier, model, from, to, q }) {
  const all = {
    threadId: threadIdOf(thread),
    tier: tier || undefined,
    model: model || undefined,
    from: wholeNumber(from),
    to: wholeNumber(to),
    q: q.slice(0, 400) || undefined,
  };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
}

/** @param {string} value */
function wholeNumber(value) {
  return /^\d{1,15}$/.test(value) ? Number(value) : undefined;
}

/**
 * @param {{status: () => any, tiers: boolean, filters: Filters, onChange: (filters: Filters) => void}} options
 */
export function filterBar({ status, tiers, filters, onChange }) {
  let now = { ...filters };
  let timer = 0;
  const change = (/** @type {Partial<Filters>} */ changes) => {
    now = { ...now, ...changes };
    // A row that was opened need not be among those that pass.
    refine({ ...changes, at: undefined });
    onChange(now);
  };
  const thread = h("select", { onchange: () => change({ thread: thread.value }) });
  const tier = choice(TIERS, (value) => change({ tier: value }));
  const model = choice(MODELS, (value) => change({ model: value }));
  const from = moment((value) => change({ from: value }));
  const to = moment((value) => change({ to: value }));
  const text = h("input", { type: "search", class: "grow", "aria-label": "Text", placeholder: "Text", maxlength: 400 });
  text.addEventListener("input", () => {
    clearTimeout(timer);
    timer = window.setTimeout(() => change({ q: text.value }), TYPING_MS);
  });
  const names = () => {
    const known = threadNames(status());
    const asked = threadIdOf(now.thread);
    if (asked !== undefined && !known.has(asked)) known.set(asked, String(asked));
    const options = [...known].map(([id, name]) => h("option", { value: id }, `#${oneLine(name, 40)}`));
    fill(thread, h("option", { value: "" }, "all"), ...options);
    thread.value = String(asked ?? "");
  };
  const show = (/** @type {Filters} */ wanted) => {
    now = { ...wanted };
    names();
    select(tier, now.tier);
    select(model, now.model);
    from.value = localOf(now.from);
    to.value = localOf(now.to);
    if (text.value !== now.q) text.value = now.q;
  };
  const onStatus = watchNames(names, status);
  addEventListener("status", onStatus);
  show(filters);
  const element = h(
    "div",
    { class: "filters", role: "group", "aria-label": "Filters" },
    h("label", {}, "Thread ", thread),
    tiers && h("label", {}, "Tier ", tier),
    h("label", {}, "Model ", model),
    h("label", {}, "From ", from),
    h("label", {}, "To ", to),
    text,
  );
  const close = () => {
    clearTimeout(timer);
    removeEventListener("status", onStatus);
  };
  return { element, show, close };
}

/**
 * The state of the system comes each second, and a menu that is open must not be drawn anew without need.
 * @param {() => void} draw
 * @param {() => any} status
 */
function watchNames(draw, status) {
  let drawn = JSON.stringify([...threadNames(status())]);
  return () => {
    const wanted = JSON.stringify([...threadNames(status())]);
    if (wanted === drawn) return;
    drawn = wanted;
    draw();
  };
}

/**
 * @param {readonly string[]} values
 * @param {(value: string) => void} onChange
 */
function choice(values, onChange) {
  const options = values.map((value) => h("option", { value }, value));
  const element = h(
    "select",
    { onchange: () => onChange(element.value) },
    h("option", { value: "" }, "all"),
    ...options,
  );
  return element;
}

/** An address may name what no menu has. @param {HTMLSelectElement} element @param {string} value */
function select(element, value) {
  if (![...element.options].some((option) => option.value === value)) {
    element.append(h("option", { value }, oneLine(value, 40)));
  }
  element.value = value;
}

/** @param {(value: string) => void} onChange epoch ms, empty for none */
function moment(onChange) {
  const element = h("input", { type: "datetime-local" });
  element.addEventListener("change", () => {
    const time = element.value === "" ? Number.NaN : new Date(element.value).getTime();
    onChange(Number.isFinite(time) ? String(time) : "");
  });
  return element;
}

/** Epoch ms as the field has it, in the reader's zone. @param {string} time */
function localOf(time) {
  if (wholeNumber(time) === undefined) return "";
  const date = new Date(Number(time));
  const local = new Date(date.getTime() - date.getTimezoneOffset() * 60_000);
  return Number.isFinite(local.getTime()) ? local.toISOString().slice(0, 16) : "";
}
