import { watch } from "node:fs";
import type { FSWatcher } from "node:fs";
import type { Clock } from "../../core/clock.ts";
import { Pace } from "../pace.ts";
import { statNow } from "./source-file.ts";

/** Looks for hints that may come close together, and how far apart the others are, ms: a busy writer causes a hint a line. */
const AT_ONCE = 4;
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
  /** Of looks for hints: a line that is written just after a poll need not wait for that. */
  readonly #pace = new Pace(GATHER_MS, AT_ONCE);
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
    const wait = this.#pace.wait(this.#clock.monotonic());
    if (wait === 0) {
      this.#onHint();
      return;
    }
    this.#cancelGather = this.#clock.after(wait, () => {
      this.#cancelGather = undefined;
      this.#onHint();
    });
  }

  #onHint(): void {
    // A poll may have begun to look while this one waited.
    if (this.#looking) this.#again = true;
    this.#pace.take(this.#clock.monotonic());
    void this.#run();
  }

  async #run(): Promise<void> {
    if (this.#looking || this.#closed) return;
    this.#looking = true;
    this.#again = false;
    await this.#options.look();
    this.#looking = false;
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
