/** The threads: what each is, what it does, what it has cost. */
import { h } from "../dom.js";
import { ago, cost, count, isTime, oneLine } from "../format.js";
import { modelBadge, timeTag } from "../rows/badges.js";
import { LiveTable } from "../rows/live-table.js";
import { textOf } from "../rows/record.js";
import { agentOf, threadLink, threadsOf } from "../rows/threads.js";
import { messageCount, Totals } from "../rows/totals.js";

/** Rows at most: the others are found in the thread view, and with Ctrl-K. */
const MOST = 100;
const SESSION_LENGTH = 8;

/**
 * @param {() => any} status
 * @param {AbortSignal} signal
 */
export function threadsSection(status, signal) {
  const totals = new Totals(signal);
  const note = h("p", { class: "dim", hidden: true });
  const table = new LiveTable({
    label: "Threads",
    keyOf: (/** @type {import("../rows/threads.js").Thread} */ { id }) => String(id),
    columns: [
      {
        title: "Thread",
        value: ({ id, name, isMaster }) => JSON.stringify([id, name, isMaster]),
        cell: ({ id, isMaster }) => [
          threadLink(status(), id),
          isMaster === true && h("span", { class: "badge dim" }, "master"),
        ],
      },
      { title: "Status", cell: ({ status: state }) => statusMark(state) },
      { title: "Agent", cell: ({ id }) => agentMark(agentOf(status(), id)) },
      { title: "Model", cell: ({ model }) => modelBadge(model) ?? "–" },
      { title: "Choice", cell: ({ modelChoice }) => oneLine(modelChoice ?? "–", 20) },
      { title: "Last active", cell: ({ lastActive }) => lastActiveMark(lastActive) },
      { title: "Session", cell: ({ sessionId }) => sessionMark(sessionId) },
      { title: "Messages", className: "number", cell: ({ id }) => count(messageCount(totals.of(id))) },
      { title: "Cost", className: "number", cell: ({ id }) => cost(totals.of(id)["costUsd"]) },
    ],
  });
  const empty = h(
    "p",
    { class: "note" },
    "No thread yet: write something to the bot in a topic of its Telegram group.",
  );
  const update = () => {
    const threads = threadsOf(status());
    const shown = threads.slice(0, MOST);
    table.show(shown);
    table.element.hidden = threads.length === 0;
    empty.hidden = status() === undefined || threads.length > 0;
    note.hidden = threads.length <= MOST;
    note.textContent = `${count(threads.length - MOST)} more were active longer ago: find them with Ctrl-K.`;
    void totals.refresh(shown);
  };
  totals.addEventListener("change", () => table.show(threadsOf(status()).slice(0, MOST)));
  return { element: h("div", {}, table.element, note, empty), update };
}

const LEVELS = /** @type {Record<string, string>} */ ({ running: "good", queued: "warn", closed: "dim" });

/** @param {unknown} status */
function statusMark(status) {
  const text = oneLine(status ?? "–", 20);
  return h("span", { class: LEVELS[text] ?? "" }, text);
}

/** @param {Record<string, unknown> | undefined} agent */
function agentMark(agent) {
  const state = textOf(agent?.["state"]);
  if (state === undefined) return h("span", { class: "dim" }, "–");
  return h("span", { class: state === "running" ? "good" : "" }, oneLine(state, 20));
}

/** @param {unknown} time */
function lastActiveMark(time) {
  if (!isTime(time)) return "–";
  return timeTag(time, { format: ago });
}

/** @param {unknown} sessionId */
function sessionMark(sessionId) {
  const id = textOf(sessionId);
  if (id === undefined) return h("span", { class: "dim" }, "none");
  return h("code", { title: oneLine(id, 100) }, oneLine(id, SESSION_LENGTH));
}
