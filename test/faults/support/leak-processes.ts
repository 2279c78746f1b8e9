/** What /proc says of processes: whose they are, and what they hold. */
import { readFileSync, readdirSync } from "node:fs";
import { MARKER } from "../../../src/core/agent-marker.ts";

export interface Seen {
  readonly pid: number;
  readonly parent: number;
  /** proc(5): R, S, D, Z … */
  readonly state: string;
  readonly words: readonly string[];
  /** Of the agent that it was started by, if any. */
  readonly mark: string | undefined;
}

/** All there are. A zombie has neither words nor a mark. */
export function processes(): Seen[] {
  return readdirSync("/proc").flatMap((name) => {
    const pid = Number(name);
    return Number.isInteger(pid) ? (seen(pid) ?? []) : [];
  });
}

/** Whether it runs, or has ended and is a child of the one that it is a matter of: others' children are others' to reap. */
export function isLeft(pid: number, parent: number): boolean {
  const one = seen(pid);
  return one !== undefined && (one.state !== "Z" || one.parent === parent);
}

/** Children of a process that have ended, and that it has not waited for. */
export function zombiesOf(parent: number): number[] {
  return processes()
    .filter((one) => one.parent === parent && one.state === "Z")
    .map(({ pid }) => pid);
}

export interface Holdings {
  readonly files: number;
  readonly threads: number;
  readonly mib: number;
}

export function holdingsOf(pid: number): Holdings {
  const kib = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
  return {
    files: readdirSync(`/proc/${pid}/fd`).length,
    threads: readdirSync(`/proc/${pid}/task`).length,
    mib: Math.round(Number(kib) / 102.4) / 10,
  };
}

function seen(pid: number): Seen | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    // The name before them is in brackets, and may hold anything.
    const [state = "", parent = ""] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    const words = partsOf(pid, "cmdline");
    const mark = partsOf(pid, "environ").find((entry) => entry.startsWith(`${MARKER}=`));
    return { pid, parent: Number(parent), state, words, mark: mark?.slice(MARKER.length + 1) };
  } catch {
    return undefined;
  }
}

function partsOf(pid: number, file: string): string[] {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "latin1").split("\0");
  } catch {
    return [];
  }
}
