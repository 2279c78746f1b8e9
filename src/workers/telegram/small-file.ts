/** Small JSON documents that this worker keeps beside the queue: helpful, never needed. */
import { readFile } from "node:fs/promises";
import { removeLeftovers, replaceFile } from "../../core/atomic-file.ts";
import { describeError, errorCode } from "../../core/errors.ts";
import type { Logger } from "../../core/log.ts";

/**
 * The fields of the JSON object in `path`, for its one writer at its start; none when the file is missing, cannot be read or
 * holds something else.
 */
export async function loadFields(path: string, log: Logger): Promise<ReadonlyArray<readonly [string, unknown]>> {
  await removeLeftovers(path);
  try {
    const value: unknown = JSON.parse(await readFile(path, "utf8"));
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return Object.entries(value);
    log.warn({ path }, "file is not a JSON object: starting it anew");
  } catch (error) {
    if (errorCode(error) !== "ENOENT")
      log.warn({ path, error: describeError(error) }, "file cannot be read: starting it anew");
  }
  return [];
}

export interface Saver {
  /** Asks for a write of the present state; many such asks in a row are one write. */
  save(): void;
  /** Resolves when what was asked for is written, or has failed and been logged. */
  flush(): Promise<void>;
}

/** Writes `render()` to `path`, one write at a time, the last state last. */
export function createSaver(path: string, render: () => unknown, log: Logger): Saver {
  let asked = false;
  let running: Promise<void> | undefined;

  async function write(): Promise<void> {
    // One turn of the event loop collects the changes of a burst.
    await new Promise((resolve) => setImmediate(resolve));
    while (asked) {
      asked = false;
      try {
        await replaceFile(path, `${JSON.stringify(render())}\n`, { durable: false });
      } catch (error) {
        log.warn({ path, error: describeError(error) }, "file cannot be written: its content is kept in memory alone");
      }
    }
    running = undefined;
  }

  return {
    save() {
      asked = true;
      running ??= write();
    },
    async flush() {
      await running;
    },
  };
}
