import type { Clock } from "../clock.ts";
import { QueueError } from "./errors.ts";
import type { MessageKind } from "./file-producer.ts";
import { keyOf } from "./file-name.ts";
import { LaneIndex } from "./lanes.ts";
import type { LaneEntry } from "./lanes.ts";
import { Pauses } from "./pauses.ts";
import type { Claim, Consumer, Producer, RetryOptions } from "./queue.ts";

interface Entry<M> extends LaneEntry {
  readonly message: M;
  failures: number;
  crashes: number;
  firstTried: number | undefined;
}

/** What outlives a consumer: the twin of the folders and the ledger. */
export class MemoryStore<M> {
  readonly entries = new Map<string, Entry<M>>();
  readonly published: Entry<M>[] = [];
  readonly done = new Set<string>();
  /** Keys of what was buried. */
  readonly dead = new Set<string>();
  readonly buried: { message: M; reason: string }[] = [];
  seq = 0;
}

export interface MemoryQueueOptions<M> {
  readonly kind: MessageKind<M>;
  readonly clock: Clock;
  /** Give the same one to a second queue to see what a restart leaves. */
  readonly store?: MemoryStore<M>;
}

/** The queue without files, for tests: the same contract, nothing of it durable. */
export class MemoryQueue<M> implements Producer<M>, Consumer<M> {
  readonly store: MemoryStore<M>;
  readonly #kind: MessageKind<M>;
  readonly #clock: Clock;
  readonly #index = new LaneIndex<Entry<M>>();
  readonly #pauses: Pauses;
  readonly #claims = new Map<Claim<M>, Entry<M>>();
  readonly #listeners: (() => void)[] = [];
  #isOpen = false;

  constructor(options: MemoryQueueOptions<M>) {
    this.#kind = options.kind;
    this.#clock = options.clock;
    this.store = options.store ?? new MemoryStore<M>();
    this.#pauses = new Pauses(options.clock, (lane) => {
      this.#index.resume(lane);
      this.#announce();
    });
  }

  async publish(message: M, key?: string): Promise<void> {
    const checked = this.#kind.schema.safeParse(message);
    if (!checked.success)
      throw new QueueError("queue_message_invalid", "The message has the wrong shape; mend the caller.");
    this.store.seq += 1;
    this.store.published.push({
      seq: this.store.seq,
      lane: this.#kind.laneOf(message),
      rank: this.#kind.rankOf(checked.data),
      key: keyOf(key ?? this.#kind.keyFor(message)),
      message: structuredClone(checked.data),
      failures: 0,
      crashes: 0,
      firstTried: undefined,
    });
  }

  async open(): Promise<void> {
    this.#isOpen = true;
    for (const entry of this.store.entries.values()) this.#index.add(entry);
    this.#look();
  }

  async claim(): Promise<Claim<M> | undefined> {
    this.#checkOpen();
    const entry = this.#index.take();
    if (entry === undefined) return undefined;
    const { key, lane, message, failures, crashes } = entry;
    const firstTried = (entry.firstTried ??= this.#clock.now());
    const claim: Claim<M> = { key, lane, message: structuredClone(message), failures, crashes, firstTried };
    // Counted until the claim ends: what is left when the consumer goes has died with it.
    entry.crashes += 1;
    this.#claims.set(claim, entry);
    return claim;
  }

  async commit(claim: Claim<M>): Promise<void> {
    const entry = this.#finish(claim);
    this.store.done.add(entry.key);
    this.#forget(entry);
  }

  async retry(claim: Claim<M>, options: RetryOptions): Promise<void> {
    const entry = this.#finish(claim);
    if (options.counts) entry.failures += 1;
    this.#index.putBack(entry, options.delayMs > 0);
    if (options.delayMs > 0) this.#pauses.start(entry.lane, options.delayMs);
    this.#announce();
  }

  async bury(claim: Claim<M>, reason: string): Promise<void> {
    const entry = this.#finish(claim);
    this.store.buried.push({ message: entry.message, reason });
    this.store.dead.add(entry.key);
    this.#forget(entry);
  }

  notify(): void {
    if (this.#isOpen) this.#look();
  }

  onReady(listener: () => void): void {
    this.#listeners.push(listener);
  }

  depth(): { waiting: number; claimed: number } {
    return this.#index.depth();
  }

  lanes(): ReadonlyMap<number, { readonly waiting: number; readonly claimed: boolean }> {
    return this.#index.lanes();
  }

  async close(): Promise<void> {
    this.#isOpen = false;
    this.#pauses.clear();
  }

  #look(): void {
    for (const entry of this.store.published.splice(0)) {
      const { done, dead, entries } = this.store;
      if (done.has(entry.key) || dead.has(entry.key) || entries.has(entry.key)) continue;
      this.store.entries.set(entry.key, entry);
      this.#index.add(entry);
    }
    this.#announce();
  }

  #finish(claim: Claim<M>): Entry<M> {
    this.#checkOpen();
    const entry = this.#claims.get(claim);
    if (entry === undefined) {
      throw new QueueError("queue_claim_unknown", `The claim of ${claim.key} was ended before; end each claim once.`);
    }
    this.#claims.delete(claim);
    entry.crashes -= 1;
    return entry;
  }

  #forget(entry: Entry<M>): void {
    this.store.entries.delete(entry.key);
    this.#index.end(entry);
    this.#announce();
  }

  #checkOpen(): void {
    if (!this.#isOpen) throw new QueueError("queue_not_open", "The queue is not open; call open first.");
  }

  #announce(): void {
    if (!this.#isOpen || !this.#index.hasFree()) return;
    for (const listener of this.#listeners) listener();
  }
}
