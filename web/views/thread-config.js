/** What a thread is set to, and what it has had so far. */
import { fill, h } from "../dom.js";
import { asText, cost, count, oneLine, size, visible } from "../format.js";
import { modelBadge, timeTag } from "../rows/badges.js";
import { fieldPairs } from "../rows/fields.js";
import { unfoldable } from "../rows/long-text.js";
import { numberOf, recordOf, textOf } from "../rows/record.js";
import { agentOf, threadOf } from "../rows/threads.js";
import { Totals } from "../rows/totals.js";

const wide = matchMedia("(min-width: 1100px)");

export class ThreadConfig {
  #status;
  #threadId;
  #totals;
  #fields = h("dl", {});
  #prompt = h("div", {});
  #figures = h("dl", {});
  #shown = { fields: "", prompt: "", figures: "" };

  /**
   * @param {number} threadId
   * @param {() => any} status
   * @param {AbortSignal} signal
   */
  constructor(threadId, status, signal) {
    this.#threadId = threadId;
    this.#status = status;
    this.#totals = new Totals(signal);
    this.#totals.addEventListener("change", () => this.update());
    this.element = h(
      "details",
      { class: "thread-config", open: wide.matches },
      h("summary", {}, h("h3", {}, "Configuration and totals")),
      this.#fields,
      this.#figures,
      this.#prompt,
    );
  }

  update() {
    const thread = threadOf(this.#status(), this.#threadId);
    const agent = agentOf(this.#status(), this.#threadId);
    this.#once("fields", [thread, agent], () => fill(this.#fields, ...fieldsOf(thread ?? {}, agent)));
    this.#once("prompt", thread?.["systemPrompt"], () => fill(this.#prompt, ...promptOf(thread?.["systemPrompt"])));
    if (thread !== undefined) void this.#totals.refresh([thread]);
    const totals = this.#totals.of(this.#threadId);
    this.#once("figures", totals, () => fill(this.#figures, ...figuresOf(totals)));
  }

  /**
   * Only what has changed is drawn, so that a text being marked or read stays.
   * @param {"fields" | "prompt" | "figures"} name
   * @param {unknown} value
   * @param {() => void} draw
   */
  #once(name, value, draw) {
    const text = JSON.stringify(value) ?? "none";
    if (text === this.#shown[name]) return;
    this.#shown[name] = text;
    draw();
  }
}

/** @param {Record<string, unknown>} thread @param {Record<string, unknown> | undefined} agent */
function fieldsOf(thread, agent) {
  const { model, modelChoice, cwd, sessionId, status, lastActive } = thread;
  return fieldPairs([
    ["Status", textOf(status) && oneLine(status, 20)],
    ["Agent", agent && agentText(agent)],
    ["Last model", modelBadge(model)],
    ["Choice", textOf(modelChoice) && oneLine(modelChoice, 20)],
    ["Directory", textOf(cwd) && h("code", {}, visible(asText(cwd)).slice(0, 1000))],
    ["Session", textOf(sessionId) ? h("code", {}, oneLine(sessionId, 100)) : "none: the next message begins one"],
    ["Last active", numberOf(lastActive) === undefined ? undefined : timeTag(lastActive)],
  ]);
}

/** @param {Record<string, unknown>} agent */
function agentText({ state, pid, rssBytes }) {
  const memory = numberOf(rssBytes) === undefined ? "" : `, ${size(rssBytes)}`;
  return `${oneLine(state ?? "unknown", 20)}${numberOf(pid) === undefined ? "" : `, process ${asText(pid)}`}${memory}`;
}

/** @param {unknown} systemPrompt */
function promptOf(systemPrompt) {
  const text = textOf(systemPrompt);
  if (text === undefined) return [h("p", { class: "dim" }, "No system prompt of its own.")];
  return [h("details", {}, h("summary", {}, `System prompt (${count(text.length)} characters)`), ...unfoldable(text))];
}

/** @param {Record<string, unknown>} totals */
function figuresOf(totals) {
  const messages = recordOf(totals["messages"]);
  const tokens = recordOf(totals["tokens"]);
  /** @param {unknown} value */
  const figure = (value) => (numberOf(value) === undefined ? undefined : count(value));
  return fieldPairs([
    ["Received", figure(messages["in"])],
    ["Sent", figure(messages["out"])],
    ["Turns", figure(totals["turns"])],
    ["Cost", numberOf(totals["costUsd"]) === undefined ? undefined : cost(totals["costUsd"])],
    ["Tokens in", figure(tokens["input"])],
    ["Tokens out", figure(tokens["output"])],
    ["Cache read", figure(tokens["cacheRead"])],
    ["Cache written", figure(tokens["cacheWrite"])],
  ]);
}
