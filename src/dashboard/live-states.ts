import type { Clock } from "../core/clock.ts";
import { frame } from "./protocol.ts";
import type { StateTopic } from "./protocol.ts";

/** Between two states of a topic at least, ms: a state that changes all the time is told four times a second. */
const SPACING_MS: Readonly<Record<StateTopic, number>> = { status: 250, metrics: 0 };
/** Told each time, also when nothing but the time has changed: a chart needs every sample. */
const EACH_TIME: ReadonlySet<StateTopic> = new Set(["metrics"]);

export interface LiveState {
  /** Rises with each state of the topic. */
  readonly rev: number;
  readonly data: object;
  /** The frame as all get it. */
  readonly text: string;
}

interface Held {
  told: LiveState | undefined;
  json: string | undefined;
  toldAt: number;
  /** What is to be told when the time has come. */
  next: object | undefined;
  cancel: (() => void) | undefined;
}

/**
 * The states that come whole. `current` is what was told last, so that who is sent it and follows from then on, in
 * one go, misses none and gets none in the wrong order.
 */
export class LiveStates {
  readonly #clock: Clock;
  readonly #listeners = new Set<(topic: StateTopic, text: string) => void>();
  readonly #held: Readonly<Record<StateTopic, Held>> = { status: nothing(), metrics: nothing() };

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The state that was told last; undefined before the first. */
  current(topic: StateTopic): LiveState | undefined {
    return this.#held[topic].told;
  }

  /** Takes a state, and tells it if it is news and not too soon; then the newest is told as soon as it may be. */
  set(topic: StateTopic, data: object): void {
    const held = this.#held[topic];
    held.next = data;
    if (held.cancel !== undefined) return;
    const wait = held.toldAt + SPACING_MS[topic] - this.#clock.monotonic();
    if (wait <= 0) {
      this.#tell(topic, held);
      return;
    }
    held.cancel = this.#clock.after(wait, () => {
      held.cancel = undefined;
      this.#tell(topic, held);
    });
  }

  /** Calls with the text of each state frame for those who follow the topic; the returned function ends that. */
  onChange(listener: (topic: StateTopic, text: string) => void): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  close(): void {
    for (const held of Object.values(this.#held)) held.cancel?.();
    this.#listeners.clear();
  }

  #tell(topic: StateTopic, held: Held): void {
    const data = held.next;
    held.next = undefined;
    if (data === undefined) return;
    const json = JSON.stringify(data);
    if (json === held.json && !EACH_TIME.has(topic)) return;
    const rev = (held.told?.rev ?? 0) + 1;
    const told = { rev, data, text: frame({ type: "state", topic, rev, data }) };
    held.told = told;
    held.json = json;
    held.toldAt = this.#clock.monotonic();
    for (const listener of this.#listeners) listener(topic, told.text);
  }
}

function nothing(): Held {
  return { told: undefined, json: undefined, toldAt: Number.NEGATIVE_INFINITY, next: undefined, cancel: undefined };
}
