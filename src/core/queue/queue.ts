/**
 * The queue's port. Callers know this file alone; `file-queue` and `memory-queue` implement it, and
 * `test/contract/queue.contract.ts` holds every implementation to the sentences below.
 *
 * Words: a **lane** is the thread a message belongs to; a **key** names a message for good (its messageId, or one
 * made from it), so the same key published twice is one message; a **claim** is a message in work; a message's **rank**
 * (see `rank`) is a person's, a machine's or a heartbeat's, and a lane has the best rank of what waits in it.
 */

/** A message in work. Exactly one of commit, retry or bury ends it. */
export interface Claim<M> {
  readonly key: string;
  readonly lane: number;
  readonly message: M;
  /** Earlier tries that ended in `retry` with `counts: true`. */
  readonly failures: number;
  /** Earlier tries that ended with the death of the consumer. */
  readonly crashes: number;
  /** When it was first tried, epoch ms: alike for all its tries, over restarts too, until it is finished or buried. */
  readonly firstTried: number;
}

export interface Producer<M> {
  /**
   * Resolves when the message survives a power failure. Publishing a key again is harmless: the consumer sees it once.
   * Rejects with `queue_write_failed`; the message is then to be treated as not stored.
   */
  publish(message: M, key?: string): Promise<void>;
}

export interface RetryOptions {
  /** Not claimed again before this has passed, ms; its lane waits with it, the others go on. */
  readonly delayMs: number;
  /** Whether the try counts as a failure of the message's own. */
  readonly counts: boolean;
  readonly reason: string;
}

export interface Consumer<M> {
  /** Takes up what is there: unfinished claims go back to their place. Call once, before the rest. */
  open(): Promise<void>;
  /**
   * The oldest message of the next lane that has none in work and is not waiting. Lanes of the best rank come first, and
   * those of a rank take turns. Order within a lane is order of arrival whatever the rank. One heartbeat is in work at a
   * time: a lane whose oldest message is one waits while another is. Undefined when there is none now. A message that
   * cannot be read is put aside with the reason and never blocks its lane.
   */
  claim(): Promise<Claim<M> | undefined>;
  /** Finished: gone for good, and its key remembered so that it is not run again. */
  commit(claim: Claim<M>): Promise<void>;
  /** Back to its place at the head of its lane. */
  retry(claim: Claim<M>, options: RetryOptions): Promise<void>;
  /** Put aside as a dead letter, with the reason. Its key is remembered as well: a sender that repeats it changes nothing. */
  bury(claim: Claim<M>, reason: string): Promise<void>;
  /** Says that another producer has published: look now. */
  notify(): void;
  /** Calls back whenever a message may have become claimable. */
  onReady(listener: () => void): void;
  /** Waiting and in work, all lanes. */
  depth(): { readonly waiting: number; readonly claimed: number };
  /** Lanes with a message waiting or in work. */
  lanes(): ReadonlyMap<number, { readonly waiting: number; readonly claimed: boolean }>;
  /** Stops watching. Claims still open stay where they are and are taken up by the next open. */
  close(): Promise<void>;
}
