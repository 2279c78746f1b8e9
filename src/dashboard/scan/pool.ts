import { fileURLToPath } from "node:url";
import { Piscina } from "piscina";
import { describeError } from "../../core/errors.ts";
import { DashboardError } from "../errors.ts";
import type { SourceFile } from "../tail/source-file.ts";
import { ScanError } from "./errors.ts";
import type { Outcome } from "./outcome.ts";
import type * as tasks from "./task.ts";

type Tasks = typeof tasks;
type Input<Name extends keyof Tasks> = Parameters<Tasks[Name]>[0];
type Result<Name extends keyof Tasks> = ReturnType<Tasks[Name]> extends Outcome<infer T> ? T : never;

const TASK_FILE = fileURLToPath(new URL("./entry.cjs", import.meta.url));
const MAX_THREADS = 2;
const IDLE_MS = 5_000;
/** A task holds a few MiB and its answer; one that wants more than this ends with its thread alone. */
const HEAP_MB = 256;

/**
 * The threads for what would hold up the event loop. None is there until a task is run, and each ends some seconds
 * after its last. Tasks are short, some ten milliseconds to a hundred: long work is a row of them, so that those who
 * ask take turns, and to cancel is to run no further one.
 */
export class ScanPool {
  #threads: Piscina | undefined;
  #closed = false;

  /**
   * `file`: held open until the task is over, whoever has lost interest. Rejects with `scan_failed`,
   * `server_stopping`, or the signal's reason.
   */
  async run<Name extends keyof Tasks>(
    name: Name,
    input: Input<Name>,
    options: { signal?: AbortSignal | undefined; file?: SourceFile } = {},
  ): Promise<Result<Name>> {
    const { signal, file } = options;
    signal?.throwIfAborted();
    if (this.#closed) throw stopping();
    const value = this.#valueOf(name, this.#outcomeOf(name, input, file?.retain()));
    return signal === undefined ? value : unlessAborted(value, signal);
  }

  /** What runs is ended, and who waits for it told. */
  async close(): Promise<void> {
    this.#closed = true;
    const threads = this.#threads;
    this.#threads = undefined;
    await threads?.destroy();
  }

  /** Threads there are now. */
  get size(): number {
    return this.#threads?.threads.length ?? 0;
  }

  #pool(): Piscina {
    if (this.#threads !== undefined) return this.#threads;
    const pool = new Piscina({
      filename: TASK_FILE,
      minThreads: 0,
      maxThreads: MAX_THREADS,
      idleTimeout: IDLE_MS,
      // A thread that waits by Atomics would not hear of its end.
      atomics: "disabled",
      resourceLimits: { maxOldGenerationSizeMb: HEAP_MB },
      execArgv: [],
      env: {},
    });
    // A thread that dies rejects its task; that is told to who asked.
    pool.on("error", () => undefined);
    return (this.#threads = pool);
  }

  async #outcomeOf<Name extends keyof Tasks>(
    name: Name,
    input: Input<Name>,
    file: SourceFile | undefined,
  ): Promise<Outcome<Result<Name>>> {
    try {
      return (await this.#pool().run(input, { name })) as Outcome<Result<Name>>;
    } finally {
      await file?.release();
    }
  }

  async #valueOf<T>(name: string, running: Promise<Outcome<T>>): Promise<T> {
    let outcome: Outcome<T>;
    try {
      outcome = await running;
    } catch (error) {
      if (this.#closed) throw stopping();
      throw new ScanError("scan_failed", `The thread of a ${name} ended (${describeError(error)}): ask again.`, {
        cause: error,
      });
    }
    if (outcome.status === "ok") return outcome.value;
    const { message, code = "unknown" } = outcome;
    throw new ScanError("scan_failed", `A ${name} failed (${message}): check the file and the disk.`, {
      details: { code },
    });
  }
}

function stopping(): DashboardError {
  return new DashboardError("server_stopping", "The dashboard is being ended: ask again when it is up.");
}

/** Rejects with the signal's reason; what runs goes on alone. */
function unlessAborted<T>(running: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = (): void => {
      reject(signal.reason as Error);
    };
    signal.addEventListener("abort", abort, { once: true });
    running.then(resolve, reject).finally(() => {
      signal.removeEventListener("abort", abort);
    });
  });
}
