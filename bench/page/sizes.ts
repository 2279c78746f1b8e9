/** How much of everything is measured. */
export interface Sizes {
  /** Openings of the page whose first content is timed. */
  readonly openings: number;
  /** Rows of the list that is scrolled through, and steps in which it is. */
  readonly rows: number;
  readonly steps: number;
  /** Times that the end of the loaded lines is scrolled to, in a log of as many lines. */
  readonly pages: number;
  /** Lines written a second, and for how long; the heap is looked at from when the page is full on. */
  readonly live: { readonly linesPerSecond: number; readonly seconds: number; readonly fullAfter: number };
  /** Characters of each of the two prompts that are compared, and how often. */
  readonly prompt: { readonly length: number; readonly rounds: number };
}

export const FULL: Sizes = {
  openings: 10,
  rows: 1_000_000,
  steps: 1_500,
  pages: 60,
  live: { linesPerSecond: 1_000, seconds: 600, fullAfter: 45 },
  prompt: { length: 111 * 1024, rounds: 5 },
};

/** Little of everything: whether it can be measured at all. */
export const QUICK: Sizes = {
  openings: 1,
  rows: 20_000,
  steps: 30,
  pages: 2,
  live: { linesPerSecond: 200, seconds: 3, fullAfter: 1 },
  prompt: { length: 8 * 1024, rounds: 1 },
};
