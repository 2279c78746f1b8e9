/** The host's figures over time: what the server has kept, and what comes. */
import { get } from "../api.js";

/**
 * @typedef {import("./system-charts.js").Columns} Columns
 * @typedef {{seconds: number, step: 1 | 15}} Range
 */

/** @type {Record<"hour" | "day", Range>} */
export const RANGES = { hour: { seconds: 3600, step: 1 }, day: { seconds: 86_400, step: 15 } };
/** Samples that may be missing before it is a hole. */
const HOLE_STEPS = 4;

/** Of one sample, by the names that the history has. @type {Record<string, (metrics: any) => unknown>} */
const READERS = {
  "cpu.percent": (m) => m.cpu?.percent,
  "cpu.iowait": (m) => m.cpu?.iowait,
  "cpu.steal": (m) => m.cpu?.steal,
  "memory.percent": (m) => m.memory?.percent,
  "load.1": (m) => m.load?.[0],
  "load.5": (m) => m.load?.[1],
  "load.15": (m) => m.load?.[2],
  "disk.percent": (m) => m.disk?.percent,
  "pressure.cpu": (m) => m.pressure?.cpu?.some?.now,
  "pressure.memory": (m) => m.pressure?.memory?.some?.now,
  "pressure.io": (m) => m.pressure?.io?.some?.now,
};

/** @param {unknown} value */
function number(value) {
  return typeof value === "number" && Number.isFinite(value) ? value : null;
}

export class Series {
  #range;
  /** @type {Columns} */
  columns = new Map();

  /** @param {Range} range */
  constructor(range) {
    this.#range = range;
  }

  /** Throws ApiError. @param {AbortSignal} signal */
  async load(signal) {
    const history = await get("/api/metrics/history", { step: this.#range.step }, signal);
    const times = /** @type {unknown[]} */ (history.timestamp ?? []).map(Number);
    this.columns = new Map(["timestamp", ...Object.keys(READERS)].map((name) => [name, []]));
    for (const [index, time] of times.entries()) {
      this.#push(time / 1000, (name) => number(history.series?.[name]?.[index]));
    }
  }

  /** Whether the sample tells of anything new, and whether there is a hole before it. @param {any} metrics */
  add(metrics) {
    const time = number(metrics?.timestamp);
    if (time === null) return "old";
    const seconds = time / 1000;
    const last = this.columns.get("timestamp")?.at(-1) ?? seconds;
    if (seconds - last < this.#range.step) return "old";
    if (seconds - last > HOLE_STEPS * this.#range.step) return "hole";
    this.#push(seconds, (name) => number(READERS[name]?.(metrics)));
    return "new";
  }

  /**
   * @param {number} time epoch s
   * @param {(name: string) => number | null} read
   */
  #push(time, read) {
    const times = this.columns.get("timestamp");
    if (times === undefined) return;
    const last = times.at(-1) ?? time;
    if (time - last > HOLE_STEPS * this.#range.step) this.#append(last + this.#range.step, () => null);
    this.#append(time, read);
    const first = times.findIndex((known) => known !== null && known >= time - this.#range.seconds);
    if (first > 0) for (const column of this.columns.values()) column.splice(0, first);
  }

  /**
   * @param {number} time
   * @param {(name: string) => number | null} read
   */
  #append(time, read) {
    for (const [name, column] of this.columns) column.push(name === "timestamp" ? time : read(name));
  }
}
