import { constants, type BigIntStats } from "node:fs";
import { open, stat } from "node:fs/promises";
import type { Clock } from "../../core/clock.ts";
import { errorCode } from "../../core/errors.ts";

/** `value` is the last one that could be read, if there ever was one. */
export type JsonState<T> =
  | { readonly status: "good"; readonly value: T }
  | { readonly status: "missing"; readonly value: T | undefined }
  /** Caught half written, of another shape, no plain file, or not for us to read. */
  | { readonly status: "unreadable"; readonly value: T | undefined };

export interface JsonFileOptions<T> {
  readonly path: string;
  /** Undefined for a value of another shape. */
  readonly parse: (value: unknown) => T | undefined;
  readonly clock: Clock;
}

/** A larger one is nothing that our programs wrote. */
const MAX_BYTES = 4 * 1024 * 1024;
/** Two writes within this may leave the same time behind, ms: until then the file is read again. */
const SETTLED_MS = 2_000;

/** A JSON file that another program replaces now and then. Read when it has changed, and never a reason to throw. */
export class JsonFile<T> {
  readonly #options: JsonFileOptions<T>;
  #good: { readonly value: T } | undefined;
  /** Names the state of the file that `#good` was read from, once that cannot change unseen. */
  #settled: string | undefined;
  #reading: Promise<JsonState<T>> | undefined;

  constructor(options: JsonFileOptions<T>) {
    this.#options = options;
  }

  /** What is there now; callers at the same time share a look. */
  read(): Promise<JsonState<T>> {
    this.#reading ??= this.#read().finally(() => {
      this.#reading = undefined;
    });
    return this.#reading;
  }

  async #read(): Promise<JsonState<T>> {
    const { path, parse, clock } = this.#options;
    try {
      const before = await stat(path, { bigint: true });
      const mark = markOf(before);
      if (this.#good !== undefined && mark === this.#settled) return { status: "good", value: this.#good.value };
      const value = parse(readable(await readPlainFile(path)));
      if (value === undefined) return { status: "unreadable", value: this.#good?.value };
      this.#good = { value };
      this.#settled = clock.now() - Number(before.mtimeMs) > SETTLED_MS ? mark : undefined;
      return { status: "good", value };
    } catch (error) {
      return { status: errorCode(error) === "ENOENT" ? "missing" : "unreadable", value: this.#good?.value };
    }
  }
}

/** Throws for what can be read and not written again: nested deeper than the stack reaches. */
function readable(text: string): unknown {
  const value: unknown = JSON.parse(text);
  JSON.stringify(value);
  return value;
}

function markOf({ dev, ino, size, mtimeNs, ctimeNs }: BigIntStats): string {
  return [dev, ino, size, mtimeNs, ctimeNs].join(":");
}

/** A fifo by that name must not hold us up: it is opened without waiting for a writer, and then refused. */
async function readPlainFile(path: string): Promise<string> {
  const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW);
  try {
    const found = await handle.stat();
    if (!found.isFile() || found.size > MAX_BYTES) throw new Error(`${path} is no file of our programs`);
    return await handle.readFile("utf8");
  } finally {
    await handle.close();
  }
}
