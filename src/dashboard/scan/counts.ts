import { timeOfRow } from "../filter.ts";
import type { Row } from "../tail/row.ts";

/** What a thread has had so far. */
export interface Totals {
  readonly messages: { readonly in: number; readonly out: number };
  /** Turns that ended. */
  readonly turns: number;
  /** At list prices, as the agents reckon it. */
  readonly costUsd: number;
  readonly tokens: {
    readonly input: number;
    readonly output: number;
    readonly cacheRead: number;
    readonly cacheWrite: number;
  };
}

/** Numbers of a thread, in the order of `FIELDS`. */
export type Counts = Float64Array;

/** Fields of `usage` in the order in which they are counted, after the first four. */
const USAGE = ["inputTokens", "outputTokens", "cacheReadTokens", "cacheWriteTokens"] as const;
const FIELDS = 4 + USAGE.length;

export type CountedTopic = "messages" | "activity";

/** A forum has no more topics than this; whatever else the numbers are, they shall not fill the memory. */
const MAX_THREADS = 10_000;
/** No turn takes more tokens or dollars; added up they stay numbers. */
const MAX_AMOUNT = 1e12;

function isThreadId(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value > 0;
}

/** Counts rows of the history, or of what agents do, by thread. */
export class ThreadCounts {
  readonly byThread = new Map<number, Counts>();

  add(topic: CountedTopic, row: Row): void {
    const threadId = row.member("threadId");
    if (!isThreadId(threadId)) return;
    if (topic === "messages") this.#message(threadId, row);
    else if (row.holds("kind", "turn_end")) this.#turn(threadId, row.record ?? {});
  }

  merge(others: ReadonlyMap<number, Counts>): void {
    for (const [threadId, counts] of others) {
      const sums = this.#of(threadId);
      if (sums === undefined) continue;
      for (const [n, count] of counts.entries()) sums[n] = (sums[n] ?? 0) + count;
    }
  }

  of(threadId: number): Totals {
    const [ins = 0, outs = 0, turns = 0, costUsd = 0, input = 0, output = 0, cacheRead = 0, cacheWrite = 0] =
      this.byThread.get(threadId) ?? [];
    return { messages: { in: ins, out: outs }, turns, costUsd, tokens: { input, output, cacheRead, cacheWrite } };
  }

  #message(threadId: number, row: Row): void {
    if (row.holds("direction", "in")) this.#count(threadId, 0, 1);
    else if (row.holds("direction", "out")) this.#count(threadId, 1, 1);
  }

  #turn(threadId: number, { costUsd, usage }: Readonly<Record<string, unknown>>): void {
    this.#count(threadId, 2, 1);
    this.#count(threadId, 3, costUsd);
    if (typeof usage !== "object" || usage === null) return;
    for (const [n, name] of USAGE.entries()) this.#count(threadId, 4 + n, (usage as Record<string, unknown>)[name]);
  }

  #count(threadId: number, field: number, amount: unknown): void {
    if (typeof amount !== "number" || !(amount >= 0 && amount <= MAX_AMOUNT)) return;
    const counts = this.#of(threadId);
    if (counts === undefined) return;
    counts[field] = (counts[field] ?? 0) + amount;
  }

  /** Undefined: there are too many threads already. */
  #of(threadId: number): Counts | undefined {
    const known = this.byThread.get(threadId);
    if (known !== undefined || this.byThread.size >= MAX_THREADS) return known;
    const counts = new Float64Array(FIELDS);
    this.byThread.set(threadId, counts);
    return counts;
  }
}

/** Epoch ms of a message that came in. */
export function arrivalOf(row: Row): number | undefined {
  return row.holds("direction", "in") ? timeOfRow(row) : undefined;
}
