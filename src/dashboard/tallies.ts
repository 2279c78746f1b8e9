import type { Clock } from "../core/clock.ts";
import { describeError, errorCode } from "../core/errors.ts";
import type { Logger } from "../core/log.ts";
import { breathe } from "./breathe.ts";
import { ThreadCounts, arrivalOf } from "./scan/counts.ts";
import type { CountedTopic, Totals } from "./scan/counts.ts";
import type { ScanPool } from "./scan/pool.ts";
import { formatCursor, startOf } from "./tail/cursor.ts";
import type { Place } from "./tail/cursor.ts";
import type { Cursor, Row, Slice, Source } from "./tail/stream.ts";
import type { Streams } from "./topics.ts";

/** Of one task, bytes: less than a tenth of a second of parsing. */
const STEP_BYTES = 8 * 1024 * 1024;
const DAY_MS = 24 * 60 * 60 * 1000;
/** Rows taken at once: less than a millisecond of work. */
const LIMIT = { rows: 500, bytes: 256 * 1024 };
/** After what comes could not be read, ms. */
const RETRY_MS = 1000;
/** Messages told at once. */
const BATCH = 2_000;

export interface TalliesDeps {
  readonly streams: Pick<Streams, CountedTopic>;
  readonly pool: ScanPool;
  readonly clock: Clock;
  readonly log: Logger;
  /** Is told when each message came in: those of the last day, and each that comes, once. Epoch ms. */
  readonly messages: { add(timestamp: number): void };
}

/**
 * Totals of each thread: of what lies in the files, counted once by threads of the pool, and from exactly there on of
 * each row as it comes. They tell what was read since the start: what is cut or deleted later stays counted, and what
 * was gone before it could be read is missing.
 */
export class Tallies {
  readonly #deps: TalliesDeps;
  readonly #counts = new ThreadCounts();
  readonly #stop = new AbortController();
  #counted: Promise<unknown> | undefined;
  #isCounting = true;
  /** Ends of the listening to the streams. */
  readonly #unlisten: (() => void)[] = [];

  constructor(deps: TalliesDeps) {
    this.#deps = deps;
  }

  /** Begins to count, once the streams are started. Resolves when all that lay there is counted; never rejects. */
  async start(): Promise<void> {
    if (this.#stop.signal.aborted) return;
    this.#counted ??= Promise.all([this.#follow("messages"), this.#follow("activity")]);
    await this.#counted;
    this.#isCounting = false;
  }

  /** Whether there is more in the files than is counted so far. */
  get isCounting(): boolean {
    return this.#isCounting;
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await this.#counted;
    for (const unlisten of this.#unlisten) unlisten();
  }

  /** Of what is counted so far; zeros for a thread without a row. */
  of(threadId: number): Totals {
    return this.#counts.of(threadId);
  }

  async #follow(topic: CountedTopic): Promise<void> {
    try {
      await this.#live(topic, await this.#countFiles(topic));
    } catch (error) {
      this.#tell(topic, error);
    }
  }

  /** Counts what lies in the files; answers the place after it. */
  async #countFiles(topic: CountedTopic): Promise<Cursor | undefined> {
    const stream = this.#deps.streams[topic];
    let reached: Place | undefined;
    for (const { gen } of stream.generations()) {
      const source = await stream.open(gen);
      // One that is gone is passed over; what follows is told after its start all the same.
      reached = startOf(gen);
      try {
        if (source !== undefined) reached = await this.#countFile(topic, source, reached);
      } finally {
        await source?.file.release();
      }
    }
    return reached && formatCursor(reached);
  }

  async #countFile(topic: CountedTopic, { file, bound }: Source, start: Place): Promise<Place> {
    const end = bound ?? (await file.size());
    const since = this.#deps.clock.now() - DAY_MS;
    const isFull = bound === undefined;
    let place = start;
    while (place.offset < end) {
      const { gen, offset: from } = place;
      const input = { fd: file.fd, gen, from, to: Math.min(end, from + STEP_BYTES), end, topic, isFull, since };
      const result = await this.#deps.pool.run("tally", input, { signal: this.#stop.signal, file });
      if (result === "lost" || result.offset === from) break;
      this.#counts.merge(result.byThread);
      await this.#arrive(result.arrivals);
      place = { gen, offset: result.offset, check: result.check };
    }
    return place;
  }

  async #arrive(arrivals: Float64Array): Promise<void> {
    for (const [n, timestamp] of arrivals.entries()) {
      this.#deps.messages.add(timestamp);
      if (n % BATCH === BATCH - 1) await breathe();
    }
  }

  /** Counts what has come after the place, and from there on each row as it is read; resolves in between. */
  async #live(topic: CountedTopic, from: Cursor | undefined): Promise<void> {
    const stream = this.#deps.streams[topic];
    let cursor = from;
    for (;;) {
      const head = stream.head();
      const slice = await this.#read(topic, cursor);
      for (const item of slice.items) if (!("gap" in item)) this.#add(topic, item);
      const { last = cursor } = slice;
      // All up to the head of now; or as far as it goes, where that is what it was before. Nothing is waited for from
      // here until the listening begins, and the stream has been started: so each row counts once.
      if (!slice.more && (last === stream.head() || (last === cursor && head === stream.head()))) break;
      cursor = last;
      await breathe();
    }
    this.#stop.signal.throwIfAborted();
    this.#unlisten.push(
      stream.onRow((row) => {
        this.#add(topic, row);
      }),
    );
  }

  /** What cannot be read now is tried again; it rejects when this is closed, or the stream. */
  async #read(topic: CountedTopic, cursor: Cursor | undefined): Promise<Slice> {
    const limit = { ...LIMIT, signal: this.#stop.signal };
    for (let trouble = ""; ;) {
      try {
        return await this.#deps.streams[topic].after(cursor, limit);
      } catch (error) {
        if (this.#stop.signal.aborted || errorCode(error) === "stream_closed") throw error;
        if (describeError(error) !== trouble) this.#tell(topic, error);
        trouble = describeError(error);
        await this.#deps.clock.sleep(RETRY_MS, this.#stop.signal);
      }
    }
  }

  #add(topic: CountedTopic, row: Row): void {
    this.#counts.add(topic, row);
    const arrival = topic === "messages" ? arrivalOf(row) : undefined;
    if (arrival !== undefined) this.#deps.messages.add(arrival);
  }

  #tell(topic: CountedTopic, error: unknown): void {
    if (this.#stop.signal.aborted) return;
    this.#deps.log.warn({ topic, error: describeError(error) }, "counting failed");
  }
}
