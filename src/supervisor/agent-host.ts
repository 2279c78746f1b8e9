import { spawn } from "node:child_process";
import type { ChildProcessByStdio } from "node:child_process";
import type { Readable, Writable } from "node:stream";
import type { MessagePort } from "node:worker_threads";
import { MARKER, markOf } from "../core/agent-marker.ts";
import { openChannel, type Channel } from "../core/channel/channel.ts";
import type { ProcessNotices, ProcessOrders, SpawnRequest } from "../core/channel/protocol.ts";
import type { Clock } from "../core/clock.ts";
import type { RunAs } from "../core/config.ts";
import { describeError } from "../core/errors.ts";
import type { Logger } from "../core/log.ts";

export interface AgentHostDeps {
  readonly clock: Clock;
  readonly log: Logger;
  /** Undefined: our own. */
  readonly runAs: RunAs | undefined;
  /** Begins the marks of all that agents of this run start: see `core/agent-marker`. */
  readonly mark: string;
  /** Ends all that bears the mark. */
  readonly sweep: (mark: string) => Promise<void>;
}

/** From SIGTERM to SIGKILL for an agent whose worker is gone, ms. */
const KILL_AFTER_MS = 5_000;
/** The same where the bot ends: it has no more time to give, ms. */
const LAST_KILL_AFTER_MS = 500;
/** Bytes of output on their way to the worker at which the process is made to wait. */
const HIGH_BYTES = 1024 * 1024;
/**
 * A line of output above this ends the process: the worker must take each in whole, and one without an end, which any
 * command of an agent's can write into its pipe, would take the worker with it, and all turns that run.
 */
const MOST_LINE_BYTES = 32 * 1024 * 1024;
const NEWLINE = 0x0a;
/** From the end of all its processes to the end of the pipes, ms: one that the sweep cannot see may hold them. */
const PIPES_MS = 250;

/**
 * Where memory is short the kernel ends an agent, or what it started, before the bot: a process may raise its own score.
 * It goes to its directory by itself, which may be closed to us. What it makes there others may read, the operator say.
 */
const START = '{ echo 500 >/proc/self/oom_score_adj; } 2>/dev/null; cd -- "$0" && exec "$@"';
/** A user of its own has a limit of its own: of a container's processes some are left to us. Where all is busy, we go first. */
const PROCESSES = 1500;
const START_AS_ANOTHER = `umask 022; { ulimit -p ${PROCESSES} || ulimit -u ${PROCESSES}; } 2>/dev/null; ${START.replace("exec", "exec nice -n 5 --")}`;
/** The end of standard error is what is wanted of it: so much, told no more often than this, ms. */
const STDERR_KEPT = 8192;
const STDERR_EVERY_MS = 100;

/**
 * The agents' processes, as children of the main thread: Node reaps those of a worker thread that has died never, and
 * leaves them running. A worker has a line to each of its own, and when that closes, its process is ended.
 */
export class AgentHost {
  readonly #deps: AgentHostDeps;
  readonly #hosted = new Set<HostedAgent>();
  #count = 0;

  constructor(deps: AgentHostDeps) {
    this.#deps = deps;
  }

