import type { SpawnedProcess, SpawnOptions } from "@anthropic-ai/claude-agent-sdk";
import type { Clock } from "../../core/clock.ts";
import { RemoteProcess } from "./agent-remote.ts";
import type { Launch } from "./agent-remote.ts";

/** An idle agent leaves by itself when its input ends, in 0.1 s as a rule; after this it is told to, ms. */
const LEAVE_MS = 1000;

/** The process of a session: started when the SDK calls `spawn`, and ended by us, since we must know when it is gone. */
export class AgentProcess {
  readonly #clock: Clock;
  readonly #launch: Launch;
  #process: RemoteProcess | undefined;
  readonly #gone: Promise<void>;
  #leave: () => void = () => undefined;
  #ended: string | undefined;

  constructor(clock: Clock, launch: Launch) {
    this.#clock = clock;
    this.#launch = launch;
    this.#gone = new Promise((resolve) => {
      this.#leave = resolve;
    });
  }

  /** Undefined until it runs. */
  get pid(): number | undefined {
    return this.#process?.pid;
  }

  /** Resolves when the process is gone; never, when none was started. */
  get gone(): Promise<void> {
    return this.#gone;
  }

  /** For the SDK's option `spawnClaudeCodeProcess`. */
  readonly spawn = ({ command, args, cwd = process.cwd(), env }: SpawnOptions): SpawnedProcess => {
    const given = Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined);
    const started = new RemoteProcess(this.#launch({ command, args, cwd, env: Object.fromEntries(given) }));
    this.#process = started;
    started.once("exit", (code, signal) => {
      this.#ended = signal === null ? `exit code ${code}` : `signal ${signal}`;
      this.#leave();
    });
    started.once("error", (error) => {
      this.#ended = error.message;
      this.#leave();
    });
    return started;
  };

  /** How the process ended, and its last line of stderr: `exit code 1: <line>`. */
  get lastWords(): string {
    const ended = this.#ended ?? "its output ended";
    const line = this.#process?.stderr.trim().split("\n").at(-1) ?? "";
    return line === "" ? ended : `${ended}: ${line}`;
  }

  /**
   * Ends the process and waits until it is gone: end of input (when `idle`), then SIGTERM, which an agent passes on
   * to the commands it runs, and SIGKILL to its group after `killAfterMs`.
   */
  async end(idle: boolean, killAfterMs: number): Promise<void> {
    const running = this.#process;
    if (running === undefined) return;
    if (idle) {
      running.stdin.end();
      if (await this.#goneWithin(LEAVE_MS)) return;
    }
    running.kill("SIGTERM");
    if (await this.#goneWithin(killAfterMs)) return;
    running.kill("SIGKILL");
    await this.#gone;
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
