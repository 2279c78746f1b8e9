import type { Params } from "./faults.ts";

/** One call of the bot, as it came and as it ended. */
export interface Call {
  /** Place in `calls`, which is the order of ending. */
  readonly index: number;
  readonly method: string;
  /** As understood: numbers and objects even where a form sent them as text. As sent, when they were not understood. */
  readonly params: Params;
  /** Arrival, epoch ms. */
  readonly at: number;
  /** Arrival, `performance.now()` ms of this process. */
  readonly monotonicAt: number;
  /** End, on the same monotonic clock. */
  readonly monotonicEndedAt: number;
  /** HTTP status of the answer; 0 when none reached the client: dropped, or the client had left. */
  readonly status: number;
  /** Why it was refused. */
  readonly description?: string;
  /** What the effect gave, even where the answer was then dropped. */
  readonly result?: unknown;
}

export class CallRecord {
  readonly calls: Call[] = [];
  readonly #onCall: (call: Call) => void;

  constructor(onCall: (call: Call) => void) {
    this.#onCall = onCall;
  }

  add(call: Omit<Call, "index">): void {
    const numbered = { ...call, index: this.calls.length };
    this.calls.push(numbered);
    this.#onCall(numbered);
  }
}
