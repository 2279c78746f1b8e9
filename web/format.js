/** Figures and times as people read them, in the reader's own zone and language. */

const clock = new Intl.DateTimeFormat(undefined, {
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  hour12: false,
});
const dayAndClock = new Intl.DateTimeFormat(undefined, {
  month: "short",
  day: "numeric",
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
  hour12: false,
});
const whole = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "long" });
const integer = new Intl.NumberFormat();
const UNITS = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
const UNKNOWN = "–";

/** The last moment a date can have, ms: a record may say any number. */
const LAST_MS = 8.64e15;

/**
 * @param {unknown} time
 * @returns {time is number}
 */
export function isTime(time) {
  return typeof time === "number" && Math.abs(time) <= LAST_MS;
}

/**
 * Epoch ms as a time of day, with the day unless it is today.
 * @param {unknown} time
 */
export function shortTime(time) {
  if (!isTime(time)) return UNKNOWN;
  const isToday = new Date(time).toDateString() === new Date().toDateString();
  return (isToday ? clock : dayAndClock).format(time);
}

/**
 * With milliseconds, for logs.
 * @param {unknown} time
 */
export function exactTime(time) {
  if (!isTime(time)) return UNKNOWN;
  return `${shortTime(time)}.${String(new Date(time).getMilliseconds()).padStart(3, "0")}`;
}

/**
 * The whole date, for a title.
 * @param {unknown} time
 */
export function fullTime(time) {
  return isTime(time) ? whole.format(time) : "";
}

/**
 * @param {unknown} time epoch ms
 * @param {number} [now]
 */
export function ago(time, now = Date.now()) {
  if (typeof time !== "number" || !Number.isFinite(time) || time <= 0) return UNKNOWN;
  const seconds = Math.max(0, (now - time) / 1000);
  return seconds < 5 ? "now" : `${duration(seconds)} ago`;
}

/**
 * @param {unknown} seconds
 */
export function duration(seconds) {
  if (typeof seconds !== "number" || !Number.isFinite(seconds)) return UNKNOWN;
  if (seconds < 60) return `${Math.floor(seconds)} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`;
  return `${Math.floor(seconds / 86_400)} d ${Math.floor((seconds % 86_400) / 3600)} h`;
}

/**
 * @param {unknown} bytes
 */
export function size(bytes) {
  if (typeof bytes !== "number" || !Number.isFinite(bytes)) return UNKNOWN;
  const power = Math.min(UNITS.length - 1, Math.max(0, Math.floor(Math.log2(Math.max(1, bytes)) / 10)));
  const value = bytes / 1024 ** power;
  return `${value < 10 && power > 0 ? value.toFixed(1) : Math.round(value)} ${UNITS[power]}`;
}

/**
 * @param {unknown} value
 */
export function count(value) {
  return typeof value === "number" && Number.isFinite(value) ? integer.format(value) : UNKNOWN;
}

/**
 * @param {unknown} value 0–100
 */
export function percent(value) {
  return typeof value === "number" && Number.isFinite(value) ? `${value.toFixed(value < 10 ? 1 : 0)} %` : UNKNOWN;
}

/**
 * @param {unknown} usd
 */
export function cost(usd) {
  return typeof usd === "number" && Number.isFinite(usd) ? `$${usd.toFixed(usd < 1 ? 4 : 2)}` : UNKNOWN;
}

/**
 * One line of a text, its control and direction characters made visible, cut at `length` characters.
 * @param {unknown} text
 * @param {number} [length]
 */
export function oneLine(text, length = 200) {
  const plain = visible(asText(text).slice(0, length * 4)).replace(/\s+/g, " ");
  const characters = Array.from(plain);
  return characters.length > length ? `${characters.slice(0, length).join("")}…` : plain;
}

/**
 * A value as text, whatever it is: an object of a record may bear a `toString` that is no function.
 * @param {unknown} value
 */
export function asText(value) {
  if (typeof value === "string") return value;
  return value === undefined || value === null ? "" : JSON.stringify(value);
}

/** Characters that turn the text around, hide, or are none: a name must not look like another one. */
const HIDDEN =
  // oxlint-disable-next-line no-control-regex
  /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]/g;

/**
 * A text with each hidden character shown by its number.
 * @param {string} text
 */
export function visible(text) {
  return text.replace(HIDDEN, (character) => `⟨${character.charCodeAt(0).toString(16).padStart(4, "0")}⟩`);
}
