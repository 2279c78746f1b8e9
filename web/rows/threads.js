/** Threads by their names. */
import { h } from "../dom.js";
import { oneLine } from "../format.js";
import { link } from "../route.js";
import { listOf, numberOf, recordOf, textOf, threadIdOf } from "./record.js";

const LONGEST = 60;

/**
 * @typedef {Record<string, unknown> & {id: number}} Thread as threads.json has it, with its id
 */

/**
 * Those of a state of the system, the one that was active last first.
 * @param {any} status
 * @returns {Thread[]}
 */
export function threadsOf(status) {
  const known = listOf(status?.threads).map(recordOf);
  const threads = /** @type {Thread[]} */ (known.filter(({ id }) => threadIdOf(id) !== undefined));
  return threads.toSorted((a, b) => (numberOf(b["lastActive"]) ?? 0) - (numberOf(a["lastActive"]) ?? 0));
}

/** @param {any} status @param {unknown} id @returns {Thread | undefined} */
export function threadOf(status, id) {
  return /** @type {Thread | undefined} */ (listOf(status?.threads).find((thread) => recordOf(thread)["id"] === id));
}

/** Their names by their ids; the number where there is none. @param {any} status */
export function threadNames(status) {
  /** @type {Map<number, string>} */
  const names = new Map();
  for (const { id, name } of listOf(status?.threads).map(recordOf)) {
    if (typeof id === "number") names.set(id, typeof name === "string" ? name : String(id));
  }
  return names;
}

/** A name on one line; its number where it has none. @param {any} status @param {unknown} id */
export function threadName(status, id) {
  const name = textOf(threadOf(status, id)?.["name"]);
  return name === undefined ? `thread ${oneLine(id, 16)}` : oneLine(name, LONGEST);
}

/** @param {any} status @param {unknown} id */
export function threadLink(status, id) {
  const known = threadIdOf(id);
  const name = threadName(status, id);
  return known === undefined
    ? h("span", {}, name)
    : h("a", { href: link("thread", known), "data-thread": known }, name);
}

/** Links that were drawn before the names were known, or before they changed. @param {Element} root @param {any} status */
export function renameThreads(root, status) {
  for (const anchor of root.querySelectorAll("a[data-thread]")) {
    const name = threadName(status, Number(anchor.getAttribute("data-thread")));
    if (anchor.textContent !== name) anchor.textContent = name;
  }
}

/** The agent of a thread, as the supervisor's record has it. @param {any} status @param {unknown} id */
export function agentOf(status, id) {
  return listOf(status?.supervisor?.agents)
    .map(recordOf)
    .find((agent) => agent["threadId"] === id);
}

/** Whether a turn is being worked on. @param {any} status @param {unknown} id */
export function isWorking(status, id) {
  return agentOf(status, id)?.["state"] === "running" || threadOf(status, id)?.["status"] === "running";
}
