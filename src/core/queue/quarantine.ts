import { join } from "node:path";
import type { Clock } from "../clock.ts";
import { describeError, errorCode } from "../errors.ts";
import type { Logger } from "../log.ts";
import { moveAside } from "./aside.ts";

/** A file that was put aside because it is no message. */
export interface CorruptFile {
  /** Its name when it was found. */
  readonly name: string;
  readonly reason: string;
}

export interface QuarantineOptions {
  /** The folder `corrupt/`. */
  readonly dir: string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly onCorrupt?: ((file: CorruptFile) => void) | undefined;
}

/** Moves what cannot be read out of the way, whole and with the reason. Never throws: the queue goes on. */
export class Quarantine {
  readonly #options: QuarantineOptions;
  /** Files that could not be moved: said once, tried again at each look. */
  readonly #stuck = new Set<string>();

  constructor(options: QuarantineOptions) {
    this.#options = options;
  }

  async put(folder: string, name: string, reason: string): Promise<void> {
    const { dir, clock, logger, onCorrupt } = this.#options;
    const path = join(folder, name);
    const file: CorruptFile = { name, reason };
    try {
      const taken = await moveAside({ path, name, dir, why: { reason, name, timestamp: clock.now() } });
      this.#stuck.delete(path);
      logger.warn({ ...file, now: join(dir, taken) }, "a queue file is no message and was put aside");
      onCorrupt?.(file);
    } catch (error) {
      if (errorCode(error) === "ENOENT" || this.#stuck.has(path)) return;
      this.#stuck.add(path);
      logger.error({ ...file, error: describeError(error) }, "a corrupt queue file cannot be moved; move it by hand");
      onCorrupt?.(file);
    }
  }
}
