import type { Clock } from "../../core/clock.ts";
import { describeError, errorCode } from "../../core/errors.ts";
import type { Logger } from "../../core/log.ts";
import { breathe } from "../breathe.ts";
import type { Text } from "../connection.ts";
import type { Filter } from "../filter.ts";
import type { History } from "../history.ts";
import { frame } from "../protocol.ts";
import { gapFields } from "../row-json.ts";
import { parseCursor } from "../tail/cursor.ts";
import type { Cursor } from "../tail/stream.ts";
import type { Topic } from "../topics.ts";
import { Credit } from "./credit.ts";
import { queryOf } from "./feed.ts";
import type { Batch, Feed, Query } from "./feed.ts";
import type { Gate } from "./gate.ts";
import { lastRows } from "./last-rows.ts";
import { gapPiece, piecesOf } from "./pieces.ts";
import type { Piece } from "./pieces.ts";
import type { Start } from "./start.ts";

/** A client that takes nothing for so long goes on from the end, ms. */
const SLOW_MS = 60_000;
/** Before what could not be read is tried again, ms. */
const RETRY_MS = 1000;

/** What a subscription has of its connection. */
export interface Outlet {
  readonly gate: Gate;
  /** False: the connection is lost. */
  send(text: Text): boolean;
  cork(task: () => void): void;
}

export interface SubscriptionOptions {
  readonly id: string;
  readonly topic: Topic;
  readonly start: Start;
  readonly filter: Filter;
  readonly feed: Feed;
  readonly history: History;
  readonly outlet: Outlet;
  readonly clock: Clock;
  readonly log: Logger;
}

/**
 * The rows of one topic on their way to one client, pulled by one loop from a place that moves on with what is sent:
 * nothing else is kept of them, and a client that stops costs nothing.
 *
 *   last rows ──▶ pulling ──nothing more──▶ resting ──the stream has grown──▶ pulling
 *                 pulling ──1 MiB not acked, or no room──▶ held ──acked, drained──▶ pulling
 *                                                          held ──60 s──▶ pulling from the end, after a gap
 *                 pulling ──cannot be read──▶ (a second) ──▶ pulling; after 60 s of that from the end, after a gap
 */
export class Subscription {
  readonly #options: SubscriptionOptions;
  readonly #prefix: string;
  readonly #query: Query;
  readonly #credit = new Credit();
  /** Rows that are still to be looked for at the end of the files. */
  #tail: number;
  #place: Cursor | undefined;
  #isLive = false;
  #isDue = false;
  #isRunning = false;
  #isClosed = false;
  #unfollow: (() => void) | undefined;
  #reading: AbortController | undefined;
  #release: (() => void) | undefined;
  #failingSince: number | undefined;

  constructor(options: SubscriptionOptions) {
    const { id, start, feed, filter } = options;
    this.#options = options;
    this.#prefix = `{"type":"rows","id":${JSON.stringify(id)},`;
    this.#query = queryOf(filter);
    this.#tail = "tail" in start ? start.tail : 0;
    this.#place = "tail" in start ? feed.head : start.cursor;
  }

  start(): void {
    this.#unfollow = this.#options.feed.follow(() => this.#wake());
    void this.#wake();
  }

  /** Throws `bad_cursor`. */
  ack(cursor: Cursor): void {
    this.#credit.ack(cursor);
    if (!this.#credit.isSpent) this.#release?.();
  }

  /** Nothing is sent any more, from now on. */
  close(): void {
    this.#isClosed = true;
    this.#unfollow?.();
    this.#reading?.abort();
    this.#options.outlet.gate.forget(this);
    this.#release?.();
  }

  /** Undefined: it is still at what came before, or waits for its client. */
  #wake(): Promise<void> | undefined {
    this.#isDue = true;
    return this.#isRunning || this.#isClosed ? undefined : this.#run();
  }

