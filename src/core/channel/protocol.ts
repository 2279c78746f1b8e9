/**
 * What threads of the bot say to each other. Every word is a notice: it may be lost with the thread that sent or should
 * have read it, so none of them is the record of anything; the record is on disk.
 */
import type { MessagePort } from "node:worker_threads";
import type { ErrorJson } from "../errors.ts";
import type { ThreadId } from "../ids.ts";

/** Both ends must speak the same version; they are built together, so a mismatch is a broken installation. */
export const CHANNEL_VERSION = 1;

type NoData = Readonly<Record<string, never>>;

/** Supervisor → worker. */
export interface OrderNotices {
  /** Until this comes a worker loads its program, opens its log, and does nothing else. */
  begin: NoData;
  /** A new line to the other worker; the old one is dead. */
  wire: { port: MessagePort };
  /** Finish what runs within `graceMs`, then end. */
  stop: { graceMs: number };
  /** Memory is short: end the agent of this process, if it is idle. */
  endIdle: { pid: number };
}

/** Worker → supervisor. */
export interface ReportNotices {
  ready: NoData;
  /** Ended by itself. `permanent`: starting it again would find the same fault. */
  failed: { error: ErrorJson; permanent: boolean };
  /** Ended as ordered. */
  stopped: NoData;
  /** The agents' processes as they are now. */
  agents: { agents: readonly AgentNotice[] };
  /** Start an agent's process; the port is its line. */
  spawn: { request: SpawnRequest; port: MessagePort };
}

/** What an agent's process is started with. */
export interface SpawnRequest {
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd: string;
  /** All of its environment, but for the mark by which what it starts is known. */
  readonly env: Readonly<Record<string, string>>;
  /** It starts no others: none are looked for when it has ended. */
  readonly alone?: true;
}

/** Supervisor → worker, on the line of one agent's process. */
export interface ProcessNotices {
  started: { pid: number };
  output: { bytes: Uint8Array };
  /** The end of standard error as it is now. */
  complaint: { text: string };
  /** What was handed over as input last is with the process. */
  written: NoData;
  /** The process and all that it had started are gone. The last word. `reason`: it never was. */
  gone: { code: number | null; signal: NodeJS.Signals | null; reason?: string };
}

/** Worker → supervisor, on the line of one agent's process. A line that closes ends its process. */
export interface ProcessOrders {
  input: { bytes: Uint8Array };
  endInput: NoData;
  /** So many bytes of output have been read: as many may follow. */
  read: { bytes: number };
  /** SIGTERM goes to the process, which passes it on; SIGKILL to its group. */
  kill: { signal: "SIGTERM" | "SIGKILL" };
}

/** Between the workers, both ways. */
export interface PeerNotices {
  /** I have published into your queue: look now. */
  published: NoData;
  /** What the chat says of its topics. */
  topics: { topics: readonly TopicNotice[] };
  /** A turn runs (show that in its topic) or will not end soon (stop showing it). */
  turn: { threadId: ThreadId; messageId: string; state: "running" | "waiting" };
}

export interface AgentNotice {
  readonly threadId: ThreadId;
  readonly pid: number;
  readonly state: "running" | "idle";
  /** Epoch ms. */
  readonly since: number;
}

export interface TopicNotice {
  readonly threadId: ThreadId;
  readonly name: string;
  readonly closed: boolean;
}
