/** The host in cards: a figure each, with a line of the last minute. */
import { get } from "../api.js";
import { fill, h } from "../dom.js";
import { duration, percent, size } from "../format.js";
import { listOf, numberOf, recordOf } from "../rows/record.js";
import { SAMPLES, Sparkline } from "./overview-spark.js";

/**
 * @typedef {Record<string, any>} Metrics as `/api/metrics` answers them; null is unknown
 * @typedef {object} CardSpec
 * @property {string} title
 * @property {string} [series] its name in the history; without one there is no line
 * @property {(metrics: Metrics) => number | null | undefined} value
 * @property {(metrics: Metrics) => string} text
 * @property {(metrics: Metrics) => string} [note]
 * @property {number} [most] height of the line
 * @property {[warn: number, bad: number]} [limits]
 */

const PERCENT = 100;

/** @param {unknown} stall */
const averages = (stall) => {
  const { avg10, avg60 } = recordOf(stall);
  return numberOf(avg10) === undefined ? "" : `10 s ${percent(avg10)} · 60 s ${percent(avg60)}`;
};

/** @param {string} title @param {"cpu" | "memory" | "io"} name @returns {CardSpec} */
const pressureOf = (title, name) => ({
  title,
  series: `pressure.${name}`,
  value: (m) => m["pressure"]?.[name]?.some?.now,
  text: (m) => percent(m["pressure"]?.[name]?.some?.now ?? m["pressure"]?.[name]?.some?.avg10),
  note: (m) => averages(m["pressure"]?.[name]?.some),
  most: PERCENT,
  limits: [25, 60],
});

/** @type {readonly CardSpec[]} */
const CARDS = [
  {
    title: "CPU",
    series: "cpu.percent",
    value: (m) => m["cpu"]?.percent,
    text: (m) => percent(m["cpu"]?.percent),
    note: (m) => known([cores(m), part("iowait", m["cpu"]?.iowait), part("steal", m["cpu"]?.steal)]),
    most: PERCENT,
    limits: [80, 95],
  },
  {
    title: "Memory",
    series: "memory.percent",
    value: (m) => m["memory"]?.percent,
    text: (m) => percent(m["memory"]?.percent),
    note: (m) => usage(m["memory"]),
    most: PERCENT,
    limits: [80, 95],
  },
  {
    title: "Disk",
    series: "disk.percent",
    value: (m) => m["disk"]?.percent,
    text: (m) => percent(m["disk"]?.percent),
    note: (m) => usage(m["disk"]),
    most: PERCENT,
    limits: [80, 92],
  },
  {
    title: "Load",
    series: "load.1",
    value: (m) => m["load"]?.[0],
    text: (m) => decimal(m["load"]?.[0]),
    note: (m) => `5 min ${decimal(m["load"]?.[1])} · 15 min ${decimal(m["load"]?.[2])}`,
  },
  pressureOf("CPU pressure", "cpu"),
  pressureOf("Memory pressure", "memory"),
  pressureOf("I/O pressure", "io"),
  { title: "Uptime", value: (m) => m["uptime"], text: (m) => duration(m["uptime"]), note: containers },
];

/** @param {unknown} value */
function decimal(value) {
  return numberOf(value)?.toFixed(2) ?? "–";
}

/** @param {(string | undefined)[]} parts */
function known(parts) {
  return parts.filter((one) => one !== undefined).join(" · ");
}

/** @param {string} name @param {unknown} value */
function part(name, value) {
  return numberOf(value) === undefined ? undefined : `${name} ${percent(value)}`;
}

/** @param {Metrics} metrics */
function cores(metrics) {
  const { length } = listOf(metrics["cpu"]?.cores);
  return length === 0 ? undefined : `${length} ${length === 1 ? "core" : "cores"}`;
}

/** @param {unknown} amounts */
function usage(amounts) {
  const { used, total, available } = recordOf(amounts);
  return numberOf(total) === undefined ? "" : `${size(used)} of ${size(total)} · ${size(available)} free`;
}

/** Those that are found. @param {Metrics} metrics */
function containers(metrics) {
  const found = Object.entries(recordOf(metrics["containers"])).filter(
    ([, seconds]) => numberOf(seconds) !== undefined,
  );
  return found.map(([name, seconds]) => `${name} ${duration(seconds)}`).join(" · ");
}

class Card {
  #spec;
  #figure = h("span", { class: "figure" }, "–");
  #note = h("p", { class: "dim" });
  /** @type {Sparkline | undefined} */
  spark;

  /** @param {CardSpec} spec */
  constructor(spec) {
    this.#spec = spec;
    if (spec.series !== undefined) this.spark = new Sparkline(spec.most);
    const line = h("div", { class: "card-line" }, this.#figure, this.spark?.element);
    this.element = h("li", { class: "card" }, h("h3", {}, spec.title), line, this.#note);
  }

  get series() {
    return this.#spec.series;
  }

  /** What the host does not tell is not shown at all. @param {Metrics} metrics */
  show(metrics) {
    const value = numberOf(this.#spec.value(metrics)) ?? null;
    const text = this.#spec.text(metrics);
    this.element.hidden = text === "–";
    this.#figure.textContent = text;
    this.#figure.className = `figure ${level(value, this.#spec.limits)}`;
    this.#showNote(this.#spec.note?.(metrics) ?? "");
    this.spark?.push(value);
  }

  /** Its parts are broken between, not within. @param {string} text */
  #showNote(text) {
    if (this.#note.textContent === text) return;
    const parts = text.split(" · ").map((one) => h("span", { class: "part" }, one));
    fill(this.#note, ...parts.flatMap((one, index) => (index === 0 ? [one] : [" · ", one])));
  }
}

/** @param {number | null} value @param {[number, number]} [limits] */
function level(value, limits) {
  if (value === null || limits === undefined) return "";
  return value >= limits[1] ? "bad" : value >= limits[0] ? "warn" : "";
}

/**
 * @param {import("../app.js").Context} context
 * @param {AbortSignal} signal
 */
export function hostCards({ connection }, signal) {
  const cards = CARDS.map((spec) => new Card(spec));
  const list = h("ul", { class: "cards" }, ...cards.map(({ element }) => element));
  const note = h("p", { class: "note" }, "Waiting for the first sample…");
  const element = h("div", {}, note);
  let last = 0;
  const end = connection.subscribe(
    { topic: "metrics" },
    {
      onState(metrics) {
        const at = numberOf(recordOf(metrics)["timestamp"]) ?? Date.now();
        // The state that was known is told again when a view opens.
        if (at === last) return;
        if (last === 0) {
          fill(element, list);
          void begin(cards, at, signal);
        }
        last = at;
        for (const card of cards) card.show(recordOf(metrics));
      },
    },
  );
  signal.addEventListener("abort", end);
  return element;
}

/**
 * The minute before the first sample.
 * @param {readonly Card[]} cards
 * @param {number} until epoch ms
 * @param {AbortSignal} signal
 */
async function begin(cards, until, signal) {
  try {
    const { timestamp, series } = await get("/api/metrics/history", { from: until - SAMPLES * 1000, step: 1 }, signal);
    const past = listOf(timestamp).filter((time) => Number(time) < until).length;
    for (const { series: name, spark } of cards) {
      if (name !== undefined)
        spark?.begin(
          listOf(recordOf(series)[name])
            .slice(0, past)
            .map((value) => numberOf(value) ?? null),
        );
    }
  } catch {
    // The line begins now, then: it is whole in a minute.
  }
}
