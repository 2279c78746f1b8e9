import { opendir, stat } from "node:fs/promises";
import type { Clock } from "../../core/clock.ts";
import { errorCode } from "../../core/errors.ts";
import { queueLayout } from "../../core/queue/layout.ts";

/** Messages in each folder of the queue; null where one cannot be read. */
export type QueueDepth = Readonly<Record<(typeof FOLDERS)[number], number | null>>;

const FOLDERS = ["incoming", "processing", "outgoing", "deadLetter", "corrupt"] as const;

/** Between two looks, ms. */
const EVERY_MS = 1_000;
/** A look at 100 000 files takes a tenth of a second: then the next one comes after twenty times as long. */
const PAUSE_FACTOR = 20;
/** Names at a time: some 2 ms of the event loop. */
const BATCH = 256;
/** A change just after a look may leave the same time behind, ms. */
const SETTLED_MS = 2_000;

interface Counted {
  readonly count: number;
  /** The folder's time of change that the count holds for; undefined while another change may look the same. */
  readonly settled: bigint | undefined;
}

/** How many messages lie in the queue, by their names alone; callers share a look, and it is kept for a second. */
export class QueueDepthReader {
  readonly #folders: ReturnType<typeof queueLayout>;
  readonly #clock: Clock;
  readonly #counted = new Map<string, Counted>();
  #last: QueueDepth | undefined;
  #nextAt = Number.NEGATIVE_INFINITY;
  #looking: Promise<QueueDepth> | undefined;

  /** `root`: the folder `queue/`. */
  constructor(root: string, clock: Clock) {
    this.#folders = queueLayout(root);
    this.#clock = clock;
  }

  /** Never rejects. */
  read(): Promise<QueueDepth> {
    if (this.#last !== undefined && this.#clock.monotonic() < this.#nextAt) return Promise.resolve(this.#last);
    this.#looking ??= this.#look().finally(() => {
      this.#looking = undefined;
    });
    return this.#looking;
  }

  async #look(): Promise<QueueDepth> {
    const start = this.#clock.monotonic();
    const counts: Record<string, number | null> = {};
    for (const name of FOLDERS) counts[name] = await this.#count(this.#folders[name], name === "corrupt");
    const end = this.#clock.monotonic();
    this.#nextAt = end + Math.max(EVERY_MS, PAUSE_FACTOR * (end - start));
    this.#last = counts as QueueDepth;
    return this.#last;
  }

  async #count(folder: string, anyName: boolean): Promise<number | null> {
    try {
      // Before the names are read: a change meanwhile makes the next look read them again.
      const { mtimeNs, mtimeMs } = await stat(folder, { bigint: true });
      const known = this.#counted.get(folder);
      if (known !== undefined && known.settled === mtimeNs) return known.count;
      const count = await countNames(folder, anyName);
      const settled = this.#clock.now() - Number(mtimeMs) > SETTLED_MS ? mtimeNs : undefined;
      this.#counted.set(folder, { count, settled });
      return count;
    } catch (error) {
      return errorCode(error) === "ENOENT" ? 0 : null;
    }
  }
}

/** What was corrupt may have any name; beside it, and beside a dead letter, lies the reason, `<name>.why`. */
async function countNames(folder: string, anyName: boolean): Promise<number> {
  let count = 0;
  for await (const { name } of await opendir(folder, { bufferSize: BATCH })) {
    if (name.startsWith(".")) continue;
    if (anyName ? !name.endsWith(".why") : name.endsWith(".json")) count += 1;
  }
  return count;
}
