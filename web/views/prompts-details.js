/** One prompt: its figures at once, its texts when they are asked for. */
import { get } from "../api.js";
import { fill, h } from "../dom.js";
import { count, fullTime, oneLine, shortTime } from "../format.js";
import { link } from "../route.js";
import { turnOfMessage } from "../rows/turn-of-message.js";
import { longText } from "./prompts-text.js";
import { isoOf, modelName } from "./routing-columns.js";
import { messageLink } from "./routing-links.js";

/**
 * @typedef {import("./prompts-record.js").Prompt} Prompt
 * @typedef {import("../api.js").Row} Row
 */

/**
 * @param {Row} row
 * @param {Prompt} prompt
 * @param {{name: string, signal: AbortSignal, onMark: (cursor: string) => void, marked: string}} view
 * @returns {import("../dom.js").Child[]}
 */
export function promptDetails(row, prompt, { name, signal, onMark, marked }) {
  if (typeof row["raw"] === "string" && row["messageId"] === undefined) {
    return [h("p", { class: "dim" }, "This line of the log is no record:"), longText(row["raw"], "The line")];
  }
  const { cursor, time, threadId, messageId, sessionId, model, length } = prompt;
  const turn = turnOfMessage({ messageId, threadId }, signal);
  const texts = once(() => get(promptPath(cursor), {}, signal));
  return [
    h(
      "dl",
      {},
      ...pair("Time", h("time", { datetime: isoOf(time), title: fullTime(time) }, shortTime(time))),
      ...pair(
        "Thread",
        threadId === undefined ? "–" : h("a", { href: link("thread", threadId) }, `#${oneLine(name, 80)}`),
      ),
      ...pair("Message", h("code", {}, oneLine(messageId, 100) || "–")),
      ...pair("Session", h("code", {}, oneLine(sessionId, 100) || "–")),
      ...pair("Model", modelName(model)),
      ...pair("Length", `${count(length)} characters`),
      ...pair("History", historyText(prompt)),
    ),
    h(
      "p",
      { class: "links" },
      messageLink(messageId),
      messageId !== "" && h("a", { href: link("routing", "", { messageId }) }, "Routing decision"),
      h("button", { type: "button", onclick: () => onMark(cursor) }, markText(cursor, marked)),
    ),
    h("h3", {}, "Texts"),
    folded("System prompt", "systemPrompt", texts),
    folded("User message", "userMessage", texts),
    folded("Prompt", "prompt", texts),
    h("h3", {}, "Tool calls"),
    turn === undefined ? h("p", { class: "dim" }, "The record names no message.") : turn.button,
    turn?.place,
  ];
}

/** @param {string} cursor @param {string} marked */
function markText(cursor, marked) {
  if (marked === "") return "Compare: mark as A";
  return marked === cursor ? "Compare: take the mark A away" : "Compare with A";
}

/** Of a message's id, or of a place in the log. @param {string} name */
export function promptPath(name) {
  return `/api/prompts/${encodeURIComponent(name)}`;
}

/** @param {Prompt} prompt */
export function historyText({ hasHistory, historyLines }) {
  if (!hasHistory) return "none: the session went on";
  return `${count(historyLines)} lines injected into a new session`;
}

/**
 * @param {string} term
 * @param {import("../dom.js").Child} value
 */
function pair(term, value) {
  return [h("dt", {}, term), h("dd", {}, value)];
}

/**
 * Asks once, and again after a failure.
 * @template T
 * @param {() => Promise<T>} ask
 */
function once(ask) {
  /** @type {Promise<T> | undefined} */
  let asked;
  return () => {
    asked ??= ask().catch((error) => {
      asked = undefined;
      throw error;
    });
    return asked;
  };
}

/**
 * A text that is asked for when it is opened.
 * @param {string} title
 * @param {string} field
 * @param {() => Promise<any>} texts
 */
function folded(title, field, texts) {
  const place = h("div", {});
  const element = h("details", { class: "folded" }, h("summary", {}, title), place);
  const load = async () => {
    fill(place, h("p", { class: "dim" }, "Loading…"));
    try {
      const text = (await texts())[field];
      fill(place, typeof text === "string" ? longText(text, title) : h("p", { class: "dim" }, "The record has none."));
    } catch (error) {
      const again = h("button", { type: "button", onclick: () => void load() }, "Try again");
      fill(place, h("p", { class: "bad" }, error instanceof Error ? error.message : String(error), " ", again));
    }
  };
  element.addEventListener("toggle", () => {
    if (element.open && place.childElementCount === 0) void load();
  });
  return element;
}
