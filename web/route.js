/**
 * Where the reader is, as the address says it: `#/view/part?key=value`. Everything that can be seen has an address, so
 * that it can be sent to somebody or found again after a reload.
 */

/**
 * @typedef {object} Route
 * @property {string} view
 * @property {string} part what follows the view's name, decoded; empty without
 * @property {URLSearchParams} query
 */

/**
 * @param {string} hash
 * @returns {Route}
 */
export function parseRoute(hash) {
  const [path = "", query = ""] = splitOnce(hash.replace(/^#\/?/, ""), "?");
  const [view = "", part = ""] = splitOnce(path, "/");
  return { view: view || "overview", part: decode(part), query: new URLSearchParams(query) };
}

/**
 * @param {string} view
 * @param {string | number} [part]
 * @param {Record<string, string | number | undefined | null>} [query]
 */
export function link(view, part = "", query = {}) {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined && value !== null && value !== "") search.set(name, String(value));
  }
  const text = search.toString();
  return `#/${view}${part === "" ? "" : `/${encodeURIComponent(part)}`}${text === "" ? "" : `?${text}`}`;
}

/** @returns {Route} */
export function currentRoute() {
  return parseRoute(location.hash);
}

/** @param {string} hash */
export function go(hash) {
  location.hash = hash;
}

/**
 * Changes parameters of the address in place: the view that is shown goes on, and is not drawn anew.
 * @param {Record<string, string | number | undefined | null>} changes
 */
export function refine(changes) {
  const { view, part, query } = currentRoute();
  const all = { ...Object.fromEntries(query), ...changes };
  history.replaceState(null, "", link(view, part, all));
}

/**
 * @param {string} text
 * @param {string} separator
 */
function splitOnce(text, separator) {
  const index = text.indexOf(separator);
  return index === -1 ? [text] : [text.slice(0, index), text.slice(index + 1)];
}

/** @param {string} text */
function decode(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
