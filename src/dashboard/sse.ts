import type { Clock } from "../core/clock.ts";
import { errorCode } from "../core/errors.ts";
import { breathe } from "./breathe.ts";
import type { Filter } from "./filter.ts";
import { matchOf } from "./filter.ts";
import type { Headers, Sink, Streamed } from "./http.ts";
import { FRAME, GATHER_MS, SCAN_BYTES } from "./live-rows.ts";
import { gapFields, rowJson } from "./row-json.ts";
import type { Shape } from "./row-json.ts";
import { checkedCursor } from "./socket/start.ts";
import type { Cursor, Match, Slice, Stream } from "./tail/stream.ts";

export interface SseOptions {
  readonly stream: Stream;
  readonly shape: Shape;
  readonly filter?: Filter;
  /** The header `Last-Event-ID`; without it, or empty, what is new comes. */
  readonly lastEventId?: string | undefined;
  readonly clock: Clock;
}

/** `no-transform` and `x-accel-buffering` keep proxies from gathering events. */
const HEADERS: Headers = {
  "content-type": "text/event-stream; charset=utf-8",
  "cache-control": "no-cache, no-transform",
  "x-accel-buffering": "no",
};
/** Proxies cut what is silent for 100 s. */
const HEARTBEAT_MS = 15_000;
const RECONNECT_MS = 2000;
/** Ends after which a client is told why. */
const LAST_WORDS: ReadonlySet<string> = new Set(["server_stopping", "sign_in_expired"]);
const LIMIT = { rows: FRAME.rows, bytes: FRAME.bytes, scan: SCAN_BYTES };

/**
 * The rows of a stream as server-sent events, from now or from after a place, until the client leaves. Throws the
 * refusal `bad_cursor`.
 */
export function sseAnswer(options: SseOptions): Streamed {
  const { stream, lastEventId, filter = {} } = options;
  const place = lastEventId === undefined || lastEventId === "" ? stream.head() : checkedCursor(lastEventId);
  return {
    kind: "stream",
    headers: HEADERS,
    run: (sink) => new EventFlow(options, matchOf(filter), place, sink).run(),
  };
}

class EventFlow {
  readonly #options: SseOptions;
  readonly #match: Match | undefined;
  readonly #sink: Sink;
  #place: Cursor | undefined;
  /** The place that the client knows of. */
  #told: Cursor | undefined;
  #hasGrown = true;
  #wake: (() => void) | undefined;

  constructor(options: SseOptions, match: Match | undefined, place: Cursor | undefined, sink: Sink) {
    this.#options = options;
    this.#match = match;
    this.#place = place;
    this.#sink = sink;
  }

  async run(): Promise<void> {
    const { signal } = this.#sink;
    const onAbort = (): void => this.#wake?.();
    const stop = this.#options.stream.onGrown(() => {
      this.#hasGrown = true;
      this.#wake?.();
    });
    signal.addEventListener("abort", onAbort);
    try {
      await this.#sink.write(`retry: ${RECONNECT_MS}\n${this.#idLine()}\n`);
      while (!signal.aborted) await this.#step();
    } catch (error) {
      if (!signal.aborted) throw error;
    } finally {
      stop();
      signal.removeEventListener("abort", onAbort);
    }
    const reason = errorCode(signal.reason) ?? "";
    if (LAST_WORDS.has(reason)) await this.#sink.write(`event: end\ndata: {"reason":"${reason}"}\n\n`);
  }

  /** Sends what there is, then waits for more. */
  async #step(): Promise<void> {
    const { stream, clock } = this.#options;
    const began = clock.monotonic();
    while (this.#hasGrown) {
      this.#hasGrown = false;
      const slice = await stream.after(this.#place, { ...LIMIT, signal: this.#sink.signal }, this.#match);
      this.#place = slice.last;
      if (slice.more) this.#hasGrown = true;
      if (slice.items.length > 0) await this.#sink.write(this.#events(slice));
      if (!slice.more) break;
      await breathe();
    }
    await this.#wait(began + GATHER_MS - clock.monotonic(), () => false);
    if (await this.#wait(HEARTBEAT_MS, () => this.#hasGrown)) await this.#sink.write(`${this.#progress()}: hb\n\n`);
  }

  #events({ items }: Slice): string {
    const { shape } = this.#options;
    const events = items.map((item) => {
      if (!("gap" in item)) return `id: ${item.cursor}\ndata: ${rowJson(item, shape)}\n\n`;
      return `event: gap\nid: ${item.gap.to}\ndata: ${JSON.stringify(gapFields(item.gap))}\n\n`;
    });
    const last = items.at(-1);
    this.#told = last !== undefined && "gap" in last ? last.gap.to : last?.cursor;
    return events.join("");
  }

  /** An id without data is no event, and is where the client goes on: before any row, and past rows not wanted. */
  #idLine(): string {
    this.#told = this.#place;
    return this.#place === undefined ? "" : `id: ${this.#place}\n`;
  }

  #progress(): string {
    return this.#place === this.#told ? "" : `${this.#idLine()}\n`;
  }

  /** True after the time; false as soon as there is a reason to go on, or the client is gone. */
  #wait(ms: number, isOver: () => boolean): Promise<boolean> {
    const { signal } = this.#sink;
    if (ms <= 0 || signal.aborted || isOver()) return Promise.resolve(false);
    return new Promise((resolve) => {
      const end = (isTime: boolean): void => {
        cancel();
        this.#wake = undefined;
        resolve(isTime);
      };
      const cancel = this.#options.clock.after(ms, () => {
        end(true);
      });
      this.#wake = () => {
        if (signal.aborted || isOver()) end(false);
      };
    });
  }
}
