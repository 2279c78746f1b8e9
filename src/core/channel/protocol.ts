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
  /** A new line to the other worker; the old one is dead. */
  wire: { port: MessagePort };
  /** Finish what runs within `graceMs`, then end. */
  stop: { graceMs: number };
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
