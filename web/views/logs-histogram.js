/** Lines a minute, with warnings and errors stacked, over the time that is loaded. */
import { fill, h, svg } from "../dom.js";
import { count, duration, shortTime } from "../format.js";

/** @typedef {import("./logs-feed.js").Entry} Entry */

const MOST_BARS = 60;
const LEAST_BARS = 15;
const HEIGHT = 32;
const MINUTE = 60_000;

export class Histogram {
  element = h("div", { class: "log-histogram", hidden: true });
  #chart = svg("svg", { preserveAspectRatio: "none", role: "img" });
  #note = h("span", { class: "dim" });
  #onTime;
  #from = 0;
  #width = MINUTE;
  #bars = LEAST_BARS;
  #text = "";

  /** @param {(time: number) => void} onTime told the time of a bar that was clicked on */
  constructor(onTime) {
    this.#onTime = onTime;
    this.#chart.addEventListener("click", (event) => {
      const { left, width } = this.#chart.getBoundingClientRect();
      this.#onTime(this.#from + Math.floor(((event.clientX - left) / width) * this.#bars) * this.#width);
    });
    this.element.append(this.#chart, this.#note);
  }

  /** @param {readonly Entry[]} entries */
  show(entries) {
    const last = entries.at(-1)?.time ?? 0;
    const first = entries.find(({ time }) => time > 0)?.time ?? 0;
    this.element.hidden = entries.length < 2 || first === 0;
    if (this.element.hidden) return;
    // Whole minutes, as many as are needed for the bars to hold all.
    this.#width = Math.max(1, Math.ceil((last - first) / MINUTE / (MOST_BARS - 1))) * MINUTE;
    this.#bars = Math.min(MOST_BARS, Math.max(LEAST_BARS, Math.ceil((last - first) / this.#width) + 1));
    this.#from = Math.floor(last / this.#width) * this.#width - (this.#bars - 1) * this.#width;
    const bars = this.#counts(entries);
    const highest = Math.max(1, ...bars.map(({ all }) => all));
    const text = `${highest}${JSON.stringify(bars)}`;
    if (text === this.#text) return;
    this.#text = text;
    this.#chart.setAttribute("viewBox", `0 0 ${this.#bars} ${HEIGHT}`);
    fill(this.#chart, ...bars.flatMap((bar, index) => drawn(bar, index, highest)));
    const errors = bars.reduce((sum, bar) => sum + bar.errors, 0);
    const warnings = bars.reduce((sum, bar) => sum + bar.warnings, 0);
    const step = duration(this.#width / 1000);
    const summary = `${count(errors)} errors, ${count(warnings)} warnings`;
    this.#chart.setAttribute(
      "aria-label",
      `Lines per ${step} since ${shortTime(this.#from)}: ${count(highest)} at most, ${summary}`,
    );
    this.#note.textContent = `≤ ${count(highest)} / ${step} · ${summary}`;
  }

  /** @param {readonly Entry[]} entries */
  #counts(entries) {
    const bars = Array.from({ length: this.#bars }, () => ({ all: 0, warnings: 0, errors: 0 }));
    for (const { time, level = 0 } of entries) {
      const bar = bars[Math.floor((time - this.#from) / this.#width)];
      if (bar === undefined) continue;
      bar.all += 1;
      if (level >= 50) bar.errors += 1;
      else if (level >= 40) bar.warnings += 1;
    }
    return bars;
  }
}

/**
 * @param {{all: number, warnings: number, errors: number}} bar
 * @param {number} index
 * @param {number} highest
 */
function drawn({ all, warnings, errors }, index, highest) {
  let top = HEIGHT;
  const part = (/** @type {number} */ amount, /** @type {string} */ name) => {
    if (amount === 0) return undefined;
    // One error among thousands of lines is seen too.
    const height = Math.max(2, (amount / highest) * HEIGHT);
    top = Math.max(0, top - height);
    return svg("rect", { x: index + 0.1, y: top, width: 0.8, height, class: `bar-${name}` });
  };
  return [part(errors, "errors"), part(warnings, "warnings"), part(all - errors - warnings, "lines")];
}
