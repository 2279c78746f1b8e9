/** What an agent did for a message of the past, asked for when somebody wants to see it. */
import { getPage } from "../api.js";
import { fill, h } from "../dom.js";
import { threadIdOf } from "./record.js";
import { TurnView } from "./turn.js";
import { addActivity, newTurn } from "./turn-record.js";

const MOST = 1000;

/**
 * A button, and the place where it shows the turn; nothing for a row without a message's id.
 * @param {Record<string, unknown>} row
 * @param {AbortSignal} signal
 */
export function turnOfMessage(row, signal) {
  const { messageId, threadId } = row;
  if (typeof messageId !== "string" || messageId === "") return undefined;
  const button = h("button", { type: "button", "aria-expanded": "false", title: "What the agent did" }, "activity");
  const place = h("div", { class: "past-turn" });
  let isShown = false;
  button.addEventListener("click", () => {
    isShown = !isShown;
    button.setAttribute("aria-expanded", String(isShown));
    fill(place);
    if (isShown) void load(place, messageId, threadId, signal);
  });
  return { button, place };
}

/**
 * @param {HTMLElement} place
 * @param {string} messageId
 * @param {unknown} threadId
 * @param {AbortSignal} signal
 */
async function load(place, messageId, threadId, signal) {
  fill(place, h("p", { class: "dim" }, "Loading…"));
  try {
    const { items } = await getPage("activity", { messageId, threadId: threadIdOf(threadId) }, { n: MOST }, signal);
    const turn = newTurn(messageId);
    for (const row of items) addActivity(turn, row);
    const view = new TurnView();
    view.update(turn);
    const nothing = h("p", { class: "dim" }, "Nothing is recorded for this message.");
    fill(place, items.length === 0 ? nothing : view.element);
  } catch (error) {
    if (signal.aborted) return;
    const message = error instanceof Error ? error.message : String(error);
    const again = h(
      "button",
      { type: "button", onclick: () => void load(place, messageId, threadId, signal) },
      "Try again",
    );
    fill(place, h("p", { class: "bad" }, message, " "), again);
  }
}
