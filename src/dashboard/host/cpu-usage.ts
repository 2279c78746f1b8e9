import type { CpuReading, CpuTimes } from "./cpu-stat.ts";
import { percentOf } from "./percent.ts";

/** Shares of the time between two readings, percent; null where they do not tell. `iowait` is part of the idle time. */
export interface CpuUsage {
  readonly percent: number | null;
  readonly iowait: number | null;
  readonly steal: number | null;
  /** `percent` of each core, at the core's number; null where one is offline or came just now. */
  readonly cores: readonly (number | null)[];
}

type Shares = Pick<CpuUsage, "percent" | "iowait" | "steal">;

const UNKNOWN: Shares = { percent: null, iowait: null, steal: null };

/** What happened between two readings; `before` is null at the start and after a pause. */
export function cpuUsage(before: CpuReading | null, now: CpuReading | null): CpuUsage {
  if (now === null) return { ...UNKNOWN, cores: [] };
  const length = Math.max(-1, ...now.cores.keys()) + 1;
  const cores = Array.from({ length }, (_, id) => shares(before?.cores.get(id), now.cores.get(id)).percent);
  return { ...shares(before?.all, now.all), cores };
}

/**
 * A counter that went back has not moved: `iowait` may decrease, and the kernel's rounding may take a tick away from
 * any other. The whole is the sum of the moves, so that no share of it can leave 0–100.
 */
function shares(before: CpuTimes | null | undefined, now: CpuTimes | null | undefined): Shares {
  if (!before || !now) return UNKNOWN;
  const moved = (name: keyof CpuTimes): number => Math.max(0, now[name] - before[name]);
  const [iowait, steal] = [moved("iowait"), moved("steal")];
  const busy = moved("user") + moved("nice") + moved("system") + moved("irq") + moved("softirq") + steal;
  const total = busy + moved("idle") + iowait;
  return { percent: percentOf(busy, total), iowait: percentOf(iowait, total), steal: percentOf(steal, total) };
}
