import { createHash } from "node:crypto";
import type { Clock } from "../../core/clock.ts";
import type { IncomingMessage } from "../../core/queue/message.ts";
import type { Producer } from "../../core/queue/queue.ts";
import type { AgentTools } from "./agent-port.ts";
import type { ThreadStore } from "./sessions.ts";

/** Messages handed on from thread to thread more often than this go nowhere: two agents would thank each other for ever. */
const MAX_HOPS = 6;

export interface CrossThreadDeps {
  readonly threads: ThreadStore;
  readonly incoming: Producer<IncomingMessage>;
  readonly clock: Clock;
  /** A message was published into `incoming/`. */
  readonly onPublished: () => void;
}

/** What an agent may do towards other threads while it works on `message`. */
export function createAgentTools(message: IncomingMessage, deps: CrossThreadDeps): AgentTools {
  const { threads, incoming, clock } = deps;
  const sent = new Map<string, number>();
  return {
    listThreads: () => threads.list().map(({ threadId, name, status, cwd }) => ({ threadId, name, status, cwd })),
    async sendMessage(targetThreadId, text) {
      const refusal = refuse(message, threads, targetThreadId, text);
      if (refusal !== undefined) return { status: "refused", reason: refusal };
      const content = `${message.messageId}\n${targetThreadId}\n${text}`;
      const nth = (sent.get(content) ?? 0) + 1;
      sent.set(content, nth);
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
