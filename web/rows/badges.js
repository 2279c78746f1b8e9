/** Small marks that rows of all views share. */
import { h } from "../dom.js";
import { fullTime, isTime, oneLine, shortTime } from "../format.js";
import { modelClass, tierClass } from "./models.js";

/** @param {unknown} model */
export function modelBadge(model) {
  if (typeof model !== "string" || model === "") return undefined;
  return h("span", { class: `badge ${modelClass(model)}`, title: "model" }, oneLine(model, 20));
}

/** In a column or a sentence, without a frame. @param {string} model */
export function modelName(model) {
  return h("span", { class: modelClass(model) }, oneLine(model, 30) || "–");
}

/** Where the tier is what it is about. @param {string} tier */
export function tierBadge(tier) {
  return h("span", { class: `badge ${tierClass(tier)}` }, oneLine(tier, 20) || "none");
}

/** Among other badges; none without a tier. @param {unknown} tier */
export function quietTierBadge(tier) {
  if (typeof tier !== "string" || tier === "") return undefined;
  return h("span", { class: "badge dim", title: "tier" }, oneLine(tier, 12).toLowerCase());
}

/** Where a message came from; most come from people, and those bear no badge. @param {unknown} source */
export function sourceBadge(source) {
  if (typeof source !== "string" || source === "" || source === "user") return undefined;
  return h("span", { class: "badge warn", title: "source" }, oneLine(source, 20));
}

/** In or out, as a sign and in words. @param {unknown} direction */
export function directionMark(direction) {
  const known = direction === "in" || direction === "out" ? direction : undefined;
  const sign = known === undefined ? "·" : { in: "→", out: "←" }[known];
  const words = known === undefined ? "message" : { in: "received", out: "sent" }[known];
  return h("span", { class: `direction ${known ?? ""}`, title: words }, sign, h("span", { class: "unseen" }, words));
}

/**
 * A time that tells its whole date when it is pointed at.
 * @param {unknown} time epoch ms
 * @param {{format?: (time: unknown) => string, className?: string}} [how]
 */
export function timeTag(time, { format = shortTime, className } = {}) {
  if (!isTime(time)) return h("span", { class: className ?? "dim" }, format(time));
  return h("time", { class: className, datetime: new Date(time).toISOString(), title: fullTime(time) }, format(time));
}
