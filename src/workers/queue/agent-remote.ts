import { EventEmitter } from "node:events";
import { Readable, Writable } from "node:stream";
import type { MessagePort } from "node:worker_threads";
import type { SpawnedProcess } from "@anthropic-ai/claude-agent-sdk";
import { openChannel, type Channel } from "../../core/channel/channel.ts";
import type { ProcessNotices, ProcessOrders, SpawnRequest } from "../../core/channel/protocol.ts";

/** Has a process started by the supervisor; the port is the line to it. */
export type Launch = (request: SpawnRequest) => MessagePort;

interface Events {
  exit: [code: number | null, signal: NodeJS.Signals | null];
  error: [error: Error];
}

/**
 * A process of the supervisor's as the Agent SDK wants to see one. `exit` is told when the process, and all that it had
 * started, is gone.
 */
export class RemoteProcess extends EventEmitter<Events> implements SpawnedProcess {
  readonly stdin: Writable;
  readonly stdout: Readable;
  /** The end of standard error. */
  stderr = "";
  pid: number | undefined;
  killed = false;
  exitCode: number | null = null;
  signalCode: NodeJS.Signals | null = null;
  readonly #line: Channel<ProcessOrders>;
  readonly #port: MessagePort;
  #isGone = false;
  /** Bytes of output that came and were not asked for anew. */
  #owed = 0;
  #written: (() => void) | undefined;

  constructor(port: MessagePort) {
    super();
    this.#port = port;
    this.#line = openChannel<ProcessOrders, ProcessNotices>(
      port,
      {
        started: ({ pid }) => {
          this.pid = pid;
        },
        output: ({ bytes }) => {
          this.#onOutput(bytes);
        },
        complaint: ({ text }) => {
          this.stderr = text;
        },
        written: () => {
          this.#onWritten();
        },
        gone: (word) => {
          this.#onGone(word);
        },
      },
      // A line that cannot be understood is closed, which ends the process: its end is told once, as any other.
      () => port.close(),
    );
    // A supervisor that is gone has taken the process with it.
    port.once("close", () => {
      this.#onGone({ code: null, signal: null, reason: "the line to its process is closed" });
    });
    this.stdin = this.#input();
    this.stdout = new Readable({
      read: () => {
        this.#askForMore();
      },
    });
  }

  get isGone(): boolean {
    return this.#isGone;
  }

  kill(signal: NodeJS.Signals): boolean {
    if (this.#isGone) return false;
    this.killed = true;
    this.#line.send("kill", { signal: signal === "SIGKILL" ? "SIGKILL" : "SIGTERM" });
    return true;
  }

  #input(): Writable {
    const stdin = new Writable({
      write: (chunk: Buffer, _encoding, done) => {
        if (this.#isGone) {
          done();
          return;
        }
        this.#written = done;
        this.#line.send("input", { bytes: chunk });
      },
      final: (done) => {
        this.#line.send("endInput", {});
        done();
      },
    });
    stdin.on("error", () => undefined);
    return stdin;
  }

  #onOutput(bytes: Uint8Array): void {
    this.#owed += bytes.length;
    if (this.stdout.push(bytes)) this.#askForMore();
  }

  #askForMore(): void {
    if (this.#owed === 0) return;
    this.#line.send("read", { bytes: this.#owed });
    this.#owed = 0;
  }

  #onWritten(): void {
    const written = this.#written;
    this.#written = undefined;
    written?.();
  }

  #onGone({ code, signal, reason }: ProcessNotices["gone"]): void {
    if (this.#isGone) return;
    this.#isGone = true;
    this.exitCode = code;
    this.signalCode = signal;
    this.#port.close();
    this.#onWritten();
    this.stdout.push(null);
    if (reason !== undefined && this.pid === undefined) this.emit("error", new Error(reason));
    else this.emit("exit", code, signal);
  }
}