  async #run(): Promise<void> {
    this.#isRunning = true;
    while (this.#isDue && !this.#isClosed) {
      this.#isDue = false;
      try {
        if (this.#tail > 0) await this.#sendTail();
        await this.#pull();
        this.#failingSince = undefined;
      } catch (error) {
        if (!this.#isClosed) await this.#onFailure(error);
      }
    }
    this.#isRunning = false;
  }

  /** What it takes of the last rows is sent; what there is no room for is read again from its place. */
  async #sendTail(): Promise<void> {
    const { topic, filter, feed, history, outlet } = this.#options;
    await outlet.gate.enter(this);
    outlet.gate.leave();
    if (this.#isClosed) return;
    this.#reading = new AbortController();
    const { signal } = this.#reading;
    const { items, last } = await lastRows(history, { topic, rows: this.#tail, filter, signal });
    this.#reading = undefined;
    if (this.#isClosed) return;
    this.#tail = 0;
    for (const piece of piecesOf(items, undefined, feed.shape)) {
      this.#send(piece);
      this.#place = piece.last;
      if (this.#isClosed || !outlet.gate.hasRoom() || this.#credit.isSpent) return;
      await breathe();
    }
    this.#place = last;
  }

  /** Sends until there is nothing more now. */
  async #pull(): Promise<void> {
    const { feed, outlet } = this.#options;
    while (await this.#hasTurn()) {
      const asked = feed.version;
      let batch: Batch;
      try {
        batch = await feed.next(this.#place, this.#query);
        if (this.#isClosed) return;
        this.#deliver(batch);
      } finally {
        outlet.gate.leave();
      }
      if (!batch.more && batch.version === asked) {
        this.#goLive();
        return;
      }
      await breathe();
    }
  }

  /** Waits for credit and for a turn on the connection; false: it is over. */
  async #hasTurn(): Promise<boolean> {
    const { gate } = this.#options.outlet;
    if (!this.#isClosed && !this.#credit.isSpent && gate.tryEnter()) return true;
    const since = this.#now();
    while (this.#credit.isSpent && !this.#isClosed) {
      await this.#hold(SLOW_MS);
      if (this.#credit.isSpent && !this.#isClosed) this.#skip();
    }
    if (this.#isClosed) return false;
    await gate.enter(this);
    if (this.#isClosed) {
      gate.leave();
      return false;
    }
    if (this.#now() - since >= SLOW_MS) this.#skip();
    return true;
  }

  #deliver(batch: Batch): void {
    if (batch.pieces.length > 0) {
      this.#options.outlet.cork(() => {
        for (const piece of batch.pieces) this.#send(piece);
      });
    }
    this.#place = batch.last;
  }

  #send(piece: Piece): void {
    if (this.#isClosed) return;
    const text =
      piece.kind === "rows"
        ? piece.frame(this.#prefix)
        : frame({ type: "gap", id: this.#options.id, ...gapFields(piece.gap) });
    if (this.#options.outlet.send(text)) this.#credit.spend(piece.place, piece.kind === "rows" ? piece.bytes : 0);
  }

  /** From the end on: the client is told what it missed, and owes no ack for it. */
  #skip(): void {
    const { feed } = this.#options;
    const [from, to] = [this.#place, feed.head];
    if (to === undefined || to === from) return;
    this.#credit.forgive();
    this.#send(gapPiece({ from, to, bytes: bytesBetween(from, to), reason: "slow" }));
    this.#place = to;
  }

  #goLive(): void {
    if (this.#isLive || this.#isClosed) return;
    this.#isLive = true;
    const { id, outlet } = this.#options;
    outlet.send(frame({ type: "live", id, cursor: this.#place ?? null }));
  }

  async #onFailure(error: unknown): Promise<void> {
    if (errorCode(error) === "stream_closed") {
      this.close();
      return;
    }
    const { topic, log } = this.#options;
    if (this.#failingSince === undefined)
      log.warn({ topic, error: describeError(error) }, "reading for a client failed");
    this.#failingSince ??= this.#now();
    if (this.#now() - this.#failingSince >= SLOW_MS) {
      this.#failingSince = undefined;
      this.#tail = 0;
      this.#skip();
    }
    await this.#hold(RETRY_MS);
    this.#isDue = true;
  }

  /** Resolves after the time, or when there is credit, or when it is over. */
  #hold(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const end = (): void => {
        cancel();
        this.#release = undefined;
        resolve();
      };
      const cancel = this.#options.clock.after(ms, end);
      this.#release = end;
    });
  }

  #now(): number {
    return this.#options.clock.monotonic();
  }
}

/** Where both places are in one file; else nobody has counted. */
function bytesBetween(from: Cursor | undefined, to: Cursor): number {
  const [a, b] = [from === undefined ? undefined : parseCursor(from), parseCursor(to)];
  return a !== undefined && b !== undefined && a.gen === b.gen ? Math.max(0, b.offset - a.offset) : 0;
}
