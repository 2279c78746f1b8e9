/** Charts of the host: which there are, and one of them drawn. Colours are the theme's. */
import uPlot from "/lib/uPlot.js";
import { h } from "../dom.js";
import { exactTime, percent, shortTime, size } from "../format.js";

/**
 * @typedef {{label: string, name: string, colour: string, fill?: boolean}} Line `name`: as the history has it
 * @typedef {{title: string, lines: readonly Line[], unit: "percent" | "bytes" | "number"}} Chart
 * @typedef {import("../../node_modules/uplot/dist/uPlot.d.ts").Options} Options
 * @typedef {import("../../node_modules/uplot/dist/uPlot.d.ts").Axis} Axis
 * @typedef {import("../../node_modules/uplot/dist/uPlot.d.ts").AlignedData} AlignedData
 * @typedef {Map<string, (number | null)[]>} Columns with `timestamp`, epoch s
 */

/** @type {readonly Chart[]} */
export const CHARTS = [
  {
    title: "CPU",
    unit: "percent",
    lines: [
      { label: "busy", name: "cpu.percent", colour: "--accent", fill: true },
      { label: "waiting for disks", name: "cpu.iowait", colour: "--warn" },
      { label: "stolen by the host", name: "cpu.steal", colour: "--bad" },
    ],
  },
  {
    title: "Memory",
    unit: "percent",
    lines: [{ label: "used", name: "memory.percent", colour: "--sonnet", fill: true }],
  },
  {
    title: "Load",
    unit: "number",
    lines: [
      { label: "1 min", name: "load.1", colour: "--accent" },
      { label: "5 min", name: "load.5", colour: "--haiku" },
      { label: "15 min", name: "load.15", colour: "--dim" },
    ],
  },
  { title: "Disk", unit: "percent", lines: [{ label: "used", name: "disk.percent", colour: "--opus", fill: true }] },
  {
    title: "Pressure",
    unit: "percent",
    lines: [
      { label: "CPU", name: "pressure.cpu", colour: "--accent" },
      { label: "memory", name: "pressure.memory", colour: "--sonnet" },
      { label: "disks", name: "pressure.io", colour: "--warn" },
    ],
  },
];

const HEIGHT = 150;
const NARROW_HEIGHT = 110;

/** @param {string} name */
function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

/**
 * @param {unknown} value
 * @param {Chart["unit"]} unit
 */
function figure(value, unit) {
  if (unit === "percent") return percent(value);
  if (unit === "bytes") return size(value);
  return typeof value === "number" ? value.toFixed(2) : "–";
}

/** One chart with its legend, which shows the values under the pointer, and the newest without one. */
export class ChartView {
  #chart;
  #lines;
  #plot;
  #columns;
  #place = h("div", { class: "chart-place", role: "img" });
  #when = h("span", { class: "dim" });
  /** @type {HTMLElement[]} */
  #values;
  element;

  /**
   * @param {Chart} chart
   * @param {Columns} columns
   */
  constructor(chart, columns) {
    this.#chart = chart;
    this.#columns = columns;
    // What this host does not tell is left out.
    this.#lines = chart.lines.filter(({ name }) => columns.get(name)?.some((value) => value !== null));
    this.#values = this.#lines.map(() => h("span", { class: "mono" }));
    const legend = this.#lines.map(({ label, colour: name }, index) =>
      h("span", { class: "chart-key" }, h("span", { class: `swatch swatch${name}` }), `${label} `, this.#values[index]),
    );
    this.element = h(
      "section",
      { class: "card chart" },
      h("h3", {}, chart.title),
      this.#place,
      h("div", { class: "chart-legend", "aria-hidden": "true" }, ...legend, this.#when),
    );
    this.element.hidden = this.#lines.length === 0;
    this.#plot = new uPlot(this.#options(), this.#data(), this.#place);
    this.#told();
  }

  /** @param {Columns} columns */
  show(columns) {
    this.#columns = columns;
    this.#plot.setData(this.#data());
    this.#told();
  }

  resize() {
    const width = this.#place.clientWidth;
    if (width > 0 && width !== this.#plot.width) this.#plot.setSize({ width, height: this.#height() });
  }

  close() {
    this.#plot.destroy();
  }

  #height() {
    return innerWidth <= 720 ? NARROW_HEIGHT : HEIGHT;
  }

  /** @returns {AlignedData} */
  #data() {
    const column = (/** @type {string} */ name) => this.#columns.get(name) ?? [];
    return /** @type {AlignedData} */ ([column("timestamp"), ...this.#lines.map(({ name }) => column(name))]);
  }

  /** @returns {Options} */
  #options() {
    const { unit } = this.#chart;
    const [dim, line, face] = [colour("--dim"), colour("--line"), getComputedStyle(document.body).fontFamily];
    /** @type {Axis} */
    const axis = {
      stroke: dim,
      grid: { stroke: line, width: 1 },
      ticks: { stroke: line, width: 1 },
      font: `11px ${face}`,
    };
    return {
      width: Math.max(200, this.#place.clientWidth || 400),
      height: this.#height(),
      legend: { show: false },
      cursor: { sync: { key: "system" }, y: false, drag: { x: false, y: false } },
      scales: { y: { range: (_plot, _least, most) => [0, top(most, unit)] } },
      series: [
        {},
        ...this.#lines.map(({ colour: name, fill: isFilled }) => ({
          stroke: colour(name),
          width: 1.5,
          points: { show: false },
          spanGaps: false,
          ...(isFilled === true && { fill: `${colour(name)}22` }),
        })),
      ],
      axes: [
        { ...axis, size: 26, values: (_plot, times) => times.map((time) => clock(time)) },
        { ...axis, size: 52, values: (_plot, values) => values.map((value) => tick(value, unit)) },
      ],
      hooks: { setCursor: [(plot) => this.#told(plot.cursor.idx ?? undefined)] },
    };
  }

  /** @param {number} [index] */
  #told(index) {
    const times = this.#columns.get("timestamp") ?? [];
    const at = index ?? times.length - 1;
    const figures = this.#lines.map(({ name }) => figure(this.#columns.get(name)?.[at], this.#chart.unit));
    for (const [nth, value] of this.#values.entries()) value.textContent = figures[nth] ?? "";
    const time = times[at];
    this.#when.textContent =
      index === undefined || time === null || time === undefined ? "" : exactTime(time * 1000).slice(0, -4);
    if (index !== undefined) return;
    const said = this.#lines.map(({ label }, nth) => `${label} ${figures[nth] ?? ""}`).join(", ");
    this.#place.setAttribute("aria-label", `${this.#chart.title} over time; now ${said}`);
  }
}

/**
 * @param {number | null} most
 * @param {Chart["unit"]} unit
 */
function top(most, unit) {
  const highest = most ?? 0;
  if (unit !== "percent") return Math.max(1, highest * 1.1);
  // Small shares are to be seen, and a full one is to look full.
  return [5, 10, 25, 50].find((step) => highest <= step) ?? 100;
}

/**
 * @param {number} value
 * @param {Chart["unit"]} unit
 */
function tick(value, unit) {
  if (unit === "percent") return `${value} %`;
  return unit === "bytes" ? size(value) : String(value);
}

/** @param {number} time epoch s */
function clock(time) {
  const text = shortTime(time * 1000);
  return text.endsWith(":00") ? text.slice(0, -3) : text;
}
