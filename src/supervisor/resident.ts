/** What processes take of memory. proc(5); elsewhere than on Linux nothing is known. */
import { readFile, readdir } from "node:fs/promises";

/** Resident memory of a process in bytes, null when it is gone or this is no Linux. */
export async function residentBytes(pid: number): Promise<number | null> {
  try {
    const kib = /^VmRSS:\s+(\d+) kB$/m.exec(await readFile(`/proc/${pid}/status`, "utf8"))?.[1];
    return kib === undefined ? null : Number(kib) * 1024;
  } catch {
    return null;
  }
}

/** The same of a process with all that it has started and that still hangs on it, 0 when it is gone. */
export async function familyBytes(pid: number): Promise<number> {
  const own = (await residentBytes(pid)) ?? 0;
  const children = await childrenOf(pid);
  const others = await Promise.all(children.map(familyBytes));
  return others.reduce((sum, bytes) => sum + bytes, own);
}

/** A child is written down with the thread that started it. */
async function childrenOf(pid: number): Promise<number[]> {
  const threads = await readdir(`/proc/${pid}/task`).catch(() => []);
  const lists = await Promise.all(
    threads.map((thread) => readFile(`/proc/${pid}/task/${thread}/children`, "utf8").catch(() => "")),
  );
  return lists.flatMap((list) => list.split(" ").flatMap((word) => (word.trim() === "" ? [] : [Number(word)])));
}
