/** Two prompts side by side: what of the lines and words is other in the second. */
import { get } from "../api.js";
import { fill, h } from "../dom.js";
import { count, oneLine } from "../format.js";
import { link } from "../route.js";
import { timeTag } from "../rows/badges.js";
import { idOf } from "../rows/record.js";
import { promptPath } from "./prompts-details.js";
import { rowsOf } from "./prompts-diff.js";
import { blocksOf, expandedRows } from "./prompts-diff-rows.js";
import { pour } from "../rows/long-text.js";

/**
 * @param {import("../app.js").Context} context
 * @param {{a: string, b: string, list: string}} what two prompts by messageId or cursor, and the way back
 */
export function showComparison({ root, announce }, { a, b, list }) {
  const stop = new AbortController();
  /** @type {HTMLElement[]} */
  const changes = [];
  let at = -1;
  const heads = h("div", { class: "compare-heads" });
  const state = h("span", { class: "dim", role: "status" }, "Comparing…");
  const table = h("div", { class: "diff", role: "table", "aria-label": "The two prompts, line by line" });
  const scroll = h("div", { class: "diff-scroll", tabindex: "0", role: "region", "aria-label": "Comparison" }, table);
  const move = (/** @type {number} */ step) => {
    if (changes.length === 0) return;
    at = (at + step + changes.length) % changes.length;
    const element = changes[at];
    element?.focus({ preventScroll: true });
    element?.scrollIntoView({ block: "center" });
    announce(`Difference ${at + 1} of ${changes.length}`);
    say();
  };
  const say = () => fill(state, summary(changes.length, at));
  const next = h("button", { type: "button", title: "n", onclick: () => move(1) }, "Next difference");
  const previous = h("button", { type: "button", title: "N", onclick: () => move(at === -1 ? 0 : -1) }, "Previous");
  fill(
    root,
    h(
      "div",
      { class: "bar" },
      h("h2", {}, "Two prompts"),
      next,
      previous,
      h("a", { href: link("prompts", "", { a: b, b: a }) }, "Swap"),
      h("a", { href: list }, "Back to the list"),
      state,
    ),
    heads,
    scroll,
  );

  const expand = async (/** @type {HTMLElement} */ row, /** @type {import("./prompts-diff.js").Skipped} */ skipped) => {
    try {
      const whole = await get(promptPath(a), {}, stop.signal);
      const rows = expandedRows(String(whole.prompt ?? ""), skipped);
      const first = rows.next();
      if (first.done) {
        fill(row, h("span", { class: "skipped", role: "cell" }, "Here both end."));
        return;
      }
      const place = h("div", { role: "rowgroup" });
      row.parentElement?.replaceWith(place);
      place.append(first.value);
      place.tabIndex = -1;
      place.focus({ preventScroll: true });
      pour(place, rows);
    } catch (error) {
      if (!stop.signal.aborted) announce(error instanceof Error ? error.message : String(error));
    }
  };

  const load = async () => {
    try {
      const answer = await get("/api/prompts/diff", { a, b }, stop.signal);
      fill(heads, headOf("A", answer.a), headOf("B", answer.b));
      const hunks = Array.isArray(answer.hunks) ? answer.hunks : [];
      next.disabled = previous.disabled = hunks.length === 0;
      if (hunks.length === 0) {
        fill(table);
        fill(scroll, h("p", { class: "note" }, "The two prompts are the same, to the letter."));
        fill(state, "No difference");
        return;
      }
      pour(table, blocksOf(rowsOf(hunks), { changes, onExpand: (row, skipped) => void expand(row, skipped) }), say);
      say();
    } catch (error) {
      if (stop.signal.aborted) return;
      fill(state, "");
      const message = error instanceof Error ? error.message : String(error);
      const again = h("button", { type: "button", onclick: () => void load() }, "Try again");
      fill(
        scroll,
        h(
          "p",
          { class: "note" },
          `${message} `,
          again,
          " or choose others in the ",
          h("a", { href: list }, "list"),
          ".",
        ),
      );
    }
  };
  void load();
  return { close: () => stop.abort(), next: () => move(1), previous: () => move(at === -1 ? 0 : -1) };
}

/** @param {number} changes @param {number} at */
function summary(changes, at) {
  const all = changes === 1 ? "1 difference" : `${count(changes)} differences`;
  return at === -1 ? all : `${count(at + 1)} of ${all}`;
}

/** @param {string} letter @param {any} head as the server has it */
function headOf(letter, head) {
  const messageId = idOf(head?.messageId);
  return h(
    "p",
    {},
    h("strong", {}, `${letter} `),
    timeTag(head?.timestamp),
    " ",
    messageId === "" ? "" : h("a", { href: link("prompts", "", { messageId }) }, oneLine(messageId, 60)),
    h("span", { class: "dim" }, ` ${count(head?.promptLength)} characters`),
  );
}
