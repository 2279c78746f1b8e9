/** The page's shell: where the reader is, what is connected, and one view at a time. */
import { Connection } from "./connection.js";
import { Details } from "./details.js";
import { byId, fill, h } from "./dom.js";
import { oneLine } from "./format.js";
import { Keys } from "./keys.js";
import { openPalette } from "./palette.js";
import { currentRoute, go, link } from "./route.js";
import { startTheme, switchTheme } from "./theme.js";
import { VIEWS } from "./views/views.js";

/**
 * What a view is given, and what it gives back. `update` is called when the address changes within the view; without
 * it the view is drawn anew.
 * @typedef {object} Context
 * @property {HTMLElement} root
 * @property {import("./route.js").Route} route
 * @property {Connection} connection
 * @property {Details} details
 * @property {(text: string) => void} announce says a text to those who listen
 * @property {() => any} status the last state of the system, undefined before the first
 *
 * @typedef {object} Shown
 * @property {() => void} close
 * @property {(route: import("./route.js").Route) => void} [update]
 * @property {readonly import("./keys.js").Key[]} [keys]
 */

const connection = new Connection();
const details = new Details();
const keys = new Keys();
const root = byId("view");
/** @type {{name: string, shown: Shown} | undefined} */
let current;
/** @type {any} */
let status;

/** Counts the views that were begun: one that is loaded too late is not shown. */
let turn = 0;

async function draw() {
  const route = currentRoute();
  if (current?.name === route.view && current.shown.update !== undefined) {
    current.shown.update(route);
    return;
  }
  leave(route.view);
  turn += 1;
  const mine = turn;
  const view = VIEWS.find(({ name }) => name === route.view);
  if (view === undefined) {
    fill(root, h("p", { class: "note" }, "There is no such view. ", h("a", { href: link("overview") }, "Overview")));
    return;
  }
  document.title = `${view.title} · TinyClaw`;
  const show = await view.load().catch(() => undefined);
  if (mine !== turn) return;
  if (show === undefined) {
    fill(root, h("p", { class: "note" }, "This view could not be loaded: reload the page when the server is back."));
    return;
  }
  const shown = show({ root, route: currentRoute(), connection, details, announce, status: () => status });
  current = { name: view.name, shown };
  keys.view = shown.keys ?? [];
}

/** Clears the stage for another view. @param {string} next */
function leave(next) {
  current?.shown.close();
  current = undefined;
  details.leave();
  keys.view = [];
  root.className = next;
  fill(root);
  for (const anchor of byId("nav").querySelectorAll("a")) {
    if (anchor.dataset["view"] === next) {
      anchor.setAttribute("aria-current", "page");
      // On a phone the names do not fit side by side.
      anchor.scrollIntoView({ block: "nearest", inline: "nearest" });
    } else anchor.removeAttribute("aria-current");
  }
}

/** @param {string} text */
function announce(text) {
  byId("announce").textContent = text;
}

function drawConnection() {
  const { state, retryAt, reason } = connection.state;
  const element = byId("connection");
  element.className = state === "open" ? "good" : state === "connecting" ? "warn" : "bad";
  const wait = Math.max(0, Math.ceil(((retryAt ?? 0) - Date.now()) / 1000));
  const text = { open: "live", connecting: "connecting…", waiting: reason ?? `offline, again in ${wait} s` }[state];
  if (element.textContent !== text) element.textContent = text;
}

function find() {
  const threads = Array.isArray(status?.threads) ? status.threads : [];
  openPalette([
    ...VIEWS.map(({ name, title, hint }) => ({ label: title, hint, run: () => go(link(name)) })),
    ...threads.map((/** @type {{id: number, name?: unknown}} */ { id, name }) => ({
      label: `#${oneLine(name ?? id, 80)}`,
      hint: `thread ${id}`,
      run: () => go(link("thread", id)),
    })),
    ...threads.map((/** @type {{id: number, name?: unknown}} */ { id, name }) => ({
      label: `Prompts of #${oneLine(name ?? id, 80)}`,
      hint: `thread ${id}`,
      run: () => go(link("prompts", "", { thread: id })),
    })),
    { label: "Switch the theme", hint: "dark, light, the system's", run: switchTheme },
    { label: "Keys", hint: "?", run: () => keys.show() },
    { label: "Dead letters", hint: "messages that failed for good", run: () => go(link("overview", "dead-letter")) },
    {
      label: "Corrupt files",
      hint: "files of the queue that cannot be read",
      run: () => go(link("overview", "corrupt")),
    },
  ]);
}

function start() {
  startTheme(byId("theme"));
  fill(
    byId("nav"),
    ...VIEWS.map(({ name, title, hint }) => h("a", { href: link(name), "data-view": name, title: hint }, title)),
  );
  byId("find").addEventListener("click", find);
  byId("help").addEventListener("click", () => keys.show());
  byId("theme").addEventListener("click", switchTheme);
  keys.start([
    ...VIEWS.map(({ name, title }, index) => ({
      key: String(index + 1),
      does: title,
      run: () => go(link(name)),
    })),
    { key: "ctrl+k", shown: "Ctrl-K", does: "find a thread, view or command", run: find },
    { key: "?", does: "these keys", run: () => keys.show() },
    {
      key: "/",
      does: "to the search or filter",
      run: () => root.querySelector("input")?.focus(),
    },
    {
      key: "Escape",
      does: "close the details, leave a field",
      run: () => (details.isOpen ? details.close() : root.focus()),
    },
  ]);
  connection.addEventListener("change", drawConnection);
  setInterval(drawConnection, 1000);
  connection.subscribe(
    { topic: "status" },
    {
      onState(data) {
        status = data;
        dispatchEvent(new CustomEvent("status", { detail: data }));
      },
    },
  );
  addEventListener("hashchange", () => void draw());
  connection.start();
  void draw();
}

start();
