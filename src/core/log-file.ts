import type { RollingFile } from "./rolling-file.ts";
import { errorCode } from "./errors.ts";
import { openRollingFile, type RollingFileOptions } from "./rolling-file.ts";

export interface LogFileOptions extends RollingFileOptions {
  /** Lines are written again, after so many were lost. */
  readonly onRoom: (lost: number) => void;
}

/** What passes: a start goes on without its log's file. Anything else is for the operator to mend, before the start. */
const PASSING = ["ENOSPC", "EDQUOT", "EROFS", "EIO", "EMFILE", "ENFILE"];

/** Between looks whether there is room again, ms. */
const AGAIN_MS = 1_000;

type Fate = "written" | "held" | "lost";

/**
 * The lines of a log on their way to its file, written in this thread before `write` returns. Where that fails, for want
 * of space as a rule, nothing is thrown: the file keeps what it could not write, in its order and to the byte, so that no
 * line is torn; what comes when its buffer is full is lost, and counted. By itself it does not try again, and with a
 * full buffer never: that is done here, at each line and each second.
 */
export class LogFile {
  readonly #options: LogFileOptions;
  #file: RollingFile | undefined;
  #opening = false;
  #fault: string | undefined;
  /** Of the last write. */
  #fate: Fate = "written";
  #held = 0;
  #lost = 0;
  /** Of the lost, those that `onRoom` was not told of. */
  #untold = 0;
  #closed = false;
  #timer: NodeJS.Timeout | undefined;

  private constructor(options: LogFileOptions) {
    this.#options = options;
  }

  /** Resolves though the disk has no room for the file, which is tried again; rejects with other errors of the system. */
  static async open(options: LogFileOptions): Promise<LogFile> {
    const file = new LogFile(options);
    const error = await file.#open();
    if (error !== undefined && !PASSING.includes(file.#fault ?? "")) {
      file.close();
      throw error;
    }
    return file;
  }

  /** Why there is no file, if there is none. */
  get fault(): string | undefined {
    return this.#fault;
  }

  /** Lines that are not in the file: lost, or held back still. */
  get lost(): number {
    return this.#lost + this.#held;
  }

  write(line: string): void {
    if (this.#timer !== undefined) this.#catchUp();
    const fate = this.#put(line);
    if (fate === "written") return;
    if (fate === "held") {
      this.#held += 1;
    } else {
      this.#lost += 1;
      this.#untold += 1;
    }
    this.#watch();
  }

  close(): void {
    if (this.#closed) return;
    if (this.#timer !== undefined) this.#catchUp();
    clearInterval(this.#timer);
    this.#closed = true;
    this.#file?.end();
  }

  async #open(): Promise<unknown> {
    try {
      const file = await openRollingFile(this.#options);
      file.on("error", () => {
        this.#fate = "held";
      });
      file.on("drop", () => {
        this.#fate = "lost";
      });
      this.#fault = undefined;
      this.#file = file;
      if (this.#closed) file.end();
      return undefined;
    } catch (error) {
      this.#fault = errorCode(error) ?? "unknown";
      this.#watch();
      return error;
    }
  }

  async #openAgain(): Promise<void> {
    if (this.#opening) return;
    this.#opening = true;
    await this.#open();
    this.#opening = false;
  }

  #put(text: string): Fate {
    if (this.#closed || this.#file === undefined) return "lost";
    this.#fate = "written";
    this.#file.write(text);
    return this.#fate;
  }

  /** An empty text pushes on what waits before it. */
  #catchUp(): void {
    if (this.#file === undefined) {
      void this.#openAgain();
      return;
    }
    if (this.#put("") !== "written") return;
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#held = 0;
    const lost = this.#untold;
    this.#untold = 0;
    if (lost > 0) this.#options.onRoom(lost);
  }

  #watch(): void {
    if (this.#closed) return;
    this.#timer ??= setInterval(() => {
      this.#catchUp();
    }, AGAIN_MS);
    // A program that ends does not wait for room.
    this.#timer.unref();
  }
}
