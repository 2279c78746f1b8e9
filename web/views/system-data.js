/** The host's figures over time: what the server has kept, and what comes. */
import { get } from "../api.js";
import { listOf, numberOf } from "../rows/record.js";

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

/** Columns of the cores are named by their numbers. */
const CORE = "core.";

/** @param {unknown} value */
function number(value) {
  return numberOf(value) ?? null;
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
    const history = await get("/api/metrics/history", { step: this.#range.step, cores: 1 }, signal);
    /** @type {Map<string, unknown[]>} */
    const given = new Map(Object.keys(READERS).map((name) => [name, listOf(history.series?.[name])]));
    for (const [core, column] of listOf(history.cores).entries()) given.set(`${CORE}${core}`, listOf(column));
    this.columns = new Map(["timestamp", ...given.keys()].map((name) => [name, []]));
    for (const [index, time] of listOf(history.timestamp).map(Number).entries()) {
      this.#push(time / 1000, (name) => number(given.get(name)?.[index]));
    }
  }

  /** Busy percent of each core, in order; of those that were there when the history was asked for. */
  get cores() {
    return [...this.columns].flatMap(([name, column]) => (name.startsWith(CORE) ? [column] : []));
  }

  /** Whether the sample tells of anything new, and whether there is a hole before it. @param {any} metrics */
  add(metrics) {
    const time = number(metrics?.timestamp);
    if (time === null) return "old";
    const seconds = time / 1000;
    const last = this.columns.get("timestamp")?.at(-1) ?? seconds;
    if (seconds - last < this.#range.step) return "old";
    if (seconds - last > HOLE_STEPS * this.#range.step) return "hole";
    this.#push(seconds, (name) => number(readNow(metrics, name)));
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

/** @param {any} metrics @param {string} name */
function readNow(metrics, name) {
  if (name.startsWith(CORE)) return listOf(metrics.cpu?.cores)[Number(name.slice(CORE.length))];
  return READERS[name]?.(metrics);
}
