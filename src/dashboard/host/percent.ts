/** Two decimals are what a reader can use, and keep an answer short. */
export function round2(value: number): number {
  return Math.round(value * 100) / 100;
}

/** 0–100 with at most 2 decimals; null when there is no whole to take a part of. */
export function percentOf(part: number, whole: number): number | null {
  if (!(whole > 0) || !Number.isFinite(part)) return null;
  return round2(Math.min(100, Math.max(0, (100 * part) / whole)));
}
