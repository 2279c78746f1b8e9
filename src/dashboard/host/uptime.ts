/** Seconds since boot, the first number of `/proc/uptime`; null when there is none. */
export function parseUptime(text: string): number | null {
  const found = /^(\d{1,12}(?:\.\d+)?)(?:\s|$)/.exec(text);
  return found === null ? null : Number(found[1]);
}
