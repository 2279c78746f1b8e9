/** The page's one WebSocket. It comes back by itself, and each subscription goes on just after its last row. */

/**
 * @typedef {import("../src/dashboard/protocol.ts").ServerFrame} ServerFrame
 * @typedef {import("./api.js").Row} Row
 * @typedef {import("./api.js").Gap} Gap
 *
 * @typedef {object} Listener
 * @property {(rows: Row[], last: string) => void} [onRows]
 * @property {(gap: Gap) => void} [onGap]
 * @property {() => void} [onLive] what lay in the files has come
 * @property {(data: any) => void} [onState]
 * @property {(message: string, code: string) => void} [onError] the subscription is over
 *
 * @typedef {object} Subscription
 * @property {string} id
 * @property {string} topic
 * @property {string} from
 * @property {Record<string, unknown>} filter
 * @property {Listener} listener
 * @property {number} unacked bytes since the last ack
 *
 * @typedef {{state: "connecting" | "open" | "waiting", since: number, retryAt?: number, reason?: string}} State
 */

const SUBPROTOCOL = "tinyclaw.v1";
const FIRST_WAIT_MS = 250;
const LONGEST_WAIT_MS = 10_000;
/** Proxies cut what is silent; and a server that is gone without a word is noticed. */
const PING_MS = 20_000;
const ACK_BYTES = 128 * 1024;

export class Connection extends EventTarget {
  /** @type {WebSocket | undefined} */
  #socket;
  /** @type {Map<string, Subscription>} */
  #subscriptions = new Map();
  /** @type {Map<string, any>} */
  #states = new Map();
  #nextId = 1;
  #failures = 0;
  #timer = 0;
  #ping = 0;
  #heard = 0;
  /** @type {State} */
  state = { state: "connecting", since: Date.now() };

  start() {
    addEventListener("online", () => this.#now());
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState === "visible") this.#now();
    });
    this.#open();
  }

  /**
   * `from`: `tail:N`, `now` or a cursor. The returned function ends it.
   * @param {{topic: string, from?: string, filter?: Record<string, unknown>}} what
   * @param {Listener} listener
   * @returns {() => void}
   */
  subscribe({ topic, from = "now", filter = {} }, listener) {
    const id = String(this.#nextId);
    this.#nextId += 1;
    const subscription = { id, topic, from, filter, listener, unacked: 0 };
    this.#subscriptions.set(id, subscription);
    this.#ask(subscription);
    const known = this.#states.get(topic);
    if (known !== undefined) queueMicrotask(() => this.#subscriptions.has(id) && listener.onState?.(known));
    return () => {
      if (this.#subscriptions.delete(id)) this.#send({ type: "unsubscribe", id });
    };
  }

  #open() {
    clearTimeout(this.#timer);
    this.#timer = 0;
    this.#set({ state: "connecting", since: Date.now() });
    const socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/ws`, SUBPROTOCOL);
    this.#socket = socket;
    socket.onopen = () => this.#opened();
    socket.onmessage = ({ data }) => this.#receive(String(data));
    socket.onclose = ({ code }) => this.#closed(socket, code);
  }

  #opened() {
    this.#failures = 0;
    this.#heard = Date.now();
    this.#set({ state: "open", since: Date.now() });
    for (const subscription of this.#subscriptions.values()) this.#ask(subscription);
    clearInterval(this.#ping);
    this.#ping = window.setInterval(() => this.#check(), PING_MS);
  }

  #check() {
    if (Date.now() - this.#heard > 2.5 * PING_MS) this.#socket?.close();
    else this.#send({ type: "ping", t: Date.now() });
  }

  /**
   * @param {WebSocket} socket
   * @param {number} code
   */
  #closed(socket, code) {
    if (socket !== this.#socket) return;
    this.#socket = undefined;
    clearInterval(this.#ping);
    this.#failures += 1;
    const longest = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** this.#failures);
    // Spread, so that not all pages come back in the same moment.
    const wait = FIRST_WAIT_MS / 2 + Math.random() * longest;
    const reason = code === 4401 ? "The sign-in has expired: reload the page." : undefined;
    this.#set({ state: "waiting", since: Date.now(), retryAt: Date.now() + wait, ...(reason && { reason }) });
    this.#timer = window.setTimeout(() => this.#open(), wait);
  }

  /** Something has changed: no need to wait any longer. */
  #now() {
    if (this.#timer !== 0) this.#open();
  }

  /** @param {Subscription} subscription */
  #ask({ id, topic, from, filter }) {
    this.#send({ type: "subscribe", id, topic, from, ...(Object.keys(filter).length > 0 && { filter }) });
  }

  /** What is sent while there is no connection is asked anew when there is one. @param {object} frame */
  #send(frame) {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(frame));
  }

  /** @param {string} text */
  #receive(text) {
    this.#heard = Date.now();
    /** @type {ServerFrame} */
    const frame = JSON.parse(text);
    if (frame.type === "state") {
      this.#takeState(frame);
      return;
    }
    const subscription = "id" in frame ? this.#subscriptions.get(frame.id ?? "") : undefined;
    if (subscription !== undefined) this.#handOn(subscription, frame, text.length);
  }

  /** @param {{topic: string, data: any}} state */
  #takeState({ topic, data }) {
    this.#states.set(topic, data);
    for (const subscription of this.#subscriptions.values()) {
      if (subscription.topic === topic) subscription.listener.onState?.(data);
    }
  }

  /**
   * @param {Subscription} subscription
   * @param {ServerFrame} frame
   * @param {number} length
   */
  #handOn(subscription, frame, length) {
    const { listener } = subscription;
    if (frame.type === "rows") {
      subscription.from = frame.last;
      listener.onRows?.(/** @type {Row[]} */ (frame.rows), frame.last);
      this.#ack(subscription, length);
    } else if (frame.type === "gap") {
      subscription.from = frame.to;
      listener.onGap?.(frame);
    } else if (frame.type === "live") {
      // Without a row yet, this is where it goes on after a break.
      if (frame.cursor !== null) subscription.from = frame.cursor;
      listener.onLive?.();
    } else if (frame.type === "error" && frame.closed === true) {
      // Any other, about an ack for one, leaves the subscription as it is.
      this.#subscriptions.delete(subscription.id);
      listener.onError?.(frame.message, frame.code);
    }
  }

  /**
   * @param {Subscription} subscription
   * @param {number} bytes
   */
  #ack(subscription, bytes) {
    subscription.unacked += bytes;
    if (subscription.unacked < ACK_BYTES) return;
    subscription.unacked = 0;
    this.#send({ type: "ack", id: subscription.id, cursor: subscription.from });
  }

  /** @param {State} state */
  #set(state) {
    this.state = state;
    this.dispatchEvent(new Event("change"));
  }
}
