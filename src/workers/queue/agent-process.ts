import { spawn } from "node:child_process";
import type { ChildProcessByStdio } from "node:child_process";
import type { Readable, Writable } from "node:stream";
import type { SpawnedProcess, SpawnOptions } from "@anthropic-ai/claude-agent-sdk";
import type { Clock } from "../../core/clock.ts";

/** Characters of stderr kept: enough for the last words of a process. */
const STDERR_KEPT = 8192;
/** An idle agent leaves by itself when its input ends, in 0.1 s as a rule; after this it is told to, ms. */
const LEAVE_MS = 1000;
/** From the exit of a process to the end of its pipes, where nobody else holds them, ms. */
const PIPES_MS = 250;

/** User and group the agent runs under. */
export interface RunAs {
  readonly uid: number;
  readonly gid: number;
}

/** The process of a session: started when the SDK calls `spawn`, and ended by us, since we must know when it is gone. */
export class AgentProcess {
  readonly #clock: Clock;
  readonly #runAs: RunAs | undefined;
  #child: ChildProcessByStdio<Writable, Readable, Readable> | undefined;
  readonly #gone: Promise<void>;
  #leave: () => void = () => undefined;
  #stderr = "";
  #ended: string | undefined;

  constructor(clock: Clock, runAs: RunAs | undefined) {
    this.#clock = clock;
    this.#runAs = runAs;
    this.#gone = new Promise((resolve) => {
      this.#leave = resolve;
    });
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** Resolves when the process is gone; never, when none was started. */
  get gone(): Promise<void> {
    return this.#gone;
  }

  /** For the SDK's option `spawnClaudeCodeProcess`. The group is its own, so that a Ctrl-C at the bot is not the agent's. */
  readonly spawn = (options: SpawnOptions): SpawnedProcess => {
    const child = spawn(options.command, options.args, {
      cwd: options.cwd,
      env: options.env,
      stdio: ["pipe", "pipe", "pipe"],
      detached: true,
      ...this.#runAs,
    });
    this.#child = child;
    child.once("exit", (code, signal) => {
      this.#ended = signal === null ? `exit code ${code}` : `signal ${signal}`;
      // A command that outlives the agent may hold its pipes open: then there is no more to wait for.
      const cancel = this.#clock.after(PIPES_MS, this.#leave);
      child.once("close", () => {
        cancel();
        this.#leave();
      });
    });
    child.once("error", (error) => {
      this.#ended = error.message;
      if (child.pid === undefined) this.#leave();
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      this.#stderr = (this.#stderr + text).slice(-STDERR_KEPT);
    });
    // A write to a process that has just died is told by its exit, not by EPIPE.
    child.stdin.on("error", () => undefined);
    return child;
  };

  /** How the process ended, and its last line of stderr: `exit code 1: <line>`. */
  get lastWords(): string {
    const ended = this.#ended ?? "its output ended";
    const line = this.#stderr.trim().split("\n").at(-1) ?? "";
    return line === "" ? ended : `${ended}: ${line}`;
  }

  /**
   * Ends the process and waits until it is gone: end of input (when `idle`), then SIGTERM, which an agent passes on
   * to the commands it runs, and SIGKILL to its group after `killAfterMs`.
   */
  async end(idle: boolean, killAfterMs: number): Promise<void> {
    const child = this.#child;
    if (child === undefined) return;
    if (idle) {
      child.stdin.end();
      if (await this.#goneWithin(LEAVE_MS)) return;
    }
    if (this.#running(child)) child.kill("SIGTERM");
    if (await this.#goneWithin(killAfterMs)) return;
    this.#killGroup();
    await this.#gone;
  }

  #running(child: { exitCode: number | null; signalCode: string | null }): boolean {
    return child.exitCode === null && child.signalCode === null;
  }

  #killGroup(): void {
    const { pid } = this;
    if (pid === undefined) return;
    try {
      process.kill(-pid, "SIGKILL");
    } catch {
      // Nobody is left in the group.
    }
  }

  async #goneWithin(ms: number): Promise<boolean> {
    const waiting = new AbortController();
    const late = this.#clock.sleep(ms, waiting.signal).then(
      () => false,
      () => false,
    );
    const gone = await Promise.race([this.#gone.then(() => true), late]);
    waiting.abort();
    return gone;
  }
}
