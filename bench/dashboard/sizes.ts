/** How much of everything is measured. */
export interface Sizes {
  /** Lines whose way to the clients is timed, in each round; 50 a second. */
  readonly timedLines: number;
  /** Lines written as fast as may be, the clients that get them, and how often. */
  readonly burst: { readonly lines: number; readonly clients: number; readonly rounds: number };
  readonly bigFileBytes: number;
  /** Answers timed of the big file. */
  readonly answers: number;
  /** For how long the event loop is watched while everything goes on. */
  readonly loopSeconds: number;
  readonly connections: number;
  /** After what a start leaves to be done, and its threads, have come to their end. */
  readonly idle: { readonly settleMs: number; readonly ms: number };
  /** What a client beside a stalled one gets, a second and for how long; and how often, with it and without. */
  readonly load: { readonly linesPerSecond: number; readonly seconds: number; readonly rounds: number };
}

export const FULL: Sizes = {
  timedLines: 250,
  burst: { lines: 300_000, clients: 10, rounds: 5 },
  bigFileBytes: 2 ** 30,
  answers: 200,
  loopSeconds: 10,
  connections: 2000,
  idle: { settleMs: 12_000, ms: 20_000 },
  load: { linesPerSecond: 20_000, seconds: 3, rounds: 5 },
};

/** Little of everything: whether it can be measured at all. */
export const QUICK: Sizes = {
  timedLines: 20,
  burst: { lines: 3000, clients: 3, rounds: 1 },
  bigFileBytes: 4 * 2 ** 20,
  answers: 3,
  loopSeconds: 0.3,
  connections: 40,
  idle: { settleMs: 0, ms: 300 },
  load: { linesPerSecond: 5000, seconds: 0.5, rounds: 1 },
};
