import { readdir } from "node:fs/promises";
import { join } from "node:path";
import type { Clock } from "../clock.ts";
import { describeError, errorCode } from "../errors.ts";
import type { Logger } from "../log.ts";
import { moveAside } from "./aside.ts";
import { fieldsOf } from "./file-fields.ts";

/** What a name has in place of bytes that are no UTF-8: it names nothing as it stands. */
export const NO_CHARACTER = "\uFFFD";

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
    for (const path of await pathsOf(folder, name)) await this.#putOne(path, name, reason);
  }

  async #putOne(path: string | Buffer, name: string, reason: string): Promise<void> {
    const { dir, clock, logger, onCorrupt } = this.#options;
    const file: CorruptFile = { name, reason };
    const text = typeof path === "string" ? path : path.toString("latin1");
    try {
      const taken = await moveAside({ path, name, dir, why: { reason, name, timestamp: clock.now() } });
      this.#stuck.delete(text);
      logger.warn({ ...fieldsOf(name), reason, now: join(dir, taken) }, "a queue file is no message and was put aside");
      onCorrupt?.(file);
    } catch (error) {
      if (errorCode(error) === "ENOENT" || this.#stuck.has(text)) return;
      this.#stuck.add(text);
      logger.error(
        { ...fieldsOf(name), reason, error: describeError(error) },
        "a corrupt queue file cannot be moved; move it by hand",
      );
      onCorrupt?.(file);
    }
  }
}

/** The paths that a name as it was read stands for: more than one where several differ in bytes that are no UTF-8. */
async function pathsOf(folder: string, name: string): Promise<(string | Buffer)[]> {
  if (!name.includes(NO_CHARACTER)) return [join(folder, name)];
  const raw = await readdir(folder, { encoding: "buffer" }).catch(() => []);
  return raw.filter((each) => each.toString() === name).map((each) => Buffer.concat([Buffer.from(`${folder}/`), each]));
}
