/** The rules of a what-if as the address has them: what is not said is the router's own. */
import { DEFAULT_RULES } from "/lib/workers/router/router.js";

/**
 * @typedef {import("../../src/workers/router/router.ts").RoutingRules} RoutingRules
 * @typedef {{name: string, label: string, value: number, usual: number, least?: number, most?: number}} Knob
 */

const WEIGHT = "w.";

/**
 * Everything that can be turned, as it stands.
 * @param {URLSearchParams} query
 * @returns {Knob[]}
 */
export function knobsOf(query) {
  const { weights, boundaries, minConfidence, steepness } = DEFAULT_RULES;
  return [
    { name: "medium", label: "MEDIUM from", usual: boundaries.medium },
    { name: "complex", label: "COMPLEX from", usual: boundaries.complex },
    { name: "sure", label: "least confidence", usual: minConfidence, least: 0, most: 1 },
    { name: "steepness", label: "steepness", usual: steepness, least: 0 },
    ...Object.entries(weights).map(([name, usual]) => ({ name: `${WEIGHT}${name}`, label: name, usual })),
  ].map((knob) => ({ ...knob, value: parse(query.get(knob.name)) ?? knob.usual }));
}

/** @param {readonly Knob[]} knobs @returns {RoutingRules} */
export function rulesOf(knobs) {
  const values = new Map(knobs.map(({ name, value }) => [name, value]));
  const value = (/** @type {string} */ name) => values.get(name) ?? 0;
  const names = Object.keys(DEFAULT_RULES.weights);
  const weights = Object.fromEntries(names.map((name) => [name, value(`${WEIGHT}${name}`)]));
  return {
    weights: /** @type {RoutingRules["weights"]} */ (weights),
    boundaries: { medium: value("medium"), complex: value("complex") },
    minConfidence: value("sure"),
    steepness: value("steepness"),
  };
}

/** What of them goes into the address. @param {readonly Knob[]} knobs @returns {Record<string, number | undefined>} */
export function parametersOf(knobs) {
  return Object.fromEntries(knobs.map(({ name, value, usual }) => [name, value === usual ? undefined : value]));
}

/** @param {string | null} text @returns {number | undefined} */
export function parse(text) {
  const value = text === null || text.trim() === "" ? Number.NaN : Number(text);
  return Number.isFinite(value) ? value : undefined;
}
