import { watch } from "node:fs";
import type { FSWatcher } from "node:fs";
import type { Clock } from "../../core/clock.ts";
import { statNow } from "./source-file.ts";

/** After a look, hints wait this long, ms: a busy writer causes a hint a line. */
const GATHER_MS = 8;

interface Watched {
  readonly watcher: FSWatcher;
  readonly identity: string;
}

/**
 * Says when to look. The truth is the poll: notices of the file system come late or never over network file systems
 * and some bind mounts, and end when a folder is replaced. Where they come, they save the wait for the next poll.
 */
export class Wake {
  readonly #folders: () => readonly string[];
  readonly #look: () => Promise<void>;
  readonly #clock: Clock;
  readonly #pollMs: number;
  readonly #watched = new Map<string, Watched>();
  #looking = false;
  #again = false;
  #lookedAt = Number.NEGATIVE_INFINITY;
  #cancelPoll: (() => void) | undefined;
  #cancelGather: (() => void) | undefined;
  #closed = false;

  /** `look` never rejects. */
  constructor(options: { folders: () => readonly string[]; look: () => Promise<void>; clock: Clock; pollMs: number }) {
    this.#folders = options.folders;
    this.#look = options.look;
    this.#clock = options.clock;
    this.#pollMs = options.pollMs;
  }

  start(): void {
    this.#watchFolders();
    this.#cancelPoll = this.#clock.after(this.#pollMs, () => {
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
    const wait = Math.max(0, this.#lookedAt + GATHER_MS - this.#clock.monotonic());
    this.#cancelGather = this.#clock.after(wait, () => {
      this.#cancelGather = undefined;
      void this.#run();
    });
  }

  async #run(): Promise<void> {
    if (this.#looking || this.#closed) return;
    this.#looking = true;
    this.#again = false;
    await this.#look();
    this.#looking = false;
    this.#lookedAt = this.#clock.monotonic();
    if (this.#again) this.#hint();
  }

  /** A folder that came, went or was replaced since is watched as it is now. */
  #watchFolders(): void {
    const folders = this.#folders();
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
      const watcher = watch(folder, { persistent: false }, () => {
        this.#hint();
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
