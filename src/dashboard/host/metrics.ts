import type { CpuUsage } from "./cpu-usage.ts";
import type { DiskUsage } from "./disk-usage.ts";
import type { MemoryUsage } from "./meminfo.ts";
import type { ContainerName } from "./container-roles.ts";
import type { Pressure } from "./pressure.ts";

/** The host at one moment, as `/api/metrics` answers it: bytes, seconds, percent 0–100; what cannot be read is null. */
export interface HostMetrics {
  /** Epoch ms. */
  readonly timestamp: number;
  readonly cpu: CpuUsage;
  readonly memory: MemoryUsage;
  readonly load: readonly [number | null, number | null, number | null];
  readonly disk: DiskUsage;
  readonly uptime: number | null;
  /** Null on a kernel without it. */
  readonly pressure: Readonly<Record<"cpu" | "memory" | "io", Pressure | null>> | null;
  /** Since boot. */
  readonly oomKills: number | null;
  /** Seconds each container has run; null where it is not found, or the program runs in none. */
  readonly containers: Readonly<Record<ContainerName, number | null>>;
}

const UNKNOWN = { total: null, used: null, available: null, percent: null };

/** Nothing was read yet. */
export function unknownMetrics(timestamp: number): HostMetrics {
  return {
    timestamp,
    cpu: { percent: null, iowait: null, steal: null, cores: [] },
    memory: UNKNOWN,
    load: [null, null, null],
    disk: UNKNOWN,
    uptime: null,
    pressure: null,
    oomKills: null,
    containers: { bot: null, broker: null, dashboard: null },
  };
}
