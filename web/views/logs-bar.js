/** What stands above the lines: which log, the search, and what can be done. */
import { fill, h } from "../dom.js";
import { count, shortTime } from "../format.js";
import { link } from "../route.js";
import { LOG_SOURCES } from "../topics.js";

/**
 * @typedef {object} Actions
 * @property {(text: string) => void} search
 * @property {() => void} follow
 * @property {() => void} context
 * @property {() => void} files
 * @property {() => void} exported
 * @property {() => void} syntax
 * @property {() => void} older
 */

/** Typing is over when nothing came for that long. */
const TYPING_MS = 250;

/** @param {Actions} actions */
export function logBar(actions) {
  const button = (/** @type {string} */ text, /** @type {() => void} */ run, /** @type {string} */ title) =>
    h("button", { type: "button", onclick: run, title }, text);
  const tabs = h("div", { class: "log-tabs", role: "group", "aria-label": "Which log" });
  const input = h("input", {
    type: "search",
    class: "grow",
    "aria-label": "Search",
    "aria-describedby": "log-error",
    placeholder: 'text "a phrase" /regex/i -not level:>=warn thread:5 since:15m',
    spellcheck: "false",
    autocomplete: "off",
  });
  const error = h("span", { id: "log-error", class: "bad" });
  const follow = button("Follow", actions.follow, "Follow what comes, or pause (f)");
  const context = button("Context", actions.context, "All lines around the chosen one, hits marked (c)");
  const older = button("Older lines", actions.older, "Load older lines; also by scrolling up");
  const state = h("span", { class: "dim log-state" });
  let timer = 0;
  input.addEventListener("input", () => {
    clearTimeout(timer);
    timer = window.setTimeout(() => actions.search(input.value.trim()), TYPING_MS);
  });
  input.addEventListener("keydown", ({ key }) => {
    if (key !== "Enter") return;
    clearTimeout(timer);
    actions.search(input.value.trim());
  });
  const element = h(
    "div",
    { class: "log-bars" },
    h(
      "div",
      { class: "bar" },
      h("h2", {}, "Logs"),
      tabs,
      input,
      button("?", actions.syntax, "How to search"),
      follow,
      context,
      button("Whole files…", actions.files, "Search whole files, also those put aside (s)"),
      button("Export…", actions.exported, "Lines as a file"),
      error,
    ),
    h("div", { class: "bar log-strip" }, older, state),
  );
  element.querySelector('button[title="How to search"]')?.setAttribute("aria-label", "How to search");
  return {
    element,
    input,
    close: () => clearTimeout(timer),
    /** @param {{source: string, text: string, isContext: boolean, problem: string}} what */
    showRoute({ source, text, isContext, problem }) {
      const tab = (/** @type {string} */ name, /** @type {string} */ part) =>
        h("a", { href: link("logs", part, { q: text }), "aria-current": part === source ? "true" : undefined }, name);
      fill(tabs, tab("all", ""), ...LOG_SOURCES.map((name) => tab(name, name)));
      if (document.activeElement !== input) input.value = text;
      context.setAttribute("aria-pressed", String(isContext));
      error.textContent = problem;
      input.setAttribute("aria-invalid", String(problem !== ""));
    },
    /** @param {import("./logs-feed.js").LogFeed} feed */
    showFeed({ mode, waiting, entries, loaded, hasOlder, isBusy }) {
      follow.setAttribute("aria-pressed", String(mode === "following"));
      const label = waiting > 0 ? `Follow (${count(waiting)} wait)` : "Follow";
      if (follow.textContent !== label) follow.textContent = label;
      older.disabled = !hasOlder || isBusy;
      state.textContent = stateText({ mode, entries, loaded, hasOlder, isBusy });
    },
  };
}

/** @param {{mode: string, entries: readonly {time: number}[], loaded: number, hasOlder: boolean, isBusy: boolean}} feed */
function stateText({ mode, entries, loaded, hasOlder, isBusy }) {
  if (mode === "loading" || isBusy) return "Reading…";
  const [first, last] = [entries.find(({ time }) => time > 0)?.time, entries.at(-1)?.time];
  const span = first === undefined ? "" : `, ${shortTime(first)} to ${shortTime(last)}`;
  const of = loaded > entries.length ? ` of ${count(loaded)} loaded` : "";
  const names = /** @type {Record<string, string>} */ ({ following: "following", held: "paused", away: "in the past" });
  return `${count(entries.length)} lines${of}${span} · ${names[mode] ?? mode}${hasOlder ? "" : " · from the beginning on"}`;
}
