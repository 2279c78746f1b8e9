/** How much of everything is measured. */
export interface Sizes {
  /** Figures are medians of so many repeats, in each of which everybody has their turn. */
  readonly repeats: number;
  /** Folders, one after the other, in which messages are stored one by one. */
  readonly places: number;
  /** Messages stored one by one in each of them, by each. */
  readonly enqueued: number;
  /** Messages whose way to the claim is timed, in each repeat. */
  readonly claimed: number;
  /** Claims timed at each backlog. */
  readonly claims: number;
  readonly backlog: { readonly small: number; readonly large: number };
  /** Messages stored by many producers at once, in each repeat. */
  readonly together: number;
  /** Files that a start finds, and starts timed. */
  readonly recovery: { readonly files: number; readonly starts: number };
  /** Whether a Node 22 is fetched by npx for SQLite where this is an older one. */
  readonly fetchNode: boolean;
}

export const FULL: Sizes = {
  repeats: 9,
  places: 21,
  enqueued: 300,
  claimed: 100,
  claims: 400,
  backlog: { small: 10, large: 10_000 },
  together: 320,
  recovery: { files: 10_000, starts: 3 },
  fetchNode: true,
};

/** Little of everything: whether it can be measured at all. */
export const QUICK: Sizes = {
  repeats: 2,
  places: 2,
  enqueued: 6,
  claimed: 3,
  claims: 8,
  backlog: { small: 5, large: 50 },
  together: 32,
  recovery: { files: 40, starts: 1 },
  fetchNode: false,
};
