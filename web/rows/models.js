/** The models and tiers there are, the smallest first. */
export const MODELS = /** @type {const} */ (["haiku", "sonnet", "opus"]);
/** Each is for the model of its place. */
export const TIERS = /** @type {const} */ (["SIMPLE", "MEDIUM", "COMPLEX"]);

/** A model that is known, as the class that colours it; empty for any other. @param {unknown} model */
export function modelClass(model) {
  return MODELS.find((name) => name === model) ?? "";
}

/** A tier is coloured as its model is. @param {unknown} tier */
export function tierClass(tier) {
  return MODELS[rankOfTier(tier)] ?? "";
}

/** −1 for one that is not known. @param {unknown} model */
export function rankOfModel(model) {
  return MODELS.findIndex((name) => name === model);
}

/** −1 for one that is not known. @param {unknown} tier */
export function rankOfTier(tier) {
  return TIERS.findIndex((name) => name === tier);
}
