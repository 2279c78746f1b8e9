/** What opens beside the logs: a line whole, the search through whole files, the export, how to search. */
import { lines, withParameters } from "../api.js";
import { fill, h } from "../dom.js";
import { exactTime, fullTime, oneLine, size, visible } from "../format.js";
import { link } from "../route.js";
import { listParameters, listPath } from "../topics.js";
import { levelName, levelOf, lineTime, textOf } from "./logs-line.js";

/** Lines found that are listed before more are asked for. */
const PAGE = 100;

/**
 * A line whole.
 * @param {import("./logs-feed.js").Entry} entry
 * @param {import("../dom.js").Child[]} actions
 */
export function lineDetails({ source, item: { row = { cursor: "" } } }, actions) {
  const stamp = lineTime(row);
  const { cursor: _cursor, raw, ...fields } = row;
  const message = typeof row["msg"] === "string" ? row["msg"] : undefined;
  return [
    h("p", { class: "bar" }, ...actions),
    h(
      "dl",
      {},
      h("dt", {}, "time"),
      h(
        "dd",
        {},
        stamp === undefined ? "–" : h("time", { datetime: new Date(stamp).toISOString() }, fullTime(stamp)),
        ` ${exactTime(stamp)}`,
      ),
      h("dt", {}, "level"),
      h("dd", {}, levelName(levelOf(row)) || "none: the line is no JSON"),
      h("dt", {}, "log"),
      h("dd", {}, source),
      ...linksOf(row),
    ),
    ...(message === undefined ? [] : [h("h3", {}, "Message"), h("pre", {}, visible(message))]),
    ...stacks(row).flatMap((stack) => [h("h3", {}, "Stack"), h("pre", {}, visible(stack))]),
    h("h3", {}, "The whole line"),
    h("pre", { class: "log-whole" }, visible(typeof raw === "string" ? raw : JSON.stringify(fields, null, 2))),
  ];
}

/** @param {import("../api.js").Row} row */
function linksOf(row) {
  const { threadId, messageId } = row;
  const isThread = typeof threadId === "number" && Number.isSafeInteger(threadId);
  return [
    ...(isThread ? [h("dt", {}, "thread"), h("dd", {}, h("a", { href: link("thread", threadId) }, threadId))] : []),
    ...(typeof messageId === "string"
      ? [
          h("dt", {}, "message"),
          h(
            "dd",
            {},
            h("a", { href: link("logs", "", { q: `messageId:${messageId}` }) }, oneLine(messageId, 80)),
            " in all logs",
          ),
        ]
      : []),
  ];
}

/** Those of errors, which are long and of many lines. @param {import("../api.js").Row} row */
function stacks(row) {
  return Object.values(row).flatMap((value) => {
    const stack =
      typeof value === "object" && value !== null ? /** @type {Record<string, unknown>} */ (value)["stack"] : value;
    return typeof stack === "string" && /\n\s+at /.test(stack) ? [stack] : [];
  });
}

/**
 * The search through whole files. It ends when the panel is closed: see the returned function.
 * @param {{sources: readonly string[], phrase: string, text: string, announce: (text: string) => void}} options `text`: the
 *   search as it is
 */
