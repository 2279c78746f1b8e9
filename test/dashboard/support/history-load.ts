import { mkdir, open, rename } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";

export interface LoadOptions {
  readonly dir: string;
  readonly rowsPerSecond: number;
  /** Of each row, about. */
  readonly rowBytes: number;
  /** The file is rolled when it is larger. */
  readonly rollBytes: number;
}

const TICK_MS = 10;

/** Writes a message history, numbered from 1, at a rate that it keeps as far as the machine lets it. */
export class HistoryLoad {
  readonly #options: LoadOptions;
  readonly #filler: string;
  #written = 0;
  #isOver = false;
  #running: Promise<void> | undefined;

  constructor(options: LoadOptions) {
    this.#options = options;
    this.#filler = "ö".repeat(Math.floor(options.rowBytes / 2));
  }

  get written(): number {
    return this.#written;
  }

  start(): void {
    this.#running ??= this.#run();
  }

  /** Answers how many rows were written. */
  async stop(): Promise<number> {
    this.#isOver = true;
    await this.#running;
    return this.#written;
  }

  async #run(): Promise<void> {
    const { dir, rowsPerSecond, rollBytes } = this.#options;
    const path = join(dir, "message-history.jsonl");
    await mkdir(dir, { recursive: true });
    let file = await open(path, "a");
    let size = 0;
    let rolled = 0;
    const began = performance.now();
    while (!this.#isOver) {
      const due = Math.floor(((performance.now() - began) / 1_000) * rowsPerSecond) - this.#written;
      size += await this.#write(file, Math.min(due, rowsPerSecond / 10));
      if (size > rollBytes) {
        rolled += 1;
        size = 0;
        await file.close();
        await rename(path, join(dir, `message-history.${rolled}.jsonl`));
        file = await open(path, "a");
      }
      await pause(TICK_MS);
    }
    await file.close();
  }

  /** In two writes: the first ends within a line, and may end within a character. */
  async #write(file: FileHandle, count: number): Promise<number> {
    if (count <= 0) return 0;
    let text = "";
    for (let n = 0; n < count; n += 1) {
      this.#written += 1;
      const at = performance.timeOrigin + performance.now();
      text += `{"timestamp":${Math.floor(at)},"threadId":5,"direction":"in","n":${this.#written},"at":${at},"message":"${this.#filler}"}\n`;
    }
    const bytes = Buffer.from(text);
    const middle = Math.floor(bytes.length / 2);
    await file.writeFile(bytes.subarray(0, middle));
    await file.writeFile(bytes.subarray(middle));
    return bytes.length;
  }
}
