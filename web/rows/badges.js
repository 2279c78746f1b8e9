/** Small marks that rows of all views share. */
import { h } from "../dom.js";
import { fullTime, isTime, oneLine, shortTime } from "../format.js";

const MODELS = new Set(["haiku", "sonnet", "opus"]);

/** @param {unknown} model */
export function modelClass(model) {
  return typeof model === "string" && MODELS.has(model) ? model : "";
}

/** @param {unknown} model */
export function modelBadge(model) {
  if (typeof model !== "string" || model === "") return undefined;
  return h("span", { class: `badge ${modelClass(model)}`, title: "model" }, oneLine(model, 20));
}

/** @param {unknown} tier */
export function tierBadge(tier) {
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

/** @param {unknown} time epoch ms @param {(time: unknown) => string} [write] */
export function timeTag(time, write = shortTime) {
  if (!isTime(time)) return h("span", { class: "dim" }, write(time));
  return h("time", { datetime: new Date(time).toISOString(), title: fullTime(time) }, write(time));
}
