/**
 * Rows of a stretch of time. The WebSocket knows no times, the lists do: the newest rows of the stretch come from the
 * list, and as long as the stretch has not ended, what is new from the WebSocket.
 */
import { getPage } from "../api.js";
import { timeOf } from "./record.js";

/**
 * @typedef {import("../connection.js").Connection} Connection
 * @typedef {import("../connection.js").Listener} Listener
 */

const PAGE = 500;

/**
 * A connection as RowWindow uses it, whose filters may have `from` and `to`, epoch ms.
 * @param {Connection} connection
 * @returns {Connection}
 */
export function ranged(connection) {
  const subscribe = (/** @type {any} */ what, /** @type {Listener} */ listener) => {
    const { from: since, to: until, ...filter } = what.filter ?? {};
    if (since === undefined && until === undefined) return connection.subscribe(what, listener);
    return follow(connection, { ...what, filter }, { since, until }, listener);
  };
  return /** @type {Connection} */ (/** @type {unknown} */ ({ subscribe }));
}

/**
 * @param {Connection} connection
 * @param {{topic: string, from?: string, filter: Record<string, unknown>}} what
 * @param {{since?: number, until?: number}} range
 * @param {Listener} listener
 */
function follow(connection, what, { since = 0, until = Number.POSITIVE_INFINITY }, listener) {
  const stop = new AbortController();
  let end = () => {};
  const live = (/** @type {string} */ from) => {
    if (until < Date.now()) return;
    const isWithin = (/** @type {import("../api.js").Row} */ row) => {
      const time = timeOf(row);
      return time !== undefined && time >= since && time <= until;
    };
    end = connection.subscribe(
      { ...what, from },
      { ...listener, onRows: (rows, last) => listener.onRows?.(rows.filter(isWithin), last) },
    );
  };
  const begin = async () => {
    const range = { from: since, to: Number.isFinite(until) ? until : undefined };
    const page = await getPage(what.topic, { ...what.filter, ...range }, { n: PAGE }, stop.signal);
    handOn(page, listener);
    listener.onLive?.();
    live(page.last ?? "now");
  };
  if (what.from?.startsWith("tail:") === true) {
    begin().catch((error) => {
      if (!stop.signal.aborted) listener.onError?.(error instanceof Error ? error.message : String(error), "unknown");
    });
  } else {
    live(what.from ?? "now");
  }
  return () => {
    stop.abort();
    end();
  };
}

/**
 * Rows and gaps in the order in which they are in the page.
 * @param {import("../api.js").Page} page
 * @param {Listener} listener
 */
function handOn({ items, gaps = [] }, listener) {
  const handRows = (/** @type {number} */ from, /** @type {number} */ to) => {
    const rows = items.slice(from, to);
    const last = rows.at(-1);
    if (last !== undefined) listener.onRows?.(rows, last.cursor);
  };
  let from = 0;
  for (const gap of gaps) {
    handRows(from, gap.index);
    listener.onGap?.(gap);
    from = gap.index;
  }
  handRows(from, items.length);
}
