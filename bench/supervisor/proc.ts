/** What Linux tells of processes, added up. proc(5). */
import { readFile } from "node:fs/promises";
import { TICKS_PER_SECOND } from "../../src/dashboard/host/pid-stat.ts";

const KIB = 1024;
/** Where `utime` and `stime`, fields 14 and 15, stand after the name, which may hold spaces itself. */
const TIMES = [11, 12];

/** Bytes. */
export interface Memory {
  readonly resident: number;
  readonly share: number;
  readonly own: number;
}

export async function memoryOf(pids: readonly number[]): Promise<Memory> {
  const each = await Promise.all(
    pids.map(async (pid) => ({
      resident: await field(pid, "status", "VmRSS"),
      share: await field(pid, "smaps_rollup", "Pss"),
      own: await field(pid, "status", "RssAnon"),
    })),
  );
  const sum = (of: keyof Memory): number => each.reduce((total, one) => total + one[of], 0);
  return { resident: sum("resident"), share: sum("share"), own: sum("own") };
}

async function field(pid: number, file: string, name: string): Promise<number> {
  const text = await readFile(`/proc/${pid}/${file}`, "utf8");
  return Number(new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(text)?.[1]) * KIB;
}

/** Processor time of all their threads, in user mode and in the kernel. */
export async function cpuMs(pids: readonly number[]): Promise<number> {
  const each = await Promise.all(pids.map(ticks));
  return (each.reduce((sum, one) => sum + one, 0) / TICKS_PER_SECOND) * 1000;
}

async function ticks(pid: number): Promise<number> {
  const text = await readFile(`/proc/${pid}/stat`, "utf8");
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  return TIMES.reduce((sum, at) => sum + Number(fields[at]), 0);
}
