/** Processes that run or wait, averaged over 1, 5 and 15 minutes. */
export type Load = readonly [number, number, number];

/** `/proc/loadavg`: `0.20 0.18 0.12 1/80 11206`; null when it reads otherwise. */
export function parseLoadavg(text: string): Load | null {
  const found = /^(\d{1,9}\.\d+) (\d{1,9}\.\d+) (\d{1,9}\.\d+)(?:\s|$)/.exec(text);
  return found === null ? null : [Number(found[1]), Number(found[2]), Number(found[3])];
}
