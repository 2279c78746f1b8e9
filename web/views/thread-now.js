/** The turn a thread is at, as it goes on; when it is over, what it took, until the next one begins. */
import { h } from "../dom.js";
import { numberOf } from "../rows/record.js";
import { isWorking } from "../rows/threads.js";
import { TurnView } from "../rows/turn.js";
import { addActivity, newTurn } from "../rows/turn-record.js";

const TAIL = 300;
const TICK_MS = 1_000;
/** So long a turn is taken to go on after its last sign, where the state of the system does not say so, ms. */
const GRACE_MS = 15_000;

export class Now {
  #context;
  #threadId;
  #onGrown;
  #onEnd;
  #view = new TurnView();
  /** @type {import("../rows/turn-record.js").Turn | undefined} */
  #turn;
  /** One that was over when the reader came is shown with its message, and not here. */
  #wasSeenLive = false;
  element = h("section", { class: "now", "aria-label": "Turn in progress", hidden: true }, this.#view.element);

  /**
   * @param {import("../app.js").Context} context
   * @param {number} threadId
   * @param {{signal: AbortSignal, onGrown: () => void, onEnd: () => void}} options
   */
  constructor(context, threadId, { signal, onGrown, onEnd }) {
    this.#context = context;
    this.#threadId = threadId;
    this.#onGrown = onGrown;
    this.#onEnd = onEnd;
    const end = context.connection.subscribe(
      { topic: "activity", from: `tail:${TAIL}`, filter: { threadId } },
      { onRows: (rows) => this.#add(rows) },
    );
    const timer = setInterval(() => this.#draw(), TICK_MS);
    signal.addEventListener("abort", () => {
      end();
      clearInterval(timer);
    });
  }

  /** @param {readonly import("../api.js").Row[]} rows */
  #add(rows) {
    for (const row of rows) {
      const { messageId } = row;
      if (typeof messageId !== "string") continue;
      if (this.#turn?.messageId !== messageId) {
        this.#turn = newTurn(messageId);
        this.#wasSeenLive = false;
        this.#view = new TurnView();
        this.element.replaceChildren(this.#view.element);
      }
      addActivity(this.#turn, row);
    }
    if (this.#turn?.end !== undefined && this.#wasSeenLive) this.#onEnd();
    this.#draw();
  }

  #draw() {
    const turn = this.#turn;
    if (turn === undefined) return;
    const now = Date.now();
    const isRecent = now - (numberOf(turn.lastAt) ?? 0) < GRACE_MS;
    const isLive = turn.end === undefined && (isRecent || isWorking(this.#context.status(), this.#threadId));
    if (isLive) this.#wasSeenLive = true;
    this.element.hidden = !this.#wasSeenLive;
    if (this.element.hidden) return;
    this.element.classList.toggle("over", !isLive);
    this.#view.update(turn, { isLive, now });
    this.#onGrown();
  }
}
