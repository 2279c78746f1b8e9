/** What waits, and what was put aside. */
import { get } from "../api.js";
import { fill, h } from "../dom.js";
import { asText, count, oneLine, size, visible } from "../format.js";
import { link, refine } from "../route.js";
import { timeTag } from "../rows/badges.js";
import { LiveTable } from "../rows/live-table.js";
import { fieldList } from "../rows/fields.js";
import { unfoldable } from "../rows/long-text.js";
import { listOf, numberOf, recordOf, textOf } from "../rows/record.js";
import { threadLink } from "../rows/threads.js";

/** Newest files shown. */
const MOST = 150;

/** What was put aside, by its part of the address. */
export const ASIDE = {
  "dead-letter": {
    depth: "deadLetter",
    title: "Dead letters",
    what: "Messages that failed for good. The reason stands beside each; to try one again, move its file back to queue/incoming.",
    none: "No dead letter: no message has failed for good.",
  },
  corrupt: {
    depth: "corrupt",
    title: "Corrupt files",
    what: "Files of the queue that cannot be read. They are kept as they were found, for you to look at.",
    none: "No corrupt file.",
  },
};

/** @typedef {keyof typeof ASIDE} Aside */

/** @param {string} part @returns {part is Aside} */
export function isAside(part) {
  return Object.hasOwn(ASIDE, part);
}

export function queueFigures() {
  const figures = [
    figure("Incoming", "incoming"),
    figure("Processing", "processing"),
    figure("Outgoing", "outgoing"),
    figure("Dead letters", "deadLetter", "dead-letter"),
    figure("Corrupt files", "corrupt", "corrupt"),
  ];
  const hour = figure("Messages, last hour", "lastHour");
  const day = figure("Messages, last day", "lastDay");
  return {
    element: h("ul", { class: "cards figures" }, ...[...figures, hour, day].map(({ element }) => element)),
    /** @param {any} status */
    update(status) {
      for (const one of figures) one.show(recordOf(status?.queue));
      for (const one of [hour, day]) one.show(recordOf(status?.messages));
    },
  };
}

/** @param {string} title @param {string} name @param {Aside} [aside] */
function figure(title, name, aside) {
  const value = h("span", { class: "figure" }, "–");
  const label = aside === undefined ? title : h("a", { href: link("overview", aside) }, title);
  return {
    element: h("li", { class: "card" }, h("h3", {}, label), value),
    /** @param {Record<string, unknown>} counts */
    show(counts) {
      const number = counts[name];
      value.textContent = count(number);
      value.classList.toggle("bad", aside !== undefined && typeof number === "number" && number > 0);
    },
  };
}

/** @typedef {Record<string, unknown> & {name: string}} File */

/**
 * The list of one of them; `update` asks anew when their number has changed.
 * @param {Aside} aside
 * @param {import("../app.js").Context} context
 * @param {AbortSignal} signal
 */
export function asideList(aside, { details, status, route }, signal) {
  const { depth, title, what, none } = ASIDE[aside];
  const note = h("p", { class: "note" }, "Loading…");
  const more = h("p", { class: "dim", hidden: true }, `Older files are not shown: these are the newest ${MOST}.`);
  /** @param {File} file */
  const open = (file) => {
    refine({ file: file.name });
    details.show(oneLine(file.name, 60), fileDetails(file, status()), () => {
      if (!signal.aborted) refine({ file: "" });
    });
  };
  let asked = route.query.get("file") ?? "";
  const table = new LiveTable({
    label: title,
    keyOf: (/** @type {File} */ { name }) => name,
    columns: [
      {
        title: "File",
        value: ({ name, modified }) => `${name} ${asText(modified)}`,
        cell: (file) =>
          h("button", { type: "button", class: "plain", onclick: () => open(file) }, oneLine(file.name, 60)),
      },
      { title: "Put aside", cell: ({ modified }) => timeTag(modified) },
      { title: "Thread", cell: ({ message }) => threadOf(recordOf(message)["threadId"], status()) },
      {
        title: "Reason",
        className: "wide",
        cell: ({ reason }) => oneLine(reason ?? "No reason was left beside it.", 300),
      },
      { title: "Content", className: "wide", cell: (file) => oneLine(contentOf(file), 200) },
      { title: "Size", className: "number", cell: ({ bytes }) => size(bytes) },
    ],
  });
  table.element.hidden = true;
  /** @type {unknown} */
  let shownFor = {};
  const load = async () => {
    try {
      const answer = await get(`/api/queue/${aside}`, { n: MOST }, signal);
      const items = /** @type {File[]} */ (listOf(answer.items).map(recordOf)).toReversed();
      table.show(items);
      table.element.hidden = items.length === 0;
      more.hidden = answer.more !== true;
      note.hidden = items.length > 0;
      fill(note, none);
      const found = items.find(({ name }) => name === asked);
      asked = "";
      if (found !== undefined) open(found);
    } catch (error) {
      if (signal.aborted) return;
      const again = h("button", { type: "button", onclick: () => void load() }, "Try again");
      note.hidden = false;
      fill(note, h("span", { class: "bad" }, error instanceof Error ? error.message : asText(error)), " ", again);
    }
  };
  return {
    element: h("section", {}, h("h2", {}, title), h("p", { class: "dim" }, what), note, table.element, more),
    /** @param {any} state */
    update(state) {
      const now = recordOf(state?.queue)[depth];
      if (now === shownFor) return;
      shownFor = now;
      void load();
    },
  };
}

/** @param {unknown} threadId @param {any} status */
function threadOf(threadId, status) {
  return numberOf(threadId) === undefined ? "–" : threadLink(status, threadId);
}

/** @param {File} file */
function contentOf({ message, raw, unfit }) {
  const text = textOf(recordOf(message)["message"]);
  return text ?? asText(raw ?? message) ?? (textOf(unfit) && `This is no file but a ${asText(unfit)}.`) ?? "";
}

/** @param {File} file @param {any} status */
function fileDetails(file, status) {
  const { name, bytes, modified, reason, why, message, raw, cut, unfit } = file;
  const record = recordOf(message);
  const rest = recordOf(why);
  return [
    fieldList([
      ["File", h("code", {}, visible(name))],
      ["Put aside", timeTag(modified)],
      ["Size", size(bytes)],
      ["Thread", numberOf(record["threadId"]) && threadLink(status, record["threadId"])],
      ["Sender", textOf(record["sender"]) && oneLine(record["sender"], 80)],
      ["Reason", oneLine(reason ?? "No reason was left beside it.", 1000)],
      ["Is", textOf(unfit) && oneLine(unfit, 60)],
    ]),
    ...(textOf(record["message"]) === undefined
      ? []
      : [h("h3", {}, "Message"), ...unfoldable(asText(record["message"]))]),
    h("h3", {}, "The whole file"),
    ...unfoldable(raw === undefined ? JSON.stringify(message ?? null, null, 2) : asText(raw)),
    numberOf(cut) === undefined ? undefined : h("p", { class: "dim" }, `${size(cut)} more are not shown.`),
    ...(Object.keys(rest).length === 0 ? [] : [h("h3", {}, "Beside it"), ...unfoldable(JSON.stringify(rest, null, 2))]),
  ];
}
