/** How the whole system is: services, host, queue, agents and threads. */
import { fill, h } from "../dom.js";
import { link } from "../route.js";
import { listOf, recordOf } from "../rows/record.js";
import { hostCards } from "./overview-host.js";
import { asideList, isAside, queueFigures } from "./overview-queue.js";
import { agentsTable, servicesOf, servicesTable } from "./overview-services.js";
import { threadsSection } from "./overview-threads.js";

/** @param {import("../app.js").Context} context @returns {import("../app.js").Shown} */
export function showOverview(context) {
  const end = new AbortController();
  const { part } = context.route;
  const draw = isAside(part) ? showAside(part, context, end.signal) : showAll(context, end.signal);
  const update = () => draw(context.status());
  addEventListener("status", update, { signal: end.signal });
  update();
  return {
    close: () => end.abort(),
    keys: [{ key: "o", does: "the whole overview", run: () => (location.hash = link("overview")) }],
  };
}

/**
 * @param {import("./overview-queue.js").Aside} part
 * @param {import("../app.js").Context} context
 * @param {AbortSignal} signal
 */
function showAside(part, context, signal) {
  const list = asideList(part, context, signal);
  const back = h("p", {}, h("a", { href: link("overview") }, "← Overview"));
  fill(context.root, h("div", { class: "sheet" }, back, list.element));
  return (/** @type {any} */ status) => list.update(status);
}

/** @param {import("../app.js").Context} context @param {AbortSignal} signal */
function showAll(context, signal) {
  const waiting = h("p", { class: "note" }, "Waiting for the dashboard's first answer…");
  const down = h("p", { class: "alert", hidden: true });
  const services = servicesTable();
  const queue = queueFigures();
  const agents = agentsTable(context.status);
  const noAgents = h("p", { class: "dim" }, "No agent is running: one starts with the next message.");
  const threads = threadsSection(context.status, signal);
  const section = (/** @type {string} */ title, /** @type {import("../dom.js").Child[]} */ ...children) =>
    h("section", {}, h("h2", {}, title), ...children);
  const state = h(
    "div",
    { hidden: true },
    section("Messages and queue", queue.element),
    section("Threads", threads.element),
    section("Agents", agents.element, noAgents),
  );
  const first = h("div", { hidden: true }, down, section("Services", services.element));
  fill(context.root, h("div", { class: "sheet" }, waiting, first, section("Host", hostCards(context, signal)), state));
  return (/** @type {any} */ status) => {
    if (status === undefined) return;
    waiting.hidden = true;
    first.hidden = false;
    state.hidden = false;
    services.show(servicesOf(status));
    queue.update(status);
    threads.update();
    const list = listOf(recordOf(status.supervisor)["agents"]).map(recordOf).slice(0, 50);
    agents.show(list);
    agents.element.hidden = list.length === 0;
    noAgents.hidden = list.length > 0;
    drawDown(down, status);
  };
}

/** @param {HTMLElement} element @param {any} status */
function drawDown(element, status) {
  const { state } = recordOf(recordOf(status.services)["supervisor"]);
  element.hidden = state === "up";
  element.textContent =
    state === "down"
      ? "The bot is not running: what stands below is as it last was. Start it with ./tinyclaw.sh start."
      : "No bot has written its state here yet: start it, or look whether TINYCLAW_DIR is the right directory.";
}
