/** What the page knows of the topics that it shows rows of; a test holds it to what the server knows. */

/** Each log is a topic of its own, `logs/<source>`. */
export const LOG_SOURCES = /** @type {const} */ (["telegram", "queue", "supervisor"]);

/** Their bodies are left out of lists, as they are over the WebSocket: they are asked for one by one. */
const SLIM = new Set(["prompts"]);

/** Those fields of a filter whose parameter in a list has another name. */
const PARAMETERS = /** @type {Record<string, string>} */ ({ threadId: "thread" });

/** The list that goes with a topic. @param {string} topic */
export function listPath(topic) {
  return `/api/${topic}/recent`;
}

/**
 * The parameters of a list that say the same as a filter of the WebSocket.
 * @param {string} topic
 * @param {Record<string, unknown>} [filter] `from` and `to`, epoch ms, too
 * @returns {Record<string, unknown>}
 */
export function listParameters(topic, filter = {}) {
  const named = Object.entries(filter).map(([name, value]) => [PARAMETERS[name] ?? name, value]);
  return { ...Object.fromEntries(named), ...(SLIM.has(topic) && { full: 0 }) };
}
