/** A line of the last minute, as small as a word. */
import { svg } from "../dom.js";

/** Samples a second for a minute. */
export const SAMPLES = 60;
const WIDTH = 120;
const HEIGHT = 28;

/**
 * The line through values from 0 to `most`, the newest at the right edge; where one is unknown it has a hole.
 * @param {readonly (number | null | undefined)[]} values
 * @param {number} most
 */
export function sparkPath(values, most) {
  const from = SAMPLES - values.length;
  let path = "";
  let isDrawing = false;
  for (const [index, value] of values.entries()) {
    if (typeof value !== "number" || !Number.isFinite(value)) {
      isDrawing = false;
      continue;
    }
    const x = ((from + index) / (SAMPLES - 1)) * WIDTH;
    const share = Math.min(1, Math.max(0, value / (most || 1)));
    path += `${isDrawing ? "L" : "M"}${x.toFixed(1)} ${((1 - share) * (HEIGHT - 2) + 1).toFixed(1)}`;
    isDrawing = true;
  }
  return path;
}

export class Sparkline {
  #path = svg("path", { class: "spark-line" });
  #most;
  /** @type {(number | null)[]} */
  #values = [];

  /** `most`: the height of the line; left out, the largest value there is. @param {number} [most] */
  constructor(most) {
    this.#most = most;
    // The figure beside it says the same.
    const frame = {
      class: "spark",
      viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
      preserveAspectRatio: "none",
      "aria-hidden": "true",
    };
    this.element = svg("svg", frame, this.#path);
  }

  /** Those of the past, oldest first. @param {readonly (number | null)[]} values */
  begin(values) {
    this.#values = [...values, ...this.#values].slice(-SAMPLES);
    this.#draw();
  }

  /** @param {number | null} value */
  push(value) {
    this.#values.push(value);
    if (this.#values.length > SAMPLES) this.#values.shift();
    this.#draw();
  }

  #draw() {
    const known = this.#values.filter((value) => value !== null);
    this.element.classList.toggle("unknown", known.length === 0);
    this.#path.setAttribute("d", sparkPath(this.#values, this.#most ?? Math.max(1, ...known)));
  }
}
