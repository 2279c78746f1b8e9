import type { Model, Tier } from "../../core/ids.ts";

/** Which model a tier runs on. */
export const MODEL_OF_TIER: Readonly<Record<Tier, Model>> = { SIMPLE: "haiku", MEDIUM: "sonnet", COMPLEX: "opus" };

export interface Boundaries {
  /** Lowest score that is MEDIUM; anything under it is SIMPLE. */
  readonly medium: number;
  /** Lowest score that is COMPLEX. */
  readonly complex: number;
}

/** The tier whose band holds the score, sure or not. */
export function bandOf(score: number, boundaries: Boundaries): Tier {
  if (score < boundaries.medium) return "SIMPLE";
  return score < boundaries.complex ? "MEDIUM" : "COMPLEX";
}

/**
 * How sure the band is, 0.5 on a boundary and towards 1 far from it: `1 / (1 + e^(-steepness · d))`, with `d` the
 * distance to the nearest boundary. Rounded to six digits. Rules that are no numbers give 0.5, which is not sure.
 */
export function confidenceOf(score: number, boundaries: Boundaries, steepness: number): number {
  const distance = Math.min(Math.abs(score - boundaries.medium), Math.abs(score - boundaries.complex));
  const confidence = 1 / (1 + Math.exp(-steepness * distance));
  return Number.isFinite(confidence) ? Math.round(confidence * 1e6) / 1e6 : 0.5;
}
