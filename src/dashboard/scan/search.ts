import { FileRow } from "../tail/row.ts";
import type { Row, Source, Stream } from "../tail/stream.ts";
import type { Streams, Topic } from "../topics.ts";
import type { ScanPool } from "./pool.ts";
import type { SearchResult } from "./search-step.ts";

/** In the order in which they come; the last one is `done`. */
export type SearchEvent =
  | { readonly type: "match"; readonly topic: Topic; readonly row: Row }
  /** Bytes. */
  | { readonly type: "progress"; readonly scanned: number; readonly total: number }
  | { readonly type: "done" };

export interface SearchQuery {
  readonly q: string;
  readonly topic: Topic;
}

/** Of one task, bytes: some ten milliseconds. */
const STEP_BYTES = 16 * 1024 * 1024;
/** Tasks begun before their rows are asked for: one a thread. */
const AHEAD = 2;

interface Step {
  readonly gen: string;
  readonly source: Source;
  readonly from: number;
  readonly to: number;
  readonly end: number;
}

interface Running extends Step {
  readonly result: Promise<SearchResult | "lost">;
}

/**
 * Looks for a text in all files of a topic, literally and whatever its case, the newest rows first. It goes on only as
 * events are asked for; who does not ask holds up nobody, and some MiB of rows at most wait. What is written after it
 * began is not looked at. Rejects with the signal's reason, `scan_failed`, `server_stopping`, `file_unreadable`.
 */
export async function* search(
  { streams, pool }: { streams: Pick<Streams, Topic>; pool: ScanPool },
  { q, topic }: SearchQuery,
  signal: AbortSignal,
): AsyncGenerator<SearchEvent, void, undefined> {
  const stream = streams[topic];
  const sizes = await sizesOf(stream);
  const total = [...sizes.values()].reduce((sum, size) => sum + size, 0);
  const steps = stepsOf(stream, sizes);
  const running: Running[] = [];
  const start = (step: Step): Running => {
    const { gen, from, to, end } = step;
    const file = step.source.file.retain();
    const result = pool.run("search", { fd: file.fd, gen, from, to, end, q }, { signal, file });
    // What nobody waits for any more may fail.
    result.catch(() => undefined);
    return { ...step, result };
  };
  let scanned = 0;
  try {
    for (;;) {
      while (running.length < AHEAD) {
        const step = await steps.next();
        if (step.done === true) break;
        running.push(start(step.value));
      }
      const [step] = running;
      if (step === undefined) break;
      const result = await step.result;
      const reached = result === "lost" ? step.from : result.next;
      running.splice(0, 1, ...(reached > step.from ? [start({ ...step, to: reached })] : []));
      await step.source.file.release();
      if (result !== "lost") for (const row of result.rows) yield match(topic, step.gen, row);
      scanned += step.to - reached;
      yield { type: "progress", scanned, total };
      signal.throwIfAborted();
    }
  } finally {
    await steps.return(undefined);
    for (const { source } of running) await source.file.release();
  }
  yield { type: "done" };
}

function match(topic: Topic, gen: string, found: SearchResult["rows"][number]): SearchEvent {
  const { start, offset, check, text, cut } = found;
  return { type: "match", topic, row: new FileRow({ gen, offset, check }, start, text, cut) };
}

/** Of each generation, bytes. */
async function sizesOf(stream: Stream): Promise<Map<string, number>> {
  const sizes = new Map<string, number>();
  for (const { gen } of stream.generations()) {
    const source = await stream.open(gen);
    if (source === undefined) continue;
    sizes.set(gen, source.bound ?? (await source.file.size()));
    await source.file.release();
  }
  return sizes;
}

/** The newest part first. Each file is held open until the next step is asked for. */
async function* stepsOf(stream: Stream, sizes: ReadonlyMap<string, number>): AsyncGenerator<Step, void, undefined> {
  for (const [gen, end] of [...sizes].toReversed()) {
    const source = await stream.open(gen);
    if (source === undefined) continue;
    try {
      for (let to = end; to > 0; to -= STEP_BYTES) {
        yield { gen, source, from: Math.max(0, to - STEP_BYTES), to, end };
      }
    } finally {
      await source.file.release();
    }
  }
}
