/**
 * What a CPU has done since boot, in ticks of 10 ms. `guest` and `guest_nice` are left out: the kernel counts them in
 * `user` and `nice` already (proc_stat(5)).
 */
export interface CpuTimes {
  readonly user: number;
  readonly nice: number;
  readonly system: number;
  readonly idle: number;
  readonly iowait: number;
  readonly irq: number;
  readonly softirq: number;
  readonly steal: number;
}

/** The cores that are online, by their number; a core that is offline has no line. */
export interface CpuReading {
  readonly all: CpuTimes | null;
  readonly cores: ReadonlyMap<number, CpuTimes>;
}

/** The most CPUs a Linux kernel can be built for; a higher number is a damaged line. */
const MAX_CORES = 8_192;

/** The `cpu` lines of `/proc/stat`, which come first; null when there is none. */
export function parseCpuStat(text: string): CpuReading | null {
  let all: CpuTimes | null = null;
  const cores = new Map<number, CpuTimes>();
  for (let start = 0; text.startsWith("cpu", start);) {
    const end = text.indexOf("\n", start);
    const [name = "", ...fields] = text
      .slice(start, end === -1 ? text.length : end)
      .trimEnd()
      .split(/ +/);
    const times = parseTimes(fields);
    if (name === "cpu") all = times;
    else if (times !== null && /^cpu\d{1,4}$/.test(name)) addCore(cores, Number(name.slice(3)), times);
    if (end === -1) break;
    start = end + 1;
  }
  return all === null && cores.size === 0 ? null : { all, cores };
}

function addCore(cores: Map<number, CpuTimes>, id: number, times: CpuTimes): void {
  if (id < MAX_CORES) cores.set(id, times);
}

/** Kernels before 2.6.11 have fewer columns. A number past 2^53 is a counter that fell below zero: no reading at all. */
function parseTimes(fields: readonly string[]): CpuTimes | null {
  const known = fields.slice(0, 8);
  if (known.length < 4) return null;
  const numbers = known.map((field) => (/^\d+$/.test(field) ? Number(field) : Number.NaN));
  if (!numbers.every((number) => Number.isSafeInteger(number))) return null;
  const [user = 0, nice = 0, system = 0, idle = 0, iowait = 0, irq = 0, softirq = 0, steal = 0] = numbers;
  return { user, nice, system, idle, iowait, irq, softirq, steal };
}
