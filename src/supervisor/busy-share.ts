/** What an event loop has spent its time with so far, ms. */
export interface LoopTimes {
  readonly idle: number;
  readonly active: number;
}

/**
 * Share of the time between two readings that a loop was busy, 0 to 1 in thousandths. Its idle time is read beside the
 * clock: over a very short time one may have gone on by more than the other.
 */
export function busyShare(now: LoopTimes, before: LoopTimes = { idle: 0, active: 0 }): number {
  const [active, idle] = [now.active - before.active, now.idle - before.idle];
  const share = active + idle > 0 ? active / (active + idle) : 0;
  return Math.round(Math.min(1, Math.max(0, share)) * 1000) / 1000;
}
