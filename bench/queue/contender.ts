/** A queue that is measured, or what stands in for one. All times in ms. */
export interface Contender {
  readonly name: string;
  /** Whether what it has stored survives a power failure. */
  readonly durable: boolean;
  /** Stores one message. */
  enqueue(): Promise<number>;
  /** So many messages stored by `producers` at once: how long all took. */
  together(count: number, producers: number): Promise<number>;
  /** Stores one for somebody who waits: from its being stored to its being in work. */
  claimed?(): Promise<number>;
  /** Puts messages into a queue of that name. */
  readonly fill?: (backlog: string, count: number) => Promise<void>;
  /** The next of that queue: how long the claim took. The message is finished afterwards. */
  readonly claim?: (backlog: string) => Promise<number>;
  /** From a start over so many messages that a kill has left, until they can be claimed. */
  recover?(count: number, left: Left): Promise<number | undefined>;
}

/** Where a kill found them. */
export type Left = "waiting" | "in work" | "answered";

/** Splits work among that many, who go on as soon as they are done with one. */
export async function inParallel(count: number, runners: number, task: (n: number) => Promise<unknown>): Promise<void> {
  let next = 0;
  const run = async (): Promise<void> => {
    for (let n = next++; n < count; n = next++) await task(n);
  };
  await Promise.all(Array.from({ length: runners }, run));
}
