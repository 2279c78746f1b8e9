import type { Clock } from "../core/clock.ts";
import { describeError } from "../core/errors.ts";
import type { Logger } from "../core/log.ts";
import { breathe } from "./breathe.ts";
import { ThreadCounts } from "./scan/counts.ts";
import type { CountedTopic, Totals } from "./scan/counts.ts";
import type { ScanPool } from "./scan/pool.ts";
import type { CountedRow } from "./services/message-counts.ts";
import { formatCursor, startOf } from "./tail/cursor.ts";
import type { Place } from "./tail/cursor.ts";
import type { Cursor, Row, Source } from "./tail/stream.ts";
import type { Streams } from "./topics.ts";

/** Of one task, bytes: less than a tenth of a second of parsing. */
const STEP_BYTES = 8 * 1024 * 1024;
const DAY_MS = 24 * 60 * 60 * 1000;
/** Rows taken at once: less than a millisecond of work. */
const LIMIT = { rows: 500, bytes: 256 * 1024 };
/** With fewer new ones nobody has to wait until they are counted. */
const FEW_BYTES = 64 * 1024;
/** Messages told at once. */
const BATCH = 2_000;

export interface TalliesDeps {
  readonly streams: Pick<Streams, CountedTopic>;
  readonly pool: ScanPool;
  readonly clock: Clock;
  readonly log: Logger;
  /** Is given each message that came in within the last day, and each row of the history that comes, once. */
  readonly messages: { add(row: CountedRow): void };
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
  readonly #draining = new Set<Promise<void>>();

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
    for (const unlisten of this.#unlisten) unlisten();
    await this.#counted;
    await Promise.all(this.#draining);
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
      this.#deps.messages.add({ direction: "in", timestamp });
      if (n % BATCH === BATCH - 1) await breathe();
    }
  }

  /** Counts what comes after the place, as it comes; resolves when what is there now is counted. */
  async #live(topic: CountedTopic, from: Cursor | undefined): Promise<void> {
    const stream = this.#deps.streams[topic];
    let cursor = from;
    let again = false;
    let running: Promise<void> | undefined;
    const drain = async (): Promise<void> => {
      // Those who wait for the rows have them first.
      await breathe();
      do {
        again = false;
        cursor = await this.#pull(topic, cursor);
      } while (again as boolean);
    };
    const kick = (): Promise<void> => {
      again = true;
      running ??= drain()
        .catch((error: unknown) => {
          this.#tell(topic, error);
        })
        .finally(() => {
          if (running !== undefined) this.#draining.delete(running);
          running = undefined;
        });
      this.#draining.add(running);
      return running;
    };
    this.#unlisten.push(
      stream.onGrown((bytes) => {
        const counted = kick();
        return bytes < FEW_BYTES ? undefined : counted;
      }),
    );
    await kick();
  }

  async #pull(topic: CountedTopic, from: Cursor | undefined): Promise<Cursor | undefined> {
    const stream = this.#deps.streams[topic];
    const limit = { ...LIMIT, signal: this.#stop.signal };
    let cursor = from;
    for (;;) {
      const slice = await stream.after(cursor, limit);
      for (const item of slice.items) if (!("gap" in item)) this.#add(topic, item);
      cursor = slice.last ?? cursor;
      if (!slice.more) return cursor;
      await breathe();
    }
  }

  #add(topic: CountedTopic, row: Row): void {
    this.#counts.add(topic, row);
    if (topic === "messages" && row.record !== undefined) this.#deps.messages.add(row.record);
  }

  #tell(topic: CountedTopic, error: unknown): void {
    if (this.#stop.signal.aborted) return;
    this.#deps.log.warn({ topic, error: describeError(error) }, "counting stopped");
  }
}
