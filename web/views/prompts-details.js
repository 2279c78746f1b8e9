/** One prompt: its figures at once, its texts when they are asked for. */
import { get } from "../api.js";
import { fill, h } from "../dom.js";
import { count, oneLine } from "../format.js";
import { link } from "../route.js";
import { modelName } from "../rows/badges.js";
import { fieldList, placeFields } from "../rows/fields.js";
import { turnOfMessage } from "../rows/turn-of-message.js";
import { longText } from "../rows/long-text.js";
import { messageLink } from "../rows/message-link.js";

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
  const { cursor, threadId, messageId, sessionId, model, length } = prompt;
  const turn = turnOfMessage({ messageId, threadId }, signal);
  const texts = once(() => get(promptPath(cursor), {}, signal));
  return [
    fieldList([
      ...placeFields(prompt, name),
      ["Message", h("code", {}, oneLine(messageId, 100) || "–")],
      ["Session", h("code", {}, oneLine(sessionId, 100) || "–")],
      ["Model", modelName(model)],
      ["Length", `${count(length)} characters`],
      ["History", historyText(prompt)],
    ]),
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
