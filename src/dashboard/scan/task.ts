/** What the threads of the pool do, by name. */
import { diffTexts } from "./diff-step.ts";
import { indexStep } from "./index-step.ts";
import { outcomeOf } from "./outcome.ts";
import type { Outcome } from "./outcome.ts";
import { searchStep } from "./search-step.ts";
import { tallyStep } from "./tally-step.ts";

export function search(input: Parameters<typeof searchStep>[0]): Outcome<ReturnType<typeof searchStep>> {
  return outcomeOf(() => searchStep(input));
}

export function index(input: Parameters<typeof indexStep>[0]): Outcome<ReturnType<typeof indexStep>> {
  return outcomeOf(() => indexStep(input));
}

export function tally(input: Parameters<typeof tallyStep>[0]): Outcome<ReturnType<typeof tallyStep>> {
  return outcomeOf(() => tallyStep(input));
}

export function diff(input: Parameters<typeof diffTexts>[0]): Outcome<ReturnType<typeof diffTexts>> {
  return outcomeOf(() => diffTexts(input));
}
