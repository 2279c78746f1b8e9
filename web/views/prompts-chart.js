/** How long prompts are over time: of each few pixels the longest. */
import { fill, h, svg } from "../dom.js";
import { count, oneLine, shortTime } from "../format.js";

/**
 * @typedef {import("./prompts-record.js").Prompt} Prompt
 * @typedef {Prompt & {time: number, length: number}} Point
 */

const HEIGHT = 64;
const COLUMN = 4;

/** @param {Prompt} prompt @returns {prompt is Point} */
function isPoint(prompt) {
  return prompt.time !== undefined && prompt.length !== undefined;
}

export class PromptsChart {
  #onChoose;
  #picture = h("div", { class: "picture" });
  #legend = h("figcaption", { class: "dim" });
  /** @type {readonly Point[]} */
  #points = [];
  #drawn = "";
  /** The longest of each column. @type {(Point | undefined)[]} */
  #columns = [];
  #resize = new ResizeObserver(() => this.#draw());

  /** @param {(cursor: string) => void} onChoose a column was clicked: its longest prompt */
  constructor(onChoose) {
    this.#onChoose = onChoose;
    this.element = h("figure", { class: "prompts-chart" }, this.#picture, this.#legend);
    this.#picture.addEventListener("click", (event) => this.#click(event));
    this.#resize.observe(this.#picture);
  }

  close() {
    this.#resize.disconnect();
  }

  /** @param {readonly Prompt[]} prompts @param {string} of whose they are */
  show(prompts, of) {
    this.#points = prompts.filter(isPoint);
    this.element.hidden = this.#points.length < 2;
    this.#draw(of);
  }

  #draw(of = this.element.dataset["of"] ?? "") {
    this.element.dataset["of"] = of;
    const width = Math.floor(this.#picture.clientWidth);
    const [first, last] = [this.#points[0], this.#points.at(-1)];
    const now = [width, this.#points.length, first?.cursor, last?.cursor, of].join(" ");
    if (now === this.#drawn || first === undefined || last === undefined || width < 20) return;
    this.#drawn = now;
    const [from, to, most] = this.#range();
    this.#columns = this.#longest(Math.max(1, Math.floor(width / COLUMN)), from, to);
    const label = `Length of ${count(this.#points.length)} prompts${of} from ${shortTime(from)} to ${shortTime(to)}: the longest ${count(most)} characters`;
    fill(
      this.#picture,
      svg(
        "svg",
        { width, height: HEIGHT, viewBox: `0 0 ${width} ${HEIGHT}`, role: "img", "aria-label": label },
        svg("path", { class: "plain", d: this.#path(most, false) }),
        svg("path", { class: "history", d: this.#path(most, true) }),
      ),
    );
    fill(
      this.#legend,
      h("span", {}, shortTime(from)),
      h("span", {}, `longest ${count(most)} characters${of}; `, h("span", { class: "history" }, "■"), " with history"),
      h("span", {}, shortTime(to)),
    );
  }

  /** @returns {[number, number, number]} times, and the greatest length */
  #range() {
    let [from, to, most] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 1];
    for (const { time, length } of this.#points) {
      from = Math.min(from, time);
      to = Math.max(to, time);
      most = Math.max(most, length);
    }
    return [from, to, most];
  }

  /** @param {number} columns @param {number} from @param {number} to */
  #longest(columns, from, to) {
    /** @type {(Point | undefined)[]} */
    const longest = Array.from({ length: columns });
    const perColumn = Math.max(1, to - from) / columns;
    for (const point of this.#points) {
      const column = Math.min(columns - 1, Math.floor((point.time - from) / perColumn));
      if ((longest[column]?.length ?? -1) < point.length) longest[column] = point;
    }
    return longest;
  }

  /** @param {number} most @param {boolean} hasHistory */
  #path(most, hasHistory) {
    return this.#columns
      .flatMap((point, column) => {
        if (point === undefined || point.hasHistory !== hasHistory) return [];
        const height = Math.max(1, (point.length / most) * (HEIGHT - 2));
        return [`M${column * COLUMN} ${HEIGHT}v${(-height).toFixed(1)}h${COLUMN - 1}v${height.toFixed(1)}z`];
      })
      .join("");
  }

  /** @param {MouseEvent} event */
  #click(event) {
    const { left } = this.#picture.getBoundingClientRect();
    const at = Math.floor((event.clientX - left) / COLUMN);
    for (let away = 0; away < 5; away += 1) {
      const point = this.#columns[at + away] ?? this.#columns[at - away];
      if (point !== undefined) {
        this.#onChoose(point.cursor);
        return;
      }
    }
  }
}

/** @param {string} name of the thread that is chosen, empty for all */
export function ofThread(name) {
  return name === "" ? "" : ` of #${oneLine(name, 40)}`;
}
