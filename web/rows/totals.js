/** What threads have had so far: counted by the server, asked for one after the other and seldom. */
import { get } from "../api.js";
import { numberOf, recordOf } from "./record.js";

/** Between two questions, ms. */
const PAUSE_MS = 200;
/** A thread in which nothing has happened is asked for again after, ms. */
const STALE_MS = 5 * 60_000;
/** One in which something has, after, ms. */
const SOON_MS = 15_000;
/** While the server, which was started a moment ago, still counts, ms. */
const COUNTING_MS = 1000;

export class Totals extends EventTarget {
  /** @type {Map<number, {totals: Record<string, unknown>, at: number, lastActive: unknown, counting: boolean}>} */
  #known = new Map();
  #signal;
  #isAsking = false;

  /** @param {AbortSignal} signal ends it */
  constructor(signal) {
    super();
    this.#signal = signal;
  }

  /** Empty where they are not known yet. @param {number} id */
  of(id) {
    return this.#known.get(id)?.totals ?? {};
  }

  /** Asks for those of these threads that are wanting. @param {readonly import("./threads.js").Thread[]} threads */
  async refresh(threads) {
    if (this.#isAsking) return;
    this.#isAsking = true;
    try {
      await this.#askAll(threads);
      while (!this.#signal.aborted && threads.some(({ id }) => this.#known.get(id)?.counting === true)) {
        await pause(COUNTING_MS);
        await this.#askAll(threads);
      }
    } finally {
      this.#isAsking = false;
    }
  }

  /** @param {readonly import("./threads.js").Thread[]} threads */
  async #askAll(threads) {
    for (const thread of threads) {
      if (this.#signal.aborted) return;
      if (this.#isFresh(thread)) continue;
      await this.#ask(thread);
      await pause(PAUSE_MS);
    }
  }

  /** @param {import("./threads.js").Thread} thread */
  #isFresh({ id, lastActive }) {
    const known = this.#known.get(id);
    if (known === undefined || known.counting) return false;
    return Date.now() - known.at < (known.lastActive === lastActive ? STALE_MS : SOON_MS);
  }

  /** @param {import("./threads.js").Thread} thread */
  async #ask({ id, lastActive }) {
    let totals = this.of(id);
    let counting = false;
    try {
      const answer = await get(`/api/threads/${id}`, {}, this.#signal);
      totals = recordOf(answer["totals"]);
      counting = answer["counting"] === true;
    } catch {
      // It is asked for again when it is stale.
    }
    this.#known.set(id, { totals, at: Date.now(), lastActive, counting });
    if (!this.#signal.aborted) this.dispatchEvent(new Event("change"));
  }
}

/** @param {number} ms @returns {Promise<void>} */
function pause(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Messages in and out together. @param {Record<string, unknown>} totals */
export function messageCount({ messages }) {
  const { in: received, out: sent } = recordOf(messages);
  const counts = [numberOf(received), numberOf(sent)];
  return counts.every((one) => one === undefined) ? undefined : (counts[0] ?? 0) + (counts[1] ?? 0);
}
