/** What other rules would make of decisions: the router itself is asked, a few milliseconds at a time. */
import { DEFAULT_RULES, route } from "/lib/workers/router/router.js";

/**
 * @typedef {import("./routing-record.js").Decision} Decision
 * @typedef {import("../../src/workers/router/router.ts").RoutingRules} RoutingRules
 * @typedef {{tier: string, score: number, confidence: number, effectiveModel: string}} Verdict
 * @typedef {import("../../src/core/ids.ts").Model} Model
 */

/** The page is drawn in between. */
const SLICE_MS = 8;
/** How often those who listen are told how far it is. */
const TELL_MS = 250;

/**
 * What the rules make of a decision's text. Undefined: its text was not written down. Which model wrote the message
 * replied to is known where that raised the decision, and what a thread was set to stays.
 * @param {Decision} decision
 * @param {RoutingRules} rules
 * @returns {Verdict | undefined}
 */
export function verdictOf({ input, model, effectiveModel, replyUpgrade }, rules) {
  if (input === undefined) return undefined;
  const repliedTo = replyUpgrade ? /** @type {Model} */ (effectiveModel) : undefined;
  const { tier, score, confidence, effectiveModel: would } = route({ text: input, replyToModel: repliedTo }, rules);
  return {
    tier,
    score,
    confidence,
    effectiveModel: isSet({ model, effectiveModel, replyUpgrade }) ? effectiveModel : would,
  };
}

/**
 * Whether the thread, not the router, chose the model.
 * @param {Pick<Decision, "model" | "effectiveModel" | "replyUpgrade">} decision
 */
export function isSet({ model, effectiveModel, replyUpgrade }) {
  return effectiveModel !== model && !replyUpgrade;
}

/**
 * What came of asking: how many decisions there is a verdict on, how many of them change their tier or their model,
 * how many have no text, and how many run on what their thread is set to; and which change.
 */
class Outcome {
  known = 0;
  tiers = 0;
  models = 0;
  without = 0;
  set = 0;
  /** How many would go from which tier to which. @type {Map<string, number>} */
  moves = new Map();
  /** @type {Set<string>} */
  changed = new Set();

  /** @param {Decision} decision @param {Verdict | undefined} verdict */
  add(decision, verdict) {
    if (verdict === undefined) {
      this.without += 1;
      return;
    }
    this.known += 1;
    if (isSet(decision)) this.set += 1;
    const isOtherModel = verdict.effectiveModel !== decision.effectiveModel;
    const isOtherTier = verdict.tier !== decision.tier;
    if (isOtherModel) this.models += 1;
    if (isOtherModel || isOtherTier) this.changed.add(decision.cursor);
    if (!isOtherTier) return;
    this.tiers += 1;
    const move = `${decision.tier} → ${verdict.tier}`;
    this.moves.set(move, (this.moves.get(move) ?? 0) + 1);
  }
}

/** Says `change` as verdicts come; `isBusy` while there are more to come. */
export class WhatIf extends EventTarget {
  /** @type {Map<string, Verdict | undefined>} */
  #verdicts = new Map();
  /** @type {readonly Decision[]} */
  #decisions = [];
  #rules = DEFAULT_RULES;
  #timer = 0;
  #at = 0;
  #told = 0;
  #growing = new Outcome();
  isBusy = false;
  /** As far as it is known; of fewer decisions until those that came last have been looked at. */
  outcome = new Outcome();

  /** @param {RoutingRules} rules */
  set rules(rules) {
    this.#rules = rules;
    this.#verdicts = new Map();
    this.#told = performance.now();
    this.#begin();
    this.outcome = this.#growing;
  }

  /** Goes through these; what is known of them stays. @param {readonly Decision[]} decisions */
  look(decisions) {
    if (decisions === this.#decisions) return;
    this.#decisions = decisions;
    this.#begin();
  }

  /** @param {string} cursor */
  of(cursor) {
    return this.#verdicts.get(cursor);
  }

  stop() {
    clearTimeout(this.#timer);
    this.#timer = 0;
    this.isBusy = false;
  }

  #begin() {
    this.#at = 0;
    this.#growing = new Outcome();
    this.isBusy = true;
    if (this.#timer === 0) this.#later();
  }

  #later() {
    this.#timer = window.setTimeout(() => this.#slice());
  }

  #slice() {
    const until = performance.now() + SLICE_MS;
    while (this.#at < this.#decisions.length && performance.now() < until) {
      const decision = this.#decisions[this.#at];
      this.#at += 1;
      if (decision !== undefined) this.#growing.add(decision, this.#verdict(decision));
    }
    this.isBusy = this.#at < this.#decisions.length;
    if (this.isBusy) {
      this.#later();
    } else {
      this.#timer = 0;
      this.outcome = this.#growing;
    }
    this.#tell();
  }

  /** @param {Decision} decision */
  #verdict(decision) {
    const { cursor } = decision;
    if (!this.#verdicts.has(cursor)) this.#verdicts.set(cursor, verdictOf(decision, this.#rules));
    return this.#verdicts.get(cursor);
  }

  #tell() {
    const now = performance.now();
    if (this.isBusy && now - this.#told < TELL_MS) return;
    this.#told = now;
    this.dispatchEvent(new Event("change"));
  }
}
