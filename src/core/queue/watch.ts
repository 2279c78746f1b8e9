import { watch } from "node:fs";
import type { FSWatcher } from "node:fs";
import type { Clock } from "../clock.ts";
import { describeError } from "../errors.ts";
import type { Logger } from "../log.ts";

/** A folder with fewer names is looked through in a few milliseconds, and needs no pause. */
const FULL_FOLDER = 5000;
/** Some four times what looking at a name takes. */
const PAUSE_MS_A_NAME = 0.005;

export interface FolderWatchOptions {
  readonly dir: string;
  /** Looks through the folder, answers how many names it saw. It is never called again before it has settled. */
  readonly scan: () => Promise<number>;
  /** Whether the name that changed needs no look. */
  readonly ignore: (name: string) => boolean;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly rescanMs: number;
}

/**
 * Decides when a folder is looked through: when asked, when the kernel hints at a change, and every `rescanMs` whatever
 * happens. The kernel's hints are only hints: some are lost when many come at once, and all when the folder is
 * replaced. Requests during a look share the one after it; a look at a folder of thousands is followed by a pause,
 * so that looking never takes most of the thread.
 */
export class FolderWatch {
  readonly #options: FolderWatchOptions;
  #watcher: FSWatcher | undefined;
  #looking: Promise<void> | undefined;
  #again = false;
  /** Those who wait for the next look. */
  readonly #waiting: (() => void)[] = [];
  #notBefore = 0;
  readonly #stopped = new AbortController();
  readonly #cancels = new Set<() => void>();
  #state: "idle" | "running" | "stopped" = "idle";

  constructor(options: FolderWatchOptions) {
    this.#options = options;
  }

  start(): void {
    this.#state = "running";
    this.#arm();
    this.#rescanLater();
  }

  /** Asks for a look. */
  request(): void {
    if (this.#state !== "running") return;
    this.#again = true;
    this.#looking ??= this.#lookUntilDone();
  }

  /** Resolves after the look that was asked for and has not begun; undefined when there is none. */
  pendingLook(): Promise<void> | undefined {
    if (!this.#again || this.#looking === undefined) return undefined;
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
    });
  }

  /** Asks for a look in `ms`. */
  requestIn(ms: number): void {
    this.#after(ms, () => {
      this.request();
    });
  }

  /** Resolves when no look is under way any more. */
  async stop(): Promise<void> {
    this.#state = "stopped";
    this.#stopped.abort();
    for (const cancel of this.#cancels) cancel();
    this.#cancels.clear();
    this.#watcher?.close();
    this.#watcher = undefined;
    await this.#looking;
  }

  async #lookUntilDone(): Promise<void> {
    const { clock, scan, logger, dir } = this.#options;
    while (this.#again && this.#isRunning()) {
      const wait = this.#notBefore - clock.monotonic();
      if (wait > 0) {
        await clock.sleep(Math.ceil(wait), this.#stopped.signal).catch(() => undefined);
        continue;
      }
      this.#again = false;
      const waiting = this.#waiting.splice(0);
      try {
        const names = await scan();
        this.#notBefore = names < FULL_FOLDER ? 0 : clock.monotonic() + names * PAUSE_MS_A_NAME;
      } catch (error) {
        logger.error(
          { dir, error: describeError(error) },
          "looking through the queue folder failed; trying again soon",
        );
      }
      for (const resolve of waiting) resolve();
    }
    for (const resolve of this.#waiting.splice(0)) resolve();
    this.#looking = undefined;
  }

  #isRunning(): boolean {
    return this.#state === "running";
  }

  #after(ms: number, task: () => void): void {
    if (this.#state !== "running") return;
    const cancel = this.#options.clock.after(ms, () => {
      this.#cancels.delete(cancel);
      task();
    });
    this.#cancels.add(cancel);
  }

  #rescanLater(): void {
    this.#after(this.#options.rescanMs, () => {
      // The watch first, so that nothing comes between it and the look.
      this.#arm();
      this.request();
      this.#rescanLater();
    });
  }

  /**
   * Watches the folder, each time anew: one that was deleted and made again can have the same inode, and tells nothing
   * to the old watch. Without a watch the rescan still finds everything.
   */
  #arm(): void {
    const { dir, logger, ignore } = this.#options;
    this.#watcher?.close();
    this.#watcher = undefined;
    try {
      const watcher = watch(dir, (_event, name) => {
        if (name === null || !ignore(name)) this.request();
      });
      watcher.on("error", () => {
        watcher.close();
      });
      this.#watcher = watcher;
    } catch (error) {
      logger.debug(
        { dir, error: describeError(error) },
        "the queue folder cannot be watched; it is looked through instead",
      );
    }
  }
}
