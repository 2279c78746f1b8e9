import { query } from "@anthropic-ai/claude-agent-sdk";
import type { Query, SDKMessage, SDKUserMessage } from "@anthropic-ai/claude-agent-sdk";
import type { Clock } from "../../core/clock.ts";
import { describeError } from "../../core/errors.ts";
import type { Logger } from "../../core/log.ts";
import { InputQueue } from "./agent-input.ts";
import { sessionOptions } from "./agent-options.ts";
import type { AgentTurn, TurnResult } from "./agent-port.ts";
import { AgentProcess } from "./agent-process.ts";
import type { Launch } from "./agent-remote.ts";
import { RunningTurn } from "./agent-turn.ts";

/** How long an interrupted turn may take to end before its process is ended, ms; 20 ms is usual. */
const INTERRUPT_MS = 2000;

/** For reading what is left in the pipe of a process that is gone, ms. */
const LAST_WORDS_MS = 500;

export interface SessionContext {
  readonly env: Readonly<Record<string, string>>;
  readonly clock: Clock;
  readonly log: Logger;
  readonly launch: Launch;
  /** From SIGTERM to SIGKILL, ms. */
  readonly endTimeoutMs: number;
}

/**
 * One Claude process and the conversation it holds.
 *
 *   idle ──run──▶ running ──result──▶ idle
 *     └───────────end───────┴──▶ ending ──the process is gone──▶ ended
 *
 * A process that goes by itself moves any state to ended; a turn in work then fails with its last words.
 */
export class AgentSession {
  readonly threadId: number;
  readonly #context: SessionContext;
  readonly #settings: { readonly cwd: string; readonly systemPrompt: string };
  readonly #process: AgentProcess;
  readonly #input = new InputQueue<SDKUserMessage>();
  readonly #query: Query;
  readonly #read: Promise<void>;
  #state: "idle" | "running" | "ending" | "ended" = "idle";
  #since: number;
  #model: string;
  #sessionId: string | undefined;
  /** Unknown, and so without bound, where the session began in an earlier process. */
  #costSoFar: number;
  #running: RunningTurn | undefined;
  #ending: Promise<void> | undefined;
  #cancelDeadline: () => void = () => undefined;

  /** Starts the process, for this turn and those that may follow it. */
  constructor(turn: AgentTurn, context: SessionContext) {
    this.threadId = turn.threadId;
    this.#context = context;
    this.#settings = { cwd: turn.cwd, systemPrompt: turn.systemPrompt };
    this.#model = turn.model;
    this.#sessionId = turn.sessionId;
    this.#costSoFar = turn.sessionId === undefined ? 0 : Number.POSITIVE_INFINITY;
    this.#since = context.clock.now();
    this.#process = new AgentProcess(context.clock, context.launch);
    const options = sessionOptions(turn, context.env, this.#process, () => this.#running?.turn.tools);
    this.#query = query({ prompt: this.#input, options });
    this.#read = this.#readAll();
    void this.#closeAfterExit();
  }

  get state(): "idle" | "running" | "ending" | "ended" {
    return this.#state;
  }

  /** Epoch ms of the last change of state. */
  get since(): number {
    return this.#since;
  }

  get pid(): number | undefined {
    return this.#process.pid;
  }

  /** Resolves when the process is gone and everything it said has been read. */
  get ended(): Promise<void> {
    return this.#read;
  }

  /** Whether this process can take the turn: idle, with the same conversation and settings. */
  fits(turn: AgentTurn): boolean {
    const { cwd, systemPrompt } = this.#settings;
    return (
      this.#state === "idle" &&
      turn.cwd === cwd &&
      turn.systemPrompt === systemPrompt &&
      turn.sessionId === this.#sessionId
    );
  }

  /** Runs a turn in an idle session. */
  async run(turn: AgentTurn): Promise<TurnResult> {
    if (this.state !== "idle") return this.#died();
    this.#become("running");
    const running = new RunningTurn(turn, this.#context.clock, this.#context.log);
    this.#running = running;
    const abort = (): void => {
      this.#interrupt();
    };
    turn.signal.addEventListener("abort", abort, { once: true });
    try {
      const refused = await this.#useModel(turn.model);
      if (turn.signal.aborted) return { status: "aborted" };
      if (refused !== undefined) return refused;
      this.#input.push(running.message);
      return await running.result;
    } finally {
      turn.signal.removeEventListener("abort", abort);
      this.#cancelDeadline();
      this.#running = undefined;
      if (this.#state === "running") this.#become("idle");
    }
  }

  /** Ends the process, and with it a turn in work; resolves when it is gone. Calling it twice is harmless. */
  end(): Promise<void> {
    this.#ending ??= this.#end();
    return this.#ending;
  }

  async #end(): Promise<void> {
    const idle = this.#state === "idle";
    if (this.#state !== "ended") this.#become("ending");
    this.#input.end();
    await this.#process.end(idle, this.#context.endTimeoutMs);
    await this.#read;
  }

  async #useModel(model: string): Promise<TurnResult | undefined> {
    if (model === this.#model) return undefined;
    try {
      await this.#query.setModel(model);
      this.#model = model;
      return undefined;
    } catch (error) {
      return { status: "failed", reason: `Claude Code did not change to ${model}: ${describeError(error)}` };
    }
  }

  /** Interrupts the turn; where that brings no result, because nothing was under way yet or it hangs, ends all. */
  #interrupt(): void {
    this.#cancelDeadline = this.#context.clock.after(INTERRUPT_MS, () => {
      void this.end();
    });
    // A failure to interrupt is a process that is going: its end finishes the turn.
    this.#query.interrupt().catch(() => undefined);
  }

  async #readAll(): Promise<void> {
    let failure: string | undefined;
    try {
      for await (const message of this.#query) this.#take(message);
    } catch (error) {
      failure = describeError(error);
    }
    await this.#process.end(true, this.#context.endTimeoutMs);
    this.#become("ended");
    this.#running?.finish(this.#died(failure));
  }

  /** `failure`: what the SDK threw, for a process that never was. */
  #died(failure?: string): TurnResult {
    const { lastWords, pid } = this.#process;
    if (pid !== undefined) return { status: "failed", reason: `Claude Code ended with ${lastWords}` };
    return { status: "failed", reason: `Claude Code did not start: ${failure ?? lastWords}` };
  }

  /** The SDK reads until the pipe ends, and a command that outlived a killed agent may hold it. */
  async #closeAfterExit(): Promise<void> {
    await this.#process.gone;
    const cancel = this.#context.clock.after(LAST_WORDS_MS, () => {
      this.#query.close();
    });
    await this.#read;
    cancel();
  }

  #take(message: SDKMessage): void {
    if (message.type === "system" && message.subtype === "init") this.#sessionId = message.session_id;
    this.#running?.take(message);
    if (message.type !== "result") return;
    const costBefore = this.#costSoFar;
    this.#costSoFar = message.total_cost_usd;
    if (this.#running?.takeResult(message, costBefore) === true) return;
    this.#context.log.info({ threadId: this.threadId, subtype: message.subtype }, "agent: a result nobody asked for");
  }

  #become(state: AgentSession["state"]): void {
    if (this.#state === state) return;
    this.#state = state;
    this.#since = this.#context.clock.now();
  }
}
