import { percentOf } from "./percent.ts";

/** Bytes; null where the text does not tell. */
export interface MemoryUsage {
  readonly total: number | null;
  /** What programs could not get: `total − available`. */
  readonly used: number | null;
  readonly available: number | null;
  readonly percent: number | null;
}

/** Anchored at the line: `Cached` is not `SwapCached`. */
const LINES = {
  total: /^MemTotal:[ \t]+(\d+) kB/m,
  available: /^MemAvailable:[ \t]+(\d+) kB/m,
  free: /^MemFree:[ \t]+(\d+) kB/m,
  buffers: /^Buffers:[ \t]+(\d+) kB/m,
  cached: /^Cached:[ \t]+(\d+) kB/m,
  reclaimable: /^SReclaimable:[ \t]+(\d+) kB/m,
  shared: /^Shmem:[ \t]+(\d+) kB/m,
};

/** `/proc/meminfo`. An available amount above the total, as a container's own view may have it, counts as the total. */
export function parseMeminfo(text: string): MemoryUsage {
  const total = bytes(text, "total");
  const given = bytes(text, "available") ?? estimateAvailable(text);
  if (total === null || total === 0 || given === null) return { total, used: null, available: null, percent: null };
  const available = Math.min(total, given);
  return { total, used: total - available, available, percent: percentOf(total - available, total) };
}

/** Kernels before 3.14 do not say what is available: what is free, and the caches but for shared memory, is. */
function estimateAvailable(text: string): number | null {
  const free = bytes(text, "free");
  if (free === null) return null;
  const caches = (bytes(text, "buffers") ?? 0) + (bytes(text, "cached") ?? 0) + (bytes(text, "reclaimable") ?? 0);
  return free + Math.max(0, caches - (bytes(text, "shared") ?? 0));
}

function bytes(text: string, name: keyof typeof LINES): number | null {
  const kib = LINES[name].exec(text)?.[1];
  const value = Number(kib) * 1024;
  return kib !== undefined && Number.isSafeInteger(value) ? value : null;
}
