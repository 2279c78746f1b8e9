/** Processes the kernel has killed for want of memory since boot (`/proc/vmstat`, from 4.13); null when it tells none. */
export function parseOomKills(text: string): number | null {
  const count = /^oom_kill (\d{1,15})$/m.exec(text)?.[1];
  return count === undefined ? null : Number(count);
}
