import type { Filter } from "../filter.ts";
import type { Skip, Source, Stream } from "../tail/stream.ts";
import { FileIndex, wantedOf } from "./index-file.ts";
import type { ScanPool } from "./pool.ts";

/** Of one task, bytes: less than a tenth of a second of parsing. */
const STEP_BYTES = 8 * 1024 * 1024;

interface Known {
  /** The file's number in the stream: one that was cut and written anew has another. */
  readonly serial: number;
  readonly blocks: FileIndex;
}

/**
 * Where in the files of a stream rows of a thread or of a time may lie. It grows in the background, by threads of the
 * pool, while it is asked for; what is not in it yet is read. It goes with the file: one that was cut is indexed anew.
 */
export class StreamIndex {
  readonly #stream: Stream;
  readonly #pool: ScanPool;
  readonly #stop = new AbortController();
  readonly #files = new Map<string, Known>();
  #building: Promise<void> | undefined;

  constructor(stream: Stream, pool: ScanPool) {
    this.#stream = stream;
    this.#pool = pool;
  }

  /** Undefined: the index says nothing about the filter. Has the index built further. */
  skipFor(filter: Filter): Skip | undefined {
    const wanted = wantedOf(filter);
    if (wanted === undefined) return undefined;
    this.build().catch(() => undefined);
    const serials = new Map(this.#stream.generations().map(({ gen, serial }) => [gen, serial]));
    return {
      to: (gen, offset, direction) => {
        const known = this.#files.get(gen);
        return known?.serial === serials.get(gen) ? known?.blocks.skip(gen, offset, direction, wanted) : undefined;
      },
      forget: (gen) => {
        this.#files.delete(gen);
      },
    };
  }

  /** Indexes what is there now. Who asks meanwhile is answered with those before. */
  build(): Promise<void> {
    this.#building ??= this.#buildAll().finally(() => {
      this.#building = undefined;
    });
    return this.#building;
  }

  /** Bytes that are indexed, and blocks. */
  size(): { bytes: number; blocks: number } {
    let [bytes, blocks] = [0, 0];
    for (const known of this.#files.values()) {
      bytes += known.blocks.end;
      blocks += known.blocks.count;
    }
    return { bytes, blocks };
  }

  close(): void {
    this.#stop.abort();
  }

  async #buildAll(): Promise<void> {
    const generations = this.#stream.generations();
    for (const gen of this.#files.keys()) if (!generations.some((known) => known.gen === gen)) this.#files.delete(gen);
    for (const { gen, serial } of generations.toReversed()) await this.#buildOne(gen, serial);
  }

  async #buildOne(gen: string, serial: number): Promise<void> {
    if (this.#files.get(gen)?.serial !== serial) this.#files.set(gen, { serial, blocks: new FileIndex() });
    const known = this.#files.get(gen);
    const source = known === undefined ? undefined : await this.#stream.open(gen);
    if (known === undefined || source === undefined) return;
    try {
      await this.#extend(gen, known, source);
    } finally {
      await source.file.release();
    }
  }

  async #extend(gen: string, known: Known, source: Source): Promise<void> {
    const end = source.bound ?? (await source.file.size());
    const isFull = source.bound === undefined;
    for (let from = known.blocks.end; from < end; from = known.blocks.end) {
      const input = { fd: source.file.fd, gen, from, to: Math.min(end, from + STEP_BYTES), end, isFull };
      const blocks = await this.#pool.run("index", input, { signal: this.#stop.signal, file: source.file });
      const now = this.#stream.generations().find((other) => other.gen === gen);
      if (blocks === "lost" || now?.serial !== known.serial || this.#files.get(gen) !== known) {
        if (this.#files.get(gen) === known) this.#files.delete(gen);
        return;
      }
      if (blocks.ends.length === 0) return;
      known.blocks.append(blocks);
    }
  }
}
