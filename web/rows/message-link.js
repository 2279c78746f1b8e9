/** From a message's id to what else there is about it. */
import { getPage } from "../api.js";
import { h } from "../dom.js";
import { link } from "../route.js";

/**
 * The message itself stands in the feed at a place that must be asked for: until that is known there is no link.
 * @param {string} messageId
 */
export function messageLink(messageId) {
  const place = h("span", { class: "dim" }, "Message…");
  if (messageId === "") return undefined;
  const ask = async () => {
    try {
      // An answer has an id of its own: the first message that bears this one is what was asked.
      const { items } = await getPage("messages", { messageId, direction: "in" }, { n: 1 });
      const cursor = items[0]?.cursor;
      if (typeof cursor === "string") place.replaceWith(h("a", { href: link("feed", "", { at: cursor }) }, "Message"));
      else place.textContent = "Its message is no longer there";
    } catch {
      place.textContent = "Its message could not be looked for";
    }
  };
  void ask();
  return place;
}
