/** From line to line: the next that is of a kind, in what is loaded, and else in the files. */

/**
 * @typedef {import("./logs-feed.js").Entry} Entry
 * @typedef {object} Kind
 * @property {string} name as in "No further …"
 * @property {(entry: Entry) => boolean} is
 * @property {Record<string, unknown> | undefined} filter by which the server finds such lines; undefined: it cannot
 */

/** @type {Kind} */
export const ERRORS = {
  name: "error",
  is: ({ level = 0 }) => level >= 50,
  filter: { level: [50, "error", 60, "fatal"] },
};
/** @type {Kind} */
export const WARNINGS = {
  name: "warning",
  is: ({ level = 0 }) => level >= 40 && level < 50,
  filter: { level: [40, "warn"] },
};

/** @param {import("../query.js").Query} query @returns {Kind} */
export function hits(query) {
  return {
    name: "hit",
    is: ({ isHit, item }) => isHit === true && item.row !== undefined && !query.isEmpty,
    filter: query.isExact && !query.isEmpty ? query.server : undefined,
  };
}

/**
 * The nearest such entry from the one that is chosen on; without one from the end that one comes from.
 * @param {readonly Entry[]} entries
 * @param {string} chosen key
 * @param {1 | -1} direction
 * @param {Kind} kind
 */
function nearest(entries, chosen, direction, kind) {
  const at = entries.findIndex(({ key }) => key === chosen);
  const start = at === -1 && direction < 0 ? entries.length : at;
  for (let index = start + direction; index >= 0 && index < entries.length; index += direction) {
    const entry = entries[index];
    if (entry !== undefined && kind.is(entry)) return entry;
  }
  return undefined;
}

/**
 * The next entry of the kind; or, where that is not loaded, what the server knows of it.
 * @param {import("./logs-feed.js").LogFeed} feed
 * @param {() => string} chosen
 * @param {1 | -1} direction
 * @param {Kind} kind
 */
export async function find(feed, chosen, direction, kind) {
  const look = () => nearest(feed.entries, chosen(), direction, kind);
  let entry = look();
  if (entry !== undefined) return { entry };
  await feed.settle();
  entry = look();
  if (entry !== undefined || kind.filter === undefined) return { entry };
  return { further: await feed.beyond(direction, kind.filter).catch(() => undefined) };
}

/**
 * That there is no such line.
 * @param {1 | -1} direction
 * @param {Kind} kind
 */
export function nothing(direction, { name, filter }) {
  const where = filter === undefined ? "in what is loaded" : "in the log";
  return `No ${direction < 0 ? "earlier" : "later"} ${name} ${where}`;
}
