import type { HostMetrics } from "./metrics.ts";

/** What is kept of each sample, by the name it has in an answer. */
const READERS = {
  "cpu.percent": (m) => m.cpu.percent,
  "cpu.iowait": (m) => m.cpu.iowait,
  "cpu.steal": (m) => m.cpu.steal,
  "memory.used": (m) => m.memory.used,
  "memory.percent": (m) => m.memory.percent,
  "load.1": (m) => m.load[0],
  "load.5": (m) => m.load[1],
  "load.15": (m) => m.load[2],
  "disk.used": (m) => m.disk.used,
  "disk.percent": (m) => m.disk.percent,
  "pressure.cpu": (m) => m.pressure?.cpu?.some?.now,
  "pressure.memory": (m) => m.pressure?.memory?.some?.now,
  "pressure.io": (m) => m.pressure?.io?.some?.now,
  oomKills: (m) => m.oomKills,
} satisfies Record<string, (metrics: HostMetrics) => number | null | undefined>;

export type SeriesName = keyof typeof READERS;
export const SERIES = Object.keys(READERS) as SeriesName[];

/** A number a series, NaN for unknown. */
export function valuesOf(metrics: HostMetrics): number[] {
  return SERIES.map((name) => READERS[name](metrics) ?? Number.NaN);
}
