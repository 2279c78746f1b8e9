import { createHash } from "node:crypto";
import type { Clock } from "../../core/clock.ts";
import type { DiskView } from "../../core/disk-watch.ts";
import type { IncomingMessage } from "../../core/queue/message.ts";
import type { Producer } from "../../core/queue/queue.ts";
import type { AgentTools } from "./agent-port.ts";
import type { ThreadStore } from "./sessions.ts";

/** Messages handed on from thread to thread more often than this go nowhere: two agents would thank each other for ever. */
const MAX_HOPS = 6;
/** By one turn: an agent that loops would fill the disk with messages, each of which starts a turn of its own. */
const MAX_SENT = 50;

export interface CrossThreadDeps {
  readonly threads: ThreadStore;
  readonly incoming: Producer<IncomingMessage>;
  readonly clock: Clock;
  readonly disk: Pick<DiskView, "level">;
  /** A message was published into `incoming/`. */
  readonly onPublished: () => void;
}

/** What an agent may do towards other threads while it works on `message`. */
export function createAgentTools(message: IncomingMessage, deps: CrossThreadDeps): AgentTools {
  const { threads, incoming, clock, disk } = deps;
  const sent = new Map<string, number>();
  let count = 0;
  return {
    listThreads: () => threads.list().map(({ threadId, name, status, cwd }) => ({ threadId, name, status, cwd })),
    async sendMessage(targetThreadId, text) {
      const refusal = refuse(message, threads, targetThreadId, text) ?? refuseNow(disk, count);
      if (refusal !== undefined) return { status: "refused", reason: refusal };
      const content = `${message.messageId}\n${targetThreadId}\n${text}`;
      const nth = (sent.get(content) ?? 0) + 1;
      sent.set(content, nth);
      count += 1;
      const outgoing: IncomingMessage = {
        channel: message.channel,
        source: "cross-thread",
        threadId: targetThreadId,
        // Made from what is sent, so that a turn run again after a crash sends the same message, not a second one.
        messageId: `x${createHash("sha256").update(`${content}\n${nth}`).digest("hex").slice(0, 24)}`,
        sender: threads.nameOf(message.threadId),
        message: text,
        timestamp: clock.now(),
        sourceThreadId: message.threadId,
        hops: (message.hops ?? 0) + 1,
      };
      try {
        await incoming.publish(outgoing);
      } catch (error) {
        // What failed may be there all the same: the agent's next try must be the same message, not a second one.
        sent.set(content, nth - 1);
        count -= 1;
        throw error;
      }
      deps.onPublished();
      return { status: "sent" };
    },
  };
}

function refuse(message: IncomingMessage, threads: ThreadStore, target: number, text: string): string | undefined {
  if (text.trim() === "") return "the message is empty: say what you want of the other thread.";
  if (target === message.threadId) return "that is your own thread: just write it in your answer.";
  const thread = threads.get(target);
  if (thread === undefined) return `there is no thread ${target}: list_threads shows those there are.`;
  if (threads.isClosed(target)) return `thread ${target} is closed: choose another or tell the user.`;
  if ((message.hops ?? 0) >= MAX_HOPS) {
    return `this message was handed on ${MAX_HOPS} times already: answer in your own topic instead.`;
  }
  return undefined;
}

function refuseNow({ level }: Pick<DiskView, "level">, count: number): string | undefined {
  if (level === "hard") return "the server's disk is full, so nothing is sent: say in your answer what is to be sent.";
  if (count < MAX_SENT) return undefined;
  return `you have sent ${MAX_SENT} messages in this turn already: say the rest in your answer.`;
}
