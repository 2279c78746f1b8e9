import { watch } from "node:fs";
import type { FSWatcher } from "node:fs";
import type { Clock } from "../../core/clock.ts";
import { statNow } from "./source-file.ts";

/** After a look, hints wait this long, ms: a busy writer causes a hint a line. */
const GATHER_MS = 8;
/** Between two checks at least whether the folders are still those watched, ms: until then the poll does. */
const CHECK_MS = 1000;

interface Watched {
  readonly watcher: FSWatcher;
  readonly identity: string;
}

export interface WakeOptions {
  readonly folders: () => readonly string[];
  /** Whether a name in a folder has to do with the stream; left out: any. */
  readonly concerns?: (folder: string, name: string) => boolean;
  /** Never rejects. */
  readonly look: () => Promise<void>;
  readonly clock: Clock;
  readonly pollMs: number;
}

/**
 * Says when to look. The truth is the poll: notices of the file system come late or never over network file systems
 * and some bind mounts, and end when a folder is replaced. Where they come, they save the wait for the next poll.
 */
export class Wake {
  readonly #options: WakeOptions;
  readonly #clock: Clock;
  readonly #watched = new Map<string, Watched>();
  #looking = false;
  #again = false;
  #lookedAt = Number.NEGATIVE_INFINITY;
  #checkedAt = Number.NEGATIVE_INFINITY;
  #cancelPoll: (() => void) | undefined;
  #cancelGather: (() => void) | undefined;
  #closed = false;

  constructor(options: WakeOptions) {
    this.#options = options;
    this.#clock = options.clock;
  }

  /** Polls at whole multiples of the interval: those of all streams come together, in one waking of the process. */
  start(): void {
    const now = this.#clock.monotonic();
    if (now - this.#checkedAt >= CHECK_MS) {
      this.#checkedAt = now;
      this.#watchFolders();
    }
    const { pollMs } = this.#options;
    const wait = Math.ceil(pollMs - (now % pollMs));
    this.#cancelPoll = this.#clock.after(wait, () => {
      if (this.#closed) return;
      this.start();
      void this.#run();
    });
  }

  close(): void {
    this.#closed = true;
    this.#cancelPoll?.();
    this.#cancelGather?.();
    for (const folder of this.#watched.keys()) this.#unwatch(folder);
  }

  #hint(): void {
    if (this.#closed || this.#cancelGather !== undefined) return;
    if (this.#looking) {
      this.#again = true;
      return;
    }
    const wait = this.#lookedAt + GATHER_MS - this.#clock.monotonic();
    if (wait <= 0) {
      void this.#run();
      return;
    }
    this.#cancelGather = this.#clock.after(wait, () => {
      this.#cancelGather = undefined;
      void this.#run();
    });
  }

  async #run(): Promise<void> {
    if (this.#looking || this.#closed) return;
    this.#looking = true;
    this.#again = false;
    await this.#options.look();
    this.#looking = false;
    this.#lookedAt = this.#clock.monotonic();
    if (this.#again) this.#hint();
  }

  /** A folder that came, went or was replaced since is watched as it is now. */
  #watchFolders(): void {
    const folders = this.#options.folders();
    for (const folder of this.#watched.keys()) if (!folders.includes(folder)) this.#unwatch(folder);
    for (const folder of folders) {
      const found = statNow(folder);
      // The inode of a folder that was deleted is given to the next, and its time of birth is not.
      const identity = found && `${found.dev}:${found.ino}:${found.birthtimeNs}`;
      if (identity === this.#watched.get(folder)?.identity) continue;
      this.#unwatch(folder);
      if (identity !== undefined) this.#watch(folder, identity);
    }
  }

  #watch(folder: string, identity: string): void {
    try {
      const watcher = watch(folder, { persistent: false }, (_event, name) => {
        if (name === null || this.#options.concerns?.(folder, name) !== false) this.#hint();
      });
      watcher.on("error", () => {
        this.#unwatch(folder);
      });
      this.#watched.set(folder, { watcher, identity });
    } catch {
      // No notices here, or no watches left: the poll does.
    }
  }

  #unwatch(folder: string): void {
    this.#watched.get(folder)?.watcher.close();
    this.#watched.delete(folder);
  }
}
