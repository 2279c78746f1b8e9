import type { Clock } from "../../core/clock.ts";
import { holdMs, laneHoldMs, type Hold } from "./retry-policy.ts";

/** How long the turn that asks may say nothing before another may ask as well, ms: it may hang until its deadline. */
const ASK_MS = 60_000;

/** What is known of a message in work, or of one that has met a usage limit. */
interface Trial {
  /** Claude has said something to any turn since. */
  heard: boolean;
  limited: boolean;
  /** Its topic knows of the limit. */
  told: boolean;
}

/** A lane waits, the others go on. */
export interface OwnPause {
  readonly delayMs: number;
  /** Its topic does not know yet. */
  readonly tell: boolean;
}

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
 *                                   │                           └── not a word in a minute, ─┘  │
 *                                   │                               or none at its end          │
 *                                   └── it finds Claude away too: a longer pause ───────────────┘
 *
 * In **up** turns begin as they come, in **due** a single one, in **away** and **asking** none. Whatever Claude says in
 * any turn makes it up again, at once and not at the turn's end.
 *
 * A usage limit is not Claude being away when it is that of one model, or when Claude has said something, to any turn,
 * since this one began or last met its limit: it is that lane's alone then. Were it everyone's, the next turn to begin
 * finds that out. So an agent that makes its limit up, on the output it shares with Claude Code, holds up itself.
 */
export class Outage {
  readonly #deps: OutageDeps;
  readonly #trials = new Map<string, Trial>();
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
    const { heard = false, told = false } = this.#trials.get(key) ?? {};
    this.#trials.set(key, { heard, told, limited: false });
    if (this.#state !== "due") return;
    this.#state = "asking";
    this.#asking = key;
    this.#cancel = this.#deps.clock.after(ASK_MS, () => {
      this.#yield(key);
    });
  }

  /** Claude has said something. */
  noteUp(): void {
    for (const trial of this.#trials.values()) trial.heard = true;
    if (this.#state === "up") return;
    this.#cancel();
    this.#told.clear();
    this.#count = 0;
    this.#asking = undefined;
    this.#state = "up";
    this.#deps.onChange();
  }

  /** That message's turn met a spent limit: how its lane waits for it; undefined when all lanes are to. */
  pauseOfOwn(key: string, { what, retryAt }: Hold): OwnPause | undefined {
    const trial = this.#trials.get(key);
    if (what === "claude" || trial === undefined) return undefined;
    const isOwn = what === "model" || trial.heard;
    const tell = !trial.told;
    this.#trials.set(key, { heard: false, limited: true, told: trial.told || isOwn });
    return isOwn ? { delayMs: laneHoldMs(retryAt, this.#deps.clock.now()), tell } : undefined;
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
    if (this.#trials.get(key)?.limited === false) this.#trials.delete(key);
    this.#yield(key);
  }

  close(): void {
    this.#cancel();
  }

  /** Another may ask. */
  #yield(key: string): void {
    if (this.#asking !== key) return;
    this.#cancel();
    this.#asking = undefined;
    this.#due();
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
