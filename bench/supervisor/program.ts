/** A program whose standard output is lines of JSON, as ours are, read as they come. */
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";

/** The members of a line that the benchmark looks at. */
export interface Line {
  /** Epoch ms. */
  readonly time: number;
  readonly source: string;
  readonly msg: string;
  readonly worker?: string;
  readonly pid?: number;
  readonly verdict?: { readonly delayMs?: number };
}

type Wanted = (line: Line) => boolean;

export class Program {
  readonly #child: ChildProcess;
  readonly #lines: Line[] = [];
  readonly #looks = new Set<() => void>();
  #rest = "";
  #ended = false;

  /** `words`: program and arguments. */
  constructor(words: readonly [string, ...string[]], cwd: string, env: Readonly<Record<string, string>>) {
    const [program, ...rest] = words;
    this.#child = spawn(program, rest, { cwd, env, stdio: ["ignore", "pipe", "inherit", "ipc"] });
    this.#child.stdout?.setEncoding("utf8").on("data", (text: string) => this.#read(text));
    this.#child.once("close", () => {
      this.#ended = true;
      this.#look();
    });
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** How many lines there were so far. */
  get count(): number {
    return this.#lines.length;
  }

  /** The first line that is wanted of those after the first `from`, present or to come. */
  async line(wanted: Wanted, from = 0): Promise<Line> {
    for (;;) {
      const found = this.#lines.slice(from).find(wanted);
      if (found !== undefined) return found;
      if (this.#ended) throw new Error(`a program of the benchmark ended; its last line: ${this.#last}`);
      await new Promise<void>((resolve) => this.#looks.add(resolve));
    }
  }

  /** Over Node's own line between processes. */
  send(message: object): void {
    this.#child.send(message);
  }

  async end(): Promise<void> {
    if (this.#ended) return;
    const closed = once(this.#child, "close");
    this.#child.kill("SIGTERM");
    await closed;
  }

  get #last(): string {
    return JSON.stringify(this.#lines.at(-1));
  }

  #read(text: string): void {
    const lines = `${this.#rest}${text}`.split("\n");
    this.#rest = lines.pop() ?? "";
    for (const line of lines) if (line.startsWith("{")) this.#lines.push(JSON.parse(line) as Line);
    this.#look();
  }

  #look(): void {
    const looks = [...this.#looks];
    this.#looks.clear();
    for (const look of looks) look();
  }
}
