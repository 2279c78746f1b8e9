import { systemClock } from "../../core/clock.ts";
import type { Clock } from "../../core/clock.ts";
import type { Logger } from "../../core/log.ts";
import { DashboardError } from "../errors.ts";
import { Backward } from "./backward.ts";
import { Catalog } from "./catalog.ts";
import type { Limit, Match, Slice } from "./collector.ts";
import { parseCursor, startOf } from "./cursor.ts";
import type { Cursor } from "./cursor.ts";
import { Follower } from "./follower.ts";
import { Forward } from "./forward.ts";
import type { Rolled } from "./names.ts";
import { Sources } from "./sources.ts";
import type { Source } from "./sources.ts";
import { statNow } from "./source-file.ts";
import type { Row } from "./row.ts";
import { Wake } from "./wake.ts";

export type { Limit, Match, Skip, Slice } from "./collector.ts";
export type { Cursor } from "./cursor.ts";
export type { Gap } from "./lineage.ts";
export type { Row } from "./row.ts";
export type { Source } from "./sources.ts";

/**
 * The lines of one growing file and of those that were rolled before it, as one row from the oldest to the end. It has
 * one reader, however many ask; it opens nothing for writing.
 *
 * What is promised: every line once and in order, or a gap that says where. A gap stands wherever lines may be missing,
 * also when perhaps none are: a file that was cut, or that came after one no name leads to any more. The one thing that
 * leaves no trace is what is written to an empty file and cut away again between two looks.
 *
 * `after` and `before` are exclusive. They reject with `bad_cursor`, `file_unreadable`, `stream_closed`, or the reason
 * of the limit's signal.
 */
export interface Stream {
  /** Takes up the end of the file. Rows that lie there already are history. */
  start(): Promise<void>;
  close(): Promise<void>;
  /** The end as read so far; undefined as long as there was no line. */
  head(): Cursor | undefined;
  /** Reads what there is now, without waiting for a notice or the poll. Never rejects. */
  look(): Promise<void>;
  /**
   * Calls when rows after an older head can be pulled, with their bytes; the returned function ends that. Reading on
   * waits a moment for what a listener returned two reads before: so those who keep up do.
   */
  onGrown(listener: GrownListener): () => void;
  /** Calls with each row that comes after `head`, as it is read; it must not throw. The returned function ends that. */
  onRow(listener: RowListener): () => void;
  /** Forward; undefined: from the oldest row. A cursor whose data is gone gives a gap, then what follows it. */
  after(cursor: Cursor | undefined, limit: Limit, match?: Match): Promise<Slice>;
  /** Backward; undefined: from the end as read so far. Items are oldest first all the same. */
  before(cursor: Cursor | undefined, limit: Limit, match?: Match): Promise<Slice>;
  /** The last `n` rows that match; `last` is the place from which `after` goes on. */
  tail(n: number, match?: Match): Promise<Slice>;
  /** The files in the order in which they were written; the number of one that was cut and written anew is another. */
  generations(): readonly { readonly gen: string; readonly serial: number }[];
  /** The file of a generation; undefined: it is gone. Whoever asks releases it. */
  open(gen: string): Promise<Source | undefined>;
  status(): { generations: number; size: number; exists: boolean };
}

export type GrownListener = (bytes: number) => Promise<unknown> | undefined | void;
export type RowListener = (row: Row) => void;

export interface StreamOptions {
  /** Absolute path of the file that grows, or of a link to it. It need not exist, nor its folder. */
  readonly path: string;
  readonly rolled?: Rolled;
  readonly clock: Clock;
  readonly log?: Logger;
  /** Newest rows kept in memory, bytes. */
  readonly ringBytes?: number;
  readonly pollMs?: number;
}

/** Longer kept, rows live to be collected with the old: that costs more than to read them again for who is behind. */
const RING_BYTES = 1024 * 1024;
const POLL_MS = 250;

/** Whoever takes longer than this does not keep up, and is not waited for, ms. */
const PACE_MS = 50;
/**
 * Reads that may go on before those are waited for who still have to do with an earlier one. Three of them fill the ring
 * with lines of some 400 bytes; with shorter ones who is last reads from the file.
 */
const AHEAD = 2;

/** By the real clock: it is the event loop that is to get its turn. The task does not reject. */
async function atMost(ms: number, task: Promise<unknown>): Promise<void> {
  let cancel = (): void => undefined;
  const late = new Promise<void>((resolve) => {
    cancel = systemClock.after(ms, resolve);
  });
  await Promise.race([task, late]);
  cancel();
}

export function openStream(options: StreamOptions): Stream {
  const { path, clock } = options;
  const catalog = new Catalog(path, options.rolled, clock);
  const listeners = new Set<GrownListener>();
  const rowListeners = new Set<RowListener>();
  /** What the newest reads are waited for with. */
  const behind: Promise<unknown>[] = [];
  const follower = new Follower({
    catalog,
    clock,
    log: options.log,
    ringBytes: options.ringBytes ?? RING_BYTES,
    onRows(rows, bytes) {
      for (const listener of rowListeners) for (const row of rows) listener(row);
      const waits = [...listeners].flatMap((listener) => listener(bytes) ?? []);
      if (waits.length > 0) behind.push(Promise.all(waits).catch(() => undefined));
      const oldest = behind.length > AHEAD ? behind.shift() : undefined;
      return oldest && atMost(PACE_MS, oldest);
    },
  });
  const look = (): Promise<void> => follower.look();
  const wake = new Wake({
    folders: () => catalog.folders,
    concerns: (folder, name) => catalog.concerns(folder, name),
    look,
    clock,
    pollMs: options.pollMs ?? POLL_MS,
  });
  const sources = new Sources(catalog, follower);
  let closed = false;

  /** The place that a cursor names, and its text when it names none. */
  const placeOf = (cursor: Cursor | undefined): [ReturnType<typeof parseCursor>, Cursor | undefined] => {
    if (closed) throw new DashboardError("stream_closed", `${path} is not followed any more: open it anew.`);
    const place = cursor === undefined ? undefined : parseCursor(cursor);
    return [place, place === undefined ? cursor : undefined];
  };
  const before: Stream["before"] = async (cursor, limit, match) =>
    new Backward(follower, sources, limit, match).read(...placeOf(cursor));

  return {
    async start() {
      await follower.start();
      if (!closed) wake.start();
    },
    async close() {
      closed = true;
      listeners.clear();
      rowListeners.clear();
      wake.close();
      await follower.close();
    },
    head: () => follower.ring.head,
    look,
    onGrown(listener) {
      listeners.add(listener);
      return () => {
        listeners.delete(listener);
      };
    },
    onRow(listener) {
      rowListeners.add(listener);
      return () => {
        rowListeners.delete(listener);
      };
    },
    after: async (cursor, limit, match) => new Forward(follower, sources, limit, match).read(...placeOf(cursor)),
    before,
    generations: () => follower.lineage.all().map((gen) => ({ gen, serial: follower.lineage.indexOf(gen) ?? 0 })),
    async open(gen) {
      placeOf(undefined);
      return sources.open(startOf(gen));
    },
    tail: (n, match) => before(undefined, { rows: n, bytes: Number.POSITIVE_INFINITY }, match),
    status() {
      const found = statNow(path);
      return { generations: catalog.count, size: Number(found?.size ?? 0), exists: found?.isFile() ?? false };
    },
  };
}
