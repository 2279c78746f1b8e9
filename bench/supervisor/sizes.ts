/** How much of everything is measured. */
export interface Sizes {
  /** Workers that are crashed one after another, and whole programs of the older design. */
  readonly crashes: number;
  /** Times that a worker is made to loop for ever, and whether polls are made to hang meanwhile. */
  readonly loops: number;
  readonly polls: boolean;
  /** Workers that are ended while they have nothing to do. */
  readonly ends: number;
  /**
   * Processor time, after what a start leaves to be done, and then samples of memory: the garbage of a start goes in a
   * minute by itself.
   */
  readonly idle: { readonly settleMs: number; readonly samples: number; readonly ms: number };
}

export const FULL: Sizes = {
  crashes: 50,
  loops: 6,
  polls: true,
  ends: 50,
  idle: { settleMs: 30_000, samples: 5, ms: 60_000 },
};

/** Little of everything: whether it can be measured at all. */
export const QUICK: Sizes = {
  crashes: 2,
  loops: 1,
  polls: false,
  ends: 2,
  idle: { settleMs: 0, samples: 1, ms: 1000 },
};
