import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { systemClock } from "../../core/clock.ts";
import { CliError } from "../errors.ts";

const KEPT_OUTPUT = 200_000;
const START_MS = 60_000;

export interface ProgramOptions {
  /** For errors. */
  readonly name: string;
  /** Path of its compiled main. */
  readonly main: string;
  readonly cwd: string;
  readonly environment: Readonly<Record<string, string>>;
}

/** One of our programs as a process of its own. */
export class Program {
  readonly #process: ChildProcess;
  #output = "";

  private constructor(child: ChildProcess) {
    this.#process = child;
    const keep = (chunk: Buffer): void => {
      this.#output = (this.#output + chunk.toString("utf8")).slice(-KEPT_OUTPUT);
    };
    child.stdout?.on("data", keep);
    child.stderr?.on("data", keep);
  }

  /** Starts it and waits until `isReady`, asked every 50 ms. Throws `demo_failed` when it ends before or is late. */
  static async start(options: ProgramOptions, isReady: (program: Program) => Promise<boolean>): Promise<Program> {
    const child = spawn(process.execPath, ["--enable-source-maps", options.main], {
      cwd: options.cwd,
      env: { ...options.environment },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const program = new Program(child);
    const until = performance.now() + START_MS;
    while (!(await isReady(program))) {
      if (program.ended || performance.now() > until) {
        await program.end("SIGKILL");
        throw new CliError("demo_failed", `The ${options.name} did not start. Its last words:\n${program.output}`);
      }
      await systemClock.sleep(50);
    }
    return program;
  }

  /** What it printed of late. */
  get output(): string {
    return this.#output;
  }

  get pid(): number | undefined {
    return this.#process.pid;
  }

  get ended(): boolean {
    return this.#process.exitCode !== null || this.#process.signalCode !== null;
  }

  /** Ends it; resolves with its exit status, null when a signal ended it. */
  async end(signal: NodeJS.Signals): Promise<number | null> {
    if (!this.ended) {
      const gone = once(this.#process, "exit");
      this.#process.kill(signal);
      await gone;
    }
    return this.#process.exitCode;
  }
}
