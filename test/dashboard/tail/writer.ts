import { closeSync, copyFileSync, existsSync, openSync, readdirSync, renameSync } from "node:fs";
import { fstatSync, statSync, truncateSync, unlinkSync, writeSync } from "node:fs";
import { join } from "node:path";
import { rolledPath } from "../../../src/core/jsonl-files.ts";

/** How the files of a writer are rolled. */
export type Manner = "jsonl" | "create" | "copytruncate";

/** Writes numbered lines into a file, as writers and those who keep their files do. The numbers are the oracle. */
export class Writer {
  readonly path: string;
  readonly manner: Manner;
  /** Number of the last line begun. */
  last = 0;
  /** Lines that no reader could know of: written to a file that was empty when last looked at, and destroyed. */
  readonly traceless = new Set<number>();
  /** Lines that went with a file, first and last. */
  readonly destroyed: { first: number; last: number }[] = [];
  #fd: number | undefined;
  #half: Buffer | undefined;
  /** The first line of the file, and the same while no reader has seen anything of it. */
  #first = 1;
  #unseen: number | undefined;
  #rolled = 0;
  readonly #folder: string;

  constructor(folder: string, manner: Manner) {
    this.#folder = folder;
    this.path = join(folder, "a.jsonl");
    this.manner = manner;
  }

  /** Lines of some 60 bytes, or of `length` more. */
  write(count: number, length = 0): void {
    const first = this.last + (this.#half === undefined ? 1 : 0);
    const lines: string[] = [];
    for (let n = 0; n < count; n += 1) lines.push(this.#line(length));
    this.#put(Buffer.concat([this.#half ?? Buffer.alloc(0), Buffer.from(lines.join(""))]), first);
    this.#half = undefined;
  }

  /** Part of a line, torn in the middle of a character; the next write brings the rest. */
  writePart(): void {
    if (this.#half !== undefined) return;
    const line = Buffer.from(this.#line(0));
    const at = line.indexOf(Buffer.from("é")) + 1;
    this.#put(line.subarray(0, at), this.last);
    this.#half = line.subarray(at);
  }

  /** The next file takes the place of the full one; who has the old one open goes on in it until `reopen`. */
  roll(): void {
    if (!existsSync(this.path)) return;
    if (this.manner === "jsonl") {
      this.write(0);
      this.#rolled += 1;
      renameSync(this.path, rolledPath(this.path, this.#rolled));
      this.reopen();
      return;
    }
    for (let n = this.#numbers().length; n > 0; n -= 1) renameSync(`${this.path}.${n}`, `${this.path}.${n + 1}`);
    if (this.manner === "create") {
      renameSync(this.path, `${this.path}.1`);
      closeSync(openSync(this.path, "a"));
      return;
    }
    copyFileSync(this.path, `${this.path}.1`);
    this.truncate();
  }

  reopen(): void {
    if (this.#fd === undefined) return;
    // A writer that opens anew has finished its line.
    this.write(0);
    if (!existsSync(this.path) || !this.#isActive()) this.#unseen = undefined;
    closeSync(this.#fd);
    this.#fd = undefined;
  }

  truncate(): void {
    if (!existsSync(this.path)) return;
    this.#destroy();
    truncateSync(this.path);
  }

  /** Cut, and at once longer than it was. */
  regrow(): void {
    if (!existsSync(this.path)) return;
    const { size } = statSync(this.path);
    this.truncate();
    if (this.#isActive()) this.write(2, Math.ceil(size / 2));
  }

  delete(): void {
    if (!existsSync(this.path)) return;
    const isActive = this.#isActive();
    this.#destroy();
    unlinkSync(this.path);
    if (!isActive || this.#fd === undefined) return;
    closeSync(this.#fd);
    this.#fd = undefined;
  }

  deleteOldest(): void {
    const [oldest] = this.manner === "jsonl" ? this.#numbers() : this.#numbers().slice(-1);
    if (oldest === undefined) return;
    unlinkSync(this.manner === "jsonl" ? rolledPath(this.path, oldest) : `${this.path}.${oldest}`);
  }

  /** A new reader takes over for a client that knows no line later than `known`: what it cannot know leaves no trace. */
  forget(known: number): void {
    for (const { first, last } of this.destroyed.splice(0)) {
      if (known < first) this.#leaveNoTrace(first, last);
    }
  }

  /** A reader has looked: what is there has left its trace. */
  seen(): void {
    this.#unseen = undefined;
  }

  close(): void {
    if (this.#fd !== undefined) closeSync(this.#fd);
  }

  #line(length: number): string {
    this.last += 1;
    return `${JSON.stringify({ timestamp: 1_700_000_000_000 + this.last, n: this.last, text: `é${"x".repeat(length)}` })}\n`;
  }

  #put(bytes: Buffer, first: number): void {
    if (bytes.length === 0) return;
    this.#fd ??= openSync(this.path, "a");
    if (fstatSync(this.#fd).size === 0) this.#first = this.#unseen = first;
    writeSync(this.#fd, bytes);
  }

  #isActive(): boolean {
    return this.#fd === undefined || fstatSync(this.#fd).ino === statSync(this.path).ino;
  }

  /** What goes with the file. A line begun in it is not finished in the next. */
  #destroy(): void {
    if (!this.#isActive()) return;
    if (this.#unseen !== undefined) this.#leaveNoTrace(this.#unseen, this.last);
    if (statSync(this.path).size > 0) this.destroyed.push({ first: this.#first, last: this.last });
    this.#unseen = undefined;
    this.#half = undefined;
  }

  #leaveNoTrace(first: number, last: number): void {
    for (let n = first; n <= last; n += 1) this.traceless.add(n);
  }

  #numbers(): number[] {
    const pattern = this.manner === "jsonl" ? /^a\.(\d+)\.jsonl$/ : /^a\.jsonl\.(\d+)$/;
    const found = readdirSync(this.#folder).map((name) => Number(pattern.exec(name)?.[1] ?? 0));
    return found.filter((n) => n > 0).sort((a, b) => a - b);
  }
}