export function filesPanel({ sources, phrase, text, announce }) {
  const input = h("input", {
    type: "search",
    class: "grow",
    "aria-label": "Text to find in the whole files",
    value: phrase,
    maxlength: 400,
  });
  const begin = h("button", { type: "submit" }, "Search");
  const cancel = h("button", { type: "button", hidden: true }, "Cancel");
  const more = h("button", { type: "button", hidden: true }, "More");
  const progress = h("progress", { "aria-label": "Searched", max: 1, value: 0, hidden: true });
  const state = h(
    "p",
    { class: "dim" },
    "All files of the log are searched, also those put aside, the newest lines first. The text is taken as it is.",
  );
  const results = h("ol", { class: "log-results" });
  let running = new AbortController();
  let found = 0;
  let limit = PAGE;
  let goOn = () => {};

  const search = async (/** @type {string} */ q) => {
    running.abort();
    running = new AbortController();
    const { signal } = running;
    [found, limit] = [0, PAGE];
    fill(results);
    cancel.hidden = progress.hidden = false;
    more.hidden = true;
    state.textContent = "Searching…";
    try {
      for (const source of sources) await searchOne(source, q, signal);
      state.textContent = found === 0 ? "Nothing found in any file." : `${found} lines found, that is all.`;
    } catch (error) {
      if (signal !== running.signal) return;
      state.textContent = signal.aborted
        ? `Cancelled: ${found} lines so far.`
        : `The search failed: ${error instanceof Error ? error.message : String(error)}`;
    }
    announce(state.textContent ?? "");
    cancel.hidden = progress.hidden = more.hidden = true;
  };

  /**
   * @param {string} source
   * @param {string} q
   * @param {AbortSignal} signal
   */
  const searchOne = async (source, q, signal) => {
    for await (const event of lines("/api/search", { q, topic: `logs/${source}` }, signal)) {
      if (event.type === "progress") {
        progress.value = event.total > 0 ? event.scanned / event.total : 1;
        state.textContent = `${found} lines found; ${source}: ${size(event.scanned)} of ${size(event.total)} searched.`;
      } else if (event.type === "match") {
        found += 1;
        results.append(resultOf(source, event.row, text === "" ? q : text));
        // Nothing more is read until more is wanted: the server waits as well.
        if (found >= limit) await pause(signal);
      }
    }
  };

  /** @param {AbortSignal} signal */
  const pause = (signal) =>
    new Promise((resolve, reject) => {
      state.textContent = `The newest ${found} lines; there may be more.`;
      more.hidden = false;
      goOn = () => resolve(undefined);
      signal.addEventListener("abort", () => reject(signal.reason), { once: true });
    });

  more.addEventListener("click", () => {
    // The list holds a page, so that it does not grow without end.
    fill(results);
    limit = found + PAGE;
    more.hidden = true;
    goOn();
  });
  cancel.addEventListener("click", () => running.abort());
  const form = h("form", { class: "bar" }, input, begin, cancel);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (input.value.trim() !== "") void search(input.value.trim());
  });
  if (phrase !== "") void search(phrase);
  return { children: [form, progress, state, results, more], input, close: () => running.abort() };
}

/**
 * @param {string} source
 * @param {import("../api.js").Row} row
 * @param {string} q
 */
function resultOf(source, row, q) {
  const stamp = lineTime(row);
  const level = levelName(levelOf(row)) || "raw";
  const address = link("logs", source, { q, show: "all", at: row.cursor });
  return h(
    "li",
    {},
    h(
      "a",
      { href: address },
      h("span", { title: fullTime(stamp) }, exactTime(stamp)),
      ` ${level} ${source} `,
      oneLine(textOf(row), 160),
    ),
  );
}

/**
 * @param {readonly string[]} sources
 * @param {import("../query.js").Query} query
 */
export function exportPanel(sources, query) {
  const from = query.since === undefined ? undefined : Math.floor(query.since);
  const address = (/** @type {string} */ source) => {
    const topic = `logs/${source}`;
    return withParameters(listPath(topic), { format: "ndjson", ...listParameters(topic, { ...query.server, from }) });
  };
  const said = Object.entries(
    /** @type {Record<string, string>} */ ({ ...query.server, ...(from !== undefined && { since: exactTime(from) }) }),
  );
  return [
    h("p", {}, "All lines of a log from its oldest on, a record a line, as a file:"),
    h(
      "ul",
      {},
      ...sources.map((source) =>
        h("li", {}, h("a", { href: address(source), download: `${source}.ndjson` }, `${source}.ndjson`)),
      ),
    ),
    said.length > 0 && h("p", {}, `Only those with ${said.map(([name, value]) => `${name} ${value}`).join("; ")}.`),
    !query.isEmpty &&
      !query.isExact &&
      query.since === undefined &&
      h(
        "p",
        { class: "warn" },
        "The server knows no expressions and no -: what the search leaves out besides is in the file.",
      ),
  ];
}

const SYNTAX = [
  ["claimed", "lines with the text, whatever its case"],
  ['"goes back"', "a text with spaces"],
  ["/time.?out/i", "an expression; i: whatever its case"],
  ["-polled", "lines without; works with all of these"],
  ["level:error", "also level:warn,error and level:>=warn"],
  ["thread:5", "lines of a thread, or of some: thread:5,6"],
  ["messageId:u7", "lines of a message"],
  ["since:15m", "also 30s, 2h, 1d, since:14:30, since:2026-01-31"],
];

export function syntaxPanel() {
  return [
    h(
      "dl",
      {},
      ...SYNTAX.flatMap(([example = "", means = ""]) => [h("dt", {}, h("code", {}, example)), h("dd", {}, means)]),
    ),
    h(
      "p",
      { class: "dim" },
      "All that is given must be true of a line. What is looked for is the text as it is shown: message, then name=value.",
    ),
  ];
}
