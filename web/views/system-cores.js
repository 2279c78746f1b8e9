/** How busy each core was: a line of cells for each, the fuller the busier, and the same in figures. */
import { fill, h } from "../dom.js";
import { exactTime, percent, shortTime } from "../format.js";
import { busiest, cellsOf, summaryOf } from "./system-cells.js";

/** @typedef {import("./system-cells.js").Column} Column */

/** As high as the charts beside it, as long as lines can be told apart. */
const HEIGHT = 150;
const LEAST_LINE = 3;
const MOST_LINE = 24;
/** So high that a number fits beside each. */
const LABELLED_LINE = 14;
/** Colours from nothing to 100 %. */
const STEPS = 100;

export class CoresChart {
  #canvas = h("canvas", { class: "heat", role: "img" });
  #labels = h("div", { class: "heat-labels dim", "aria-hidden": "true" });
  #times = h("div", { class: "heat-times dim", "aria-hidden": "true" });
  #pointed = h("span", { class: "mono" });
  #figures = h("tbody", {});
  #details = h(
    "details",
    { ontoggle: () => this.#drawFigures() },
    h("summary", {}, "In figures"),
    h(
      "div",
      { class: "heat-figures", role: "region", tabindex: "0", "aria-label": "How busy each core was" },
      h(
        "table",
        {},
        h(
          "thead",
          {},
          h("tr", {}, ...["Core", "Now", "Average", "Most"].map((name) => h("th", { scope: "col" }, name))),
        ),
        this.#figures,
      ),
    ),
  );
  element = h(
    "section",
    { class: "card chart", hidden: true },
    h("h3", {}, "Cores over time"),
    h("div", { class: "heat-place" }, this.#labels, this.#canvas, h("span", {}), this.#times),
    h(
      "div",
      { class: "chart-legend", "aria-hidden": "true" },
      h("span", { class: "chart-key" }, "0 % ", h("span", { class: "heat-scale" }), " 100 %"),
      this.#pointed,
    ),
    this.#details,
  );
  /** @type {readonly Column[]} */
  #cores = [];
  /** Epoch s. @type {Column} */
  #seconds = [];
  /** Red, green and blue of each step. */
  #palette = new Uint8ClampedArray();

  constructor() {
    this.#canvas.addEventListener("pointermove", (event) => this.#point(event));
    this.#canvas.addEventListener("pointerleave", () => fill(this.#pointed));
  }

  /** The theme may be another. */
  recolour() {
    this.#palette = paletteOf("--raised", "--accent");
    this.#draw();
  }

  /** @param {readonly Column[]} cores percent @param {Column} seconds */
  show(cores, seconds) {
    const isOther = cores.length !== this.#cores.length;
    this.#cores = cores;
    this.#seconds = seconds;
    this.element.hidden = cores.length === 0 || seconds.length < 2;
    if (this.element.hidden) return;
    if (isOther) this.#lay();
    this.#draw();
    this.#drawFigures();
  }

  /** There is more or less room. */
  resize() {
    if (!this.element.hidden && this.#canvas.clientWidth !== this.#canvas.width) this.#draw();
  }

  #line() {
    return Math.max(LEAST_LINE, Math.min(MOST_LINE, Math.floor(HEIGHT / this.#cores.length)));
  }

  /** As many lines as there are cores; the last is named where there is no room for all names. */
  #lay() {
    const last = this.#cores.length - 1;
    const line = this.#line();
    this.#canvas.style.height = `${line * this.#cores.length}px`;
    const isEach = line >= LABELLED_LINE;
    const numbers = isEach ? [...this.#cores.keys()] : [0, last];
    this.#labels.classList.toggle("each", isEach);
    fill(this.#labels, ...numbers.map((number) => h("span", {}, number)));
  }

  #draw() {
    const width = this.#canvas.clientWidth;
    const context = this.#canvas.getContext("2d");
    if (this.element.hidden || width === 0 || context === null) return;
    this.#canvas.width = width;
    this.#canvas.height = this.#cores.length;
    const image = context.createImageData(width, this.#cores.length);
    for (const [cell, share] of cellsOf(this.#cores, this.#seconds, width).entries()) {
      // What is unknown stays as clear as it is.
      if (Number.isNaN(share)) continue;
      const colour = 3 * Math.round((share / 100) * STEPS);
      image.data.set(this.#palette.subarray(colour, colour + 3), 4 * cell);
      image.data[4 * cell + 3] = 255;
    }
    context.putImageData(image, 0, 0);
    const [first, last] = [this.#seconds[0] ?? 0, this.#seconds.at(-1) ?? 0];
    fill(this.#times, ...[first, (first + last) / 2, last].map((time) => h("span", {}, shortTime(time * 1000))));
    this.#tell();
  }

  /** In words what the picture shows; the figures say it all. */
  #tell() {
    const { length } = this.#cores;
    const now = this.#cores.map((column) => column.at(-1) ?? null);
    const most = busiest(now);
    const said = most === -1 ? "nothing is known of now" : `now core ${most} is the busiest, ${percent(now[most])}`;
    this.#canvas.setAttribute("aria-label", `How busy ${length} ${length === 1 ? "core was" : "cores were"}; ${said}`);
  }

  #drawFigures() {
    if (!this.#details.open) return;
    const rows = this.#cores.map((column, core) => {
      const { now, average, most } = summaryOf(column);
      const cells = [now, average, most].map((share) => h("td", { class: "mono" }, percent(share)));
      return h("tr", {}, h("th", { scope: "row" }, core), ...cells);
    });
    fill(this.#figures, ...rows);
  }

  /** @param {PointerEvent} event */
  #point({ offsetX, offsetY }) {
    const { clientWidth, clientHeight } = this.#canvas;
    const core = Math.floor((offsetY / clientHeight) * this.#cores.length);
    const [first, last] = [this.#seconds[0] ?? 0, this.#seconds.at(-1) ?? 0];
    const time = first + ((last - first) * offsetX) / clientWidth;
    const at = this.#seconds.findLastIndex((known) => known !== null && known <= time);
    const share = percent(this.#cores[core]?.[Math.max(0, at)]);
    fill(this.#pointed, `core ${core} ${share} at ${exactTime(time * 1000).slice(0, -4)}`);
  }
}

/** From one colour of the theme to another. @param {string} from @param {string} to */
function paletteOf(from, to) {
  const [start, end] = [channels(from), channels(to)];
  const palette = new Uint8ClampedArray(3 * (STEPS + 1));
  for (let step = 0; step <= STEPS; step += 1) {
    for (const [channel, value] of start.entries()) {
      palette[3 * step + channel] = value + (((end[channel] ?? 0) - value) * step) / STEPS;
    }
  }
  return palette;
}

/** Red, green and blue of a colour of the theme, which is written `#rrggbb`. @param {string} name */
function channels(name) {
  const text = getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  return [1, 3, 5].map((at) => Number.parseInt(text.slice(at, at + 2), 16) || 0);
}
