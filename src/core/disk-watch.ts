import { readBallast, type Ballast } from "./ballast.ts";
import type { Clock } from "./clock.ts";
import { nextLevel, readDiskSpace, type DiskLevel, type DiskSpace } from "./disk.ts";
import { describeError, systemFault } from "./errors.ts";
import type { Logger } from "./log.ts";

const EVERY_MS = 5_000;
/** Between looks that failed writes ask for, ms. */
const AGAIN_MS = 500;
/** What a disk says that has no room, or takes nothing. */
const REFUSALS = ["ENOSPC", "EDQUOT", "EROFS"];

/** What a part of the program needs to know of the disk it writes to. */
export interface DiskView {
  readonly level: DiskLevel;
  /** To be told what a write failed with: when it speaks of a full disk, that is looked at at once. */
  suspect(error: unknown): void;
}

/** What a look has found. */
export interface Look {
  readonly level: DiskLevel;
  /** Undefined when the disk cannot be asked or written. */
  readonly space: DiskSpace | undefined;
  readonly ballast: Ballast | undefined;
}

export interface DiskWatchOptions {
  /** The data directory. */
  readonly dir: string;
  readonly clock: Clock;
  readonly log: Logger;
  readonly onChange?: (level: DiskLevel) => void;
  /** Called after each look; the next one waits for it. */
  readonly onLook?: (look: Look) => Promise<void>;
}

/**
 * Measures the disk every five seconds. Each thread has its own, so that a thread that starts anew needs to be told
 * nothing: a call of the system's costs less than a line between threads that can break. What they share is the ballast:
 * while it is spent, the disk counts as full up to twice the floor.
 */
export class DiskWatch implements DiskView {
  readonly #options: DiskWatchOptions;
  #level: DiskLevel = "ok";
  #looking: Promise<void> | undefined;
  #lookedAt = Number.NEGATIVE_INFINITY;
  #cancelTimer: () => void = () => undefined;
  #stopped = false;

  constructor(options: DiskWatchOptions) {
    this.#options = options;
  }

  get level(): DiskLevel {
    return this.#level;
  }

  /** Resolves after the first look. */
  start(): Promise<void> {
    return this.#look();
  }

  /** Resolves when no look is under way any more. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancelTimer();
    await this.#looking;
  }

  suspect(error: unknown): void {
    if (this.#stopped || this.#looking !== undefined || systemFault(error, REFUSALS) === undefined) return;
    const wait = this.#lookedAt + AGAIN_MS - this.#options.clock.monotonic();
    this.#cancelTimer();
    if (wait > 0) this.#lookIn(wait);
    else void this.#look();
  }

  #lookIn(ms: number): void {
    this.#cancelTimer = this.#options.clock.after(ms, () => void this.#look());
  }

  #look(): Promise<void> {
    this.#looking ??= this.#measure().finally(() => {
      this.#looking = undefined;
      this.#lookedAt = this.#options.clock.monotonic();
      if (!this.#stopped) this.#lookIn(EVERY_MS);
    });
    return this.#looking;
  }

  async #measure(): Promise<void> {
    const { log, onChange, onLook } = this.#options;
    const look = await this.#read();
    const before = this.#level;
    this.#level = look.level;
    if (look.level !== before) {
      const { level, space, reason } = look;
      log.warn(
        { to: level, from: before, ...space, ...(reason === undefined ? {} : { reason }) },
        "the disk's level has changed",
      );
      onChange?.(level);
    }
    try {
      await onLook?.(look);
    } catch (error) {
      log.error({}, `the disk's level could not be acted upon: ${describeError(error)}`);
    }
  }

  async #read(): Promise<Look & { readonly reason?: string }> {
    try {
      const [space, ballast] = await Promise.all([readDiskSpace(this.#options.dir), readBallast(this.#options.dir)]);
      return { level: nextLevel(this.#before(ballast), space), space, ballast };
    } catch (error) {
      // A disk that cannot be asked cannot be written either.
      return { level: "hard", space: undefined, ballast: undefined, reason: describeError(error) };
    }
  }

  /** What is in force. The ballast's word counts before this thread's own, which may be older or younger than it. */
  #before({ state }: Ballast): DiskLevel {
    if (state === "spent") return "hard";
    return state === "whole" && this.#level === "hard" ? "soft" : this.#level;
  }
}

/** A log that leaves out what is for the search for faults alone, while the disk is short. */
export function sparingLog(log: Logger, disk: Pick<DiskView, "level">): Logger {
  return {
    debug: (fields, message) => {
      if (disk.level === "ok") log.debug(fields, message);
    },
    info: (fields, message) => {
      log.info(fields, message);
    },
    warn: (fields, message) => {
      log.warn(fields, message);
    },
    error: (fields, message) => {
      log.error(fields, message);
    },
  };
}
