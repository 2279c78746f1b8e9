/** The programs and what becomes of them. */
import { h } from "../dom.js";
import { ago, asText, count, duration, isTime, oneLine, percent, size } from "../format.js";
import { timeTag } from "../rows/badges.js";
import { LiveTable } from "../rows/live-table.js";
import { listOf, numberOf, recordOf, textOf } from "../rows/record.js";
import { threadLink } from "../rows/threads.js";

/**
 * @typedef {object} Service
 * @property {string} name
 * @property {string} state
 * @property {unknown} since
 * @property {unknown} [restarts]
 * @property {string} [note]
 * @property {string} [error]
 */

const GOOD = new Set(["up", "running", "ok", "idle"]);
const WARN = new Set(["starting", "draining", "degraded", "not_configured", "unknown", "soft", "backoff"]);

/** @param {string} state */
function stateMark(state) {
  const level = GOOD.has(state) ? "good" : WARN.has(state) ? "warn" : "bad";
  return h("span", { class: `state ${level}` }, oneLine(state, 24).replaceAll("_", " "));
}

/** @param {unknown} since */
function sinceMark(since) {
  if (!isTime(since) || since <= 0) return h("span", { class: "dim" }, "–");
  return timeTag(since, { format: ago });
}

/**
 * What the last state of the system tells of the services, in the order in which a message passes them.
 * @param {any} status
 * @returns {Service[]}
 */
export function servicesOf(status) {
  const services = recordOf(status?.services);
  const supervisor = recordOf(status?.supervisor);
  const workers = listOf(supervisor["workers"]).map(recordOf);
  const names = new Set(["telegram", "queue", ...workers.map(({ name }) => oneLine(name, 40))]);
  return [
    { name: "bot", ...health(services["supervisor"]), note: botNote(supervisor) },
    ...[...names].map((name) =>
      workerOf(
        name,
        services[name],
        workers.find((worker) => worker["name"] === name),
      ),
    ),
    brokerOf(services["broker"], recordOf(supervisor["broker"])),
    { name: "dashboard", ...health(services["dashboard"]) },
  ];
}

/** @param {unknown} value */
function health(value) {
  const { state, since } = recordOf(value);
  return { state: textOf(state) ?? "unknown", since };
}

/** @param {Record<string, unknown>} supervisor */
function botNote({ version, pid, disk }) {
  const level = textOf(recordOf(disk)["level"]);
  const parts = [
    textOf(version) && `version ${oneLine(version, 20)}`,
    numberOf(pid) && `pid ${asText(pid)}`,
    level !== undefined && level !== "ok" && `disk is getting full (${oneLine(level, 10)})`,
  ];
  return parts.filter(Boolean).join(", ");
}

/** @param {string} name @param {unknown} judged @param {Record<string, unknown>} [worker] @returns {Service} */
function workerOf(name, judged, worker = {}) {
  const verdict = health(judged);
  const own = textOf(worker["state"]);
  // A worker that says it runs, and does not beat, is down.
  const state = own === undefined || (verdict.state === "down" && own === "running") ? verdict.state : own;
  const inFlight = numberOf(worker["inFlight"]);
  const busy = numberOf(worker["eventLoopUtilization"]);
  const lastPoll = numberOf(worker["lastPollOk"]);
  const parts = [
    inFlight !== undefined && `${count(inFlight)} in work`,
    busy !== undefined && `${percent(busy * 100)} busy`,
    lastPoll !== undefined && `asked Telegram ${ago(lastPoll)}`,
  ];
  const error = textOf(worker["lastError"]);
  return {
    name: `${name} worker`,
    state,
    since: verdict.since ?? worker["startedAt"],
    restarts: worker["restarts"],
    note: parts.filter(Boolean).join(", "),
    ...(error !== undefined && { error }),
  };
}

/** @param {unknown} judged @param {Record<string, unknown>} broker @returns {Service} */
function brokerOf(judged, broker) {
  const verdict = health(judged);
  const state = verdict.state === "down" ? "down" : (textOf(broker["state"]) ?? verdict.state);
  return { name: "broker", state, since: verdict.since, note: oneLine(broker["detail"] ?? "", 300) };
}

export function servicesTable() {
  return new LiveTable({
    label: "Services",
    keyOf: (/** @type {Service} */ { name }) => name,
    columns: [
      { title: "Service", cell: ({ name }) => h("strong", {}, name) },
      { title: "State", cell: ({ state }) => stateMark(state) },
      { title: "Since", cell: ({ since }) => sinceMark(since) },
      {
        title: "Restarts",
        className: "number",
        cell: ({ restarts }) => (restarts === undefined ? "" : count(restarts)),
      },
      {
        title: "Notes",
        className: "wide",
        cell: ({ note, error }) => [
          note ?? "",
          error !== undefined && h("div", { class: "bad" }, `Last error: ${oneLine(error, 500)}`),
        ],
      },
    ],
  });
}

/** @param {() => any} status */
export function agentsTable(status) {
  return new LiveTable({
    label: "Agents",
    keyOf: (/** @type {Record<string, unknown>} */ { threadId, pid }) => `${asText(threadId)} ${asText(pid)}`,
    columns: [
      { title: "Thread", cell: ({ threadId }) => threadLink(status(), threadId) },
      { title: "State", cell: ({ state }) => stateMark(textOf(state) ?? "unknown") },
      { title: "For", cell: ({ since }) => (isTime(since) ? duration(Math.max(0, Date.now() - since) / 1000) : "–") },
      { title: "Memory", className: "number", cell: ({ rssBytes }) => size(rssBytes) },
      { title: "Process", className: "number", cell: ({ pid }) => (numberOf(pid) === undefined ? "–" : String(pid)) },
    ],
  });
}
