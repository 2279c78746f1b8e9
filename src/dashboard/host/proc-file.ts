import { closeSync, existsSync, openSync, readSync } from "node:fs";
import { join } from "node:path";

/** Room for the `cpu` lines of some three thousand cores; what is longer is cut. */
const BUFFER_BYTES = 256 * 1024;

/** Files of a procfs that are read again and again: each stays open, and all share a buffer. */
export class ProcFiles {
  readonly #root: string;
  readonly #buffer = Buffer.allocUnsafe(BUFFER_BYTES);
  readonly #descriptors = new Map<string, number>();

  constructor(root: string) {
    this.#root = root;
  }

  /** The text, made anew by the kernel; null while it cannot be read. The next call tries again. */
  read(name: string): string | null {
    try {
      const descriptor = this.#descriptors.get(name) ?? this.#open(name);
      if (descriptor === null) return null;
      const length = readWhole(descriptor, this.#buffer);
      if (length > 0) return this.#buffer.toString("latin1", 0, length);
    } catch {
      // Not there, not allowed, switched off in the kernel (pressure), or the file system behind it went away.
    }
    this.#close(name);
    return null;
  }

  close(): void {
    for (const name of this.#descriptors.keys()) this.#close(name);
  }

  /** Null when there is no such file: asking first is cheaper than an error every second. */
  #open(name: string): number | null {
    const path = join(this.#root, name);
    if (!existsSync(path)) return null;
    const descriptor = openSync(path, "r");
    this.#descriptors.set(name, descriptor);
    return descriptor;
  }

  #close(name: string): void {
    const descriptor = this.#descriptors.get(name);
    this.#descriptors.delete(name);
    try {
      if (descriptor !== undefined) closeSync(descriptor);
    } catch {
      // It is given back all the same.
    }
  }
}

/** A read of a procfs file may end at a page although more follows, as in vmstat. */
function readWhole(descriptor: number, buffer: Buffer): number {
  let length = 0;
  while (length < buffer.length) {
    const count = readSync(descriptor, buffer, length, buffer.length - length, length);
    if (count === 0) break;
    length += count;
  }
  return length;
}

/** The beginning of a file that is read once; null when it cannot be read. */
export function readHead(path: string, buffer: Buffer): string | null {
  let descriptor: number | undefined;
  try {
    descriptor = openSync(path, "r");
    return buffer.toString("latin1", 0, readSync(descriptor, buffer, 0, buffer.length, 0));
  } catch {
    return null;
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}