  /** Starts a process; how it fares is told on the port. */
  spawn(request: SpawnRequest, port: MessagePort): void {
    this.#count += 1;
    const agent = new HostedAgent(request, port, markOf(this.#deps.mark, String(this.#count)), this.#deps);
    void this.#host(agent);
  }

  /** Ends all there are, whose workers have had them end already; resolves when they are gone. */
  async close(): Promise<void> {
    await Promise.all([...this.#hosted].map((one) => one.end(LAST_KILL_AFTER_MS)));
  }

  /** Never two in one directory: a worker that has come back finds those of its last life gone. */
  async #host(agent: HostedAgent): Promise<void> {
    const leaving = [...this.#hosted].filter((one) => agent.waitsFor(one)).map((one) => one.gone);
    this.#hosted.add(agent);
    await Promise.all(leaving);
    try {
      agent.start();
    } catch (error) {
      agent.refuse(describeError(error));
    }
    await agent.gone;
    this.#hosted.delete(agent);
  }
}

/**
 *   waiting ──start──▶ running ──exit, all it started swept, pipes read──▶ gone
 *                      running ──its worker's line closed──▶ (SIGTERM, after 5 s SIGKILL) ──exit …──▶ gone
 */
class HostedAgent {
  readonly gone: Promise<void>;
  readonly #request: SpawnRequest;
  readonly #mark: string;
  readonly #deps: AgentHostDeps;
  readonly #port: MessagePort;
  #line: Channel<ProcessNotices> | undefined;
  #leave: () => void = () => undefined;
  #child: ChildProcessByStdio<Writable, Readable, Readable> | undefined;
  #isOrphan = false;
  #isGone = false;
  #cancelKill: () => void = () => undefined;
  #stderr = "";
  #cancelComplaint: (() => void) | undefined;
  /** Bytes of output that the worker has not read. */
  #ahead = 0;
  /** Bytes of output since its last line's end. */
  #lineBytes = 0;

  constructor(request: SpawnRequest, port: MessagePort, mark: string, deps: AgentHostDeps) {
    this.#request = request;
    this.#mark = mark;
    this.#deps = deps;
    this.gone = new Promise((resolve) => {
      this.#leave = resolve;
    });
    this.#port = port;
    port.once("close", () => {
      void this.end();
    });
  }

  /** Whether the other has lost its worker, or was given up by it, and works in the directory of this one still. */
  waitsFor(other: HostedAgent): boolean {
    return other.#isOrphan && this.#request.alone !== true && other.#request.cwd === this.#request.cwd;
  }

  start(): void {
    this.#open();
    if (this.#isOrphan) {
      this.refuse("its worker is gone");
      return;
    }
    const { command, args, cwd, env } = this.#request;
    const { runAs } = this.#deps;
    const script = runAs === undefined ? START : START_AS_ANOTHER;
    // A group of its own, so that a Ctrl-C at the bot is not the agent's. With another user go our supplementary
    // groups: libuv drops them.
    const child = spawn("/bin/sh", ["-c", script, cwd, command, ...args], {
      cwd: "/",
      env: { ...env, [MARKER]: this.#mark },
      stdio: ["pipe", "pipe", "pipe"],
      detached: true,
      ...runAs,
    });
    this.#child = child;
    child.once("error", (error) => {
      if (child.pid === undefined) this.refuse(describeError(error));
    });
    if (child.pid === undefined) return;
    this.#line?.send("started", { pid: child.pid });
    this.#carry(child);
    child.once("exit", (code, signal) => {
      void this.#onExit(code, signal);
    });
  }

  /** Not before there is a process to hand them on to: until then a port keeps what comes. */
  #open(): void {
    this.#line ??= openChannel<ProcessNotices, ProcessOrders>(
      this.#port,
      {
        input: ({ bytes }) => this.#child?.stdin.write(bytes, () => this.#line?.send("written", {})),
        endInput: () => this.#child?.stdin.end(),
        read: ({ bytes }) => {
          this.#ahead -= bytes;
          if (this.#ahead < HIGH_BYTES) this.#child?.stdout.resume();
        },
        kill: ({ signal }) => {
          this.#kill(signal);
        },
      },
      (error) => {
        this.#deps.log.error({ code: error.code }, error.message);
      },
    );
  }

  /** There is no process, for a reason. */
  refuse(reason: string): void {
    this.#end({ code: null, signal: null, reason });
  }

  /** SIGTERM, later SIGKILL; resolves when nothing is left of it. A second call changes when it is killed. */
  async end(killAfterMs = KILL_AFTER_MS): Promise<void> {
    if (this.#isGone) return;
    if (!this.#isOrphan) {
      this.#isOrphan = true;
      // Nobody reads any more: what it still has to say must not hold it up.
      this.#ahead = Number.NEGATIVE_INFINITY;
      this.#child?.stdout.resume();
      this.#kill("SIGTERM");
    }
    this.#cancelKill();
    this.#cancelKill = this.#deps.clock.after(killAfterMs, () => {
      this.#kill("SIGKILL");
    });
    await this.gone;
  }

  #carry({ stdin, stdout, stderr }: ChildProcessByStdio<Writable, Readable, Readable>): void {
    stdout.on("data", (bytes: Buffer) => {
      if (this.#isEndless(bytes)) return;
      this.#ahead += bytes.length;
      if (this.#ahead >= HIGH_BYTES) stdout.pause();
      this.#line?.send("output", { bytes });
    });
    stderr.setEncoding("utf8").on("data", (text: string) => {
      this.#stderr = (this.#stderr + text).slice(-STDERR_KEPT);
      this.#cancelComplaint ??= this.#deps.clock.after(STDERR_EVERY_MS, () => {
        this.#complain();
      });
    });
    // A write to a process that has just died is told by its exit, not by EPIPE.
    stdin.on("error", () => undefined);
  }

  /** What comes after that is not handed on, and the process is ended. */
  #isEndless(bytes: Buffer): boolean {
    if (this.#lineBytes > MOST_LINE_BYTES) return true;
    const end = bytes.lastIndexOf(NEWLINE);
    this.#lineBytes = end === -1 ? this.#lineBytes + bytes.length : bytes.length - end - 1;
    if (this.#lineBytes <= MOST_LINE_BYTES) return false;
    this.#stderr = `${this.#stderr}\na line of its output had more than ${MOST_LINE_BYTES} bytes`.slice(-STDERR_KEPT);
    this.#cancelComplaint ??= () => undefined;
    this.#kill("SIGKILL");
    return true;
  }

  async #onExit(code: number | null, signal: NodeJS.Signals | null): Promise<void> {
    const child = this.#child;
    const closed = new Promise<void>((resolve) => child?.once("close", () => resolve()));
    this.#cancelKill();
    if (this.#request.alone !== true) await this.#sweep();
    const late = new AbortController();
    await Promise.race([closed, this.#deps.clock.sleep(PIPES_MS, late.signal).catch(() => undefined)]);
    late.abort();
    // Else they would be open in us for as long as there is one that holds them.
    child?.stdout.destroy();
    child?.stderr.destroy();
    this.#end({ code, signal });
  }

  async #sweep(): Promise<void> {
    try {
      await this.#deps.sweep(this.#mark);
    } catch (error) {
      this.#deps.log.error({}, `what an agent has left could not be looked for: ${describeError(error)}`);
    }
  }

  #complain(): void {
    if (this.#cancelComplaint === undefined) return;
    this.#cancelComplaint();
    this.#cancelComplaint = undefined;
    this.#line?.send("complaint", { text: this.#stderr });
  }

  /** The worker closes the line when it has read that. */
  #end(word: ProcessNotices["gone"]): void {
    this.#isGone = true;
    this.#cancelKill();
    this.#complain();
    this.#line?.send("gone", word);
    this.#leave();
  }

  #kill(signal: "SIGTERM" | "SIGKILL"): void {
    const pid = this.#child?.pid;
    if (pid === undefined || this.#child?.exitCode !== null || this.#child.signalCode !== null) return;
    try {
      process.kill(signal === "SIGKILL" ? -pid : pid, signal);
    } catch {
      // Gone by itself.
    }
  }
}
