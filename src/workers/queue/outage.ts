import type { Clock } from "../../core/clock.ts";
import { holdMs, type Hold } from "./retry-policy.ts";

export interface OutageDeps {
  readonly clock: Clock;
  readonly random: () => number;
  /** A turn may begin that could not before. */
  readonly onChange: () => void;
}

/**
 * Whether Claude can be had, for all threads together, as far as turns have found out: one finds it away, and no other
 * has to.
 *
 *     up ──a turn finds it away──► away ──the pause is over──► due ──the next turn begins──► asking
 *                                   ▲                           ▲                            │  │
 *                                   │                           └── it ends without a word ──┘  │
 *                                   └── it finds Claude away too: a longer pause ───────────────┘
 *
 * In **up** turns begin as they come, in **due** a single one, in **away** and **asking** none. Whatever Claude says in
 * any turn makes it up again, at once and not at the turn's end.
 */
export class Outage {
  readonly #deps: OutageDeps;
  readonly #told = new Set<number>();
  #state: "up" | "away" | "due" | "asking" = "up";
  #reason = "";
  /** Turns in a row that found it away. */
  #count = 0;
  /** The message whose turn asks. */
  #asking: string | undefined;
  /** End of the pause, monotonic ms. */
  #until = 0;
  #cancel: () => void = () => undefined;

  constructor(deps: OutageDeps) {
    this.#deps = deps;
  }

  get mayBegin(): boolean {
    return this.#state === "up" || this.#state === "due";
  }

  /** What is wrong, while it is known to be. */
  get reason(): string | undefined {
    return this.#state === "away" ? this.#reason : undefined;
  }

  isTold(threadId: number): boolean {
    return this.#told.has(threadId);
  }

  /** Notes that a topic is told of the outage; false when it was before. */
  tell(threadId: number): boolean {
    if (this.#told.has(threadId)) return false;
    this.#told.add(threadId);
    return true;
  }

  /** The turn of that message begins. */
  begin(key: string): void {
    if (this.#state !== "due") return;
    this.#state = "asking";
    this.#asking = key;
  }

  /** Claude has said something. */
  noteUp(): void {
    if (this.#state === "up") return;
    this.#cancel();
    this.#told.clear();
    this.#count = 0;
    this.#asking = undefined;
    this.#state = "up";
    this.#deps.onChange();
  }

  /** The turn of that message found Claude away. */
  noteAway(key: string, { reason, retryAt }: Hold): void {
    const { clock, random } = this.#deps;
    // Of the turns that ran when it began only the first makes the pause, and one that asks speaks for itself.
    if (this.#state === "asking" && this.#asking !== key) return;
    if (this.#state !== "away") this.#count += 1;
    const pause = holdMs(this.#count, retryAt, clock.now(), random());
    if (this.#state === "away" && clock.monotonic() + pause <= this.#until) return;
    this.#asking = undefined;
    this.#reason = reason;
    this.#state = "away";
    this.#wait(pause);
  }

  /** The turn of that message is over, however it ended. */
  end(key: string): void {
    if (this.#asking !== key) return;
    this.#asking = undefined;
    this.#due();
  }

  close(): void {
    this.#cancel();
  }

  #wait(ms: number): void {
    this.#cancel();
    this.#until = this.#deps.clock.monotonic() + ms;
    this.#cancel = this.#deps.clock.after(ms, () => {
      this.#due();
    });
  }

  #due(): void {
    this.#state = "due";
    this.#deps.onChange();
  }
}
