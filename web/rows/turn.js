/** A turn as a list of what the agent did, kept up to date in place so that what is unfolded stays so. */
import { fill, h } from "../dom.js";
import { cost, count, duration, oneLine, visible } from "../format.js";
import { modelBadge, timeTag } from "./badges.js";

/**
 * @typedef {import("./turn-record.js").Turn} Turn
 * @typedef {import("./turn-record.js").Step} Step
 */

/** Steps in the document at most; of a longer turn the last. */
const MOST = 60;
/** Of one unfolded text, characters. */
const LONGEST = 20_000;

/** Milliseconds as people read them. @param {unknown} ms */
export function milliseconds(ms) {
  if (typeof ms !== "number" || !Number.isFinite(ms)) return "–";
  if (ms < 1000) return `${Math.round(ms)} ms`;
  return ms < 60_000 ? `${(ms / 1000).toFixed(1)} s` : duration(ms / 1000);
}

export class TurnView {
  #head = h("p", { class: "turn-head" });
  #skipped = h("p", { class: "dim", hidden: true });
  #list = h("ol", { class: "steps" });
  #foot = h("p", { class: "turn-foot" });
  /** @type {Map<Step, {element: HTMLElement, state: string}>} */
  #drawn = new Map();

  constructor() {
    this.element = h("div", { class: "turn" }, this.#head, this.#skipped, this.#list, this.#foot);
  }

  /**
   * `isLive`: it goes on; `now` in epoch ms tells for how long.
   * @param {Turn} turn
   * @param {{isLive?: boolean, now?: number}} [options]
   */
  update(turn, { isLive = false, now = Date.now() } = {}) {
    const shown = turn.steps.slice(-MOST);
    const running = isLive && turn.startedAt !== undefined ? ` for ${duration((now - turn.startedAt) / 1000)}` : "";
    const title = isLive
      ? `Working${running}`
      : turn.end === undefined
        ? "No end of this turn is recorded yet"
        : "Turn";
    fill(this.#head, h("strong", {}, title), " ", modelBadge(turn.model), " ", timeTag(turn.startedAt));
    this.#skipped.hidden = shown.length === turn.steps.length;
    this.#skipped.textContent = `${count(turn.steps.length - shown.length)} earlier steps are not shown.`;
    const kept = new Set(shown);
    for (const [step, { element }] of this.#drawn) {
      if (kept.has(step)) continue;
      element.remove();
      this.#drawn.delete(step);
    }
    for (const step of shown) this.#place(step, isLive, now);
    fill(this.#foot, ...footOf(turn));
  }

  /** @param {Step} step @param {boolean} isLive @param {number} now */
  #place(step, isLive, now) {
    const isRunning = isLive && step.isOver !== true;
    const state = isRunning ? `… ${duration((now - (step.at ?? now)) / 1000)}` : `over ${step.ms ?? ""}`;
    let known = this.#drawn.get(step);
    if (known?.state === state) return;
    if (known === undefined) {
      known = { element: h("li", { class: step.kind }), state: "" };
      this.#drawn.set(step, known);
      this.#list.append(known.element);
    }
    known.state = state;
    drawStep(known.element, step, isRunning ? state : undefined);
  }
}

/** @param {HTMLElement} element @param {Step} step @param {string} [running] for how long; undefined when it is over */
function drawStep(element, step, running) {
  const summary = element.querySelector("summary");
  const time = summary?.querySelector(".took") ?? null;
  if (running !== undefined && time !== null) {
    // The time alone: what is focused or marked stays.
    time.textContent = running;
    return;
  }
  const isOpen = element.querySelector("details")?.open === true;
  const hadFocus = summary !== null && summary === document.activeElement;
  fill(element, stepElement(step, running ?? milliseconds(step.ms), isOpen));
  if (hadFocus) element.querySelector("summary")?.focus();
}

/** @param {Step} step @param {string} took @param {boolean} isOpen */
function stepElement(step, took, isOpen) {
  const isFailed = step.kind === "error" || step.result?.startsWith("error:") === true;
  const name = h("strong", { class: isFailed ? "bad" : "" }, oneLine(step.name, 40));
  const line = h("span", { class: "what" }, oneLine(step.detail, 160));
  const time = step.kind === "tool" && h("span", { class: "took dim" }, took);
  const result = step.result === undefined ? [] : [h("p", { class: "dim" }, "Result"), h("pre", {}, cut(step.result))];
  return h("details", { open: isOpen }, h("summary", {}, name, line, time), h("pre", {}, cut(step.detail)), ...result);
}

/** @param {string} text */
function cut(text) {
  return visible(text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text) || "(empty)";
}

/** @param {Turn} turn @returns {import("../dom.js").Child[]} */
function footOf({ end }) {
  if (end === undefined) return [];
  const { inputTokens, outputTokens, cacheReadTokens, cacheWriteTokens } = end.usage;
  const tokens = [
    [inputTokens, "in"],
    [outputTokens, "out"],
    [cacheReadTokens, "read from cache"],
    [cacheWriteTokens, "written to cache"],
  ].filter(([value]) => typeof value === "number");
  return [
    end.failure === undefined ? "Done" : h("span", { class: "bad" }, oneLine(end.failure, 300)),
    end.ms === undefined ? undefined : ` in ${milliseconds(end.ms)}`,
    end.costUsd === undefined ? undefined : ` · ${cost(end.costUsd)}`,
    tokens.length === 0
      ? undefined
      : ` · tokens: ${tokens.map(([value, name]) => `${count(value)} ${String(name)}`).join(", ")}`,
  ];
}
