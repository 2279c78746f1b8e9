/** Takes updates in: a message is in the queue, durably, before Telegram may forget it. */
import { backoffMs, type BackoffRule } from "../../core/backoff.ts";
import type { TopicNotice } from "../../core/channel/protocol.ts";
import type { Clock } from "../../core/clock.ts";
import type { DiskView } from "../../core/disk-watch.ts";
import { describeError, errorCode } from "../../core/errors.ts";
import { insist } from "../../core/insist.ts";
import type { Logger } from "../../core/log.ts";
import type { IncomingMessage } from "../../core/queue/message.ts";
import type { Producer } from "../../core/queue/queue.ts";
import type { Update } from "grammy/types";
import { stopped } from "./errors.ts";
import { readUpdate, type Inbound, type InboundContext } from "./inbound.ts";
import type { Presence } from "./presence.ts";
import { untilRoom } from "./room.ts";
import type { TopicStore } from "./topic-store.ts";

const QUEUE_AWAY: BackoffRule = { firstMs: 200, maxMs: 10_000, jitter: 0.2 };

export interface IntakeDeps {
  readonly context: InboundContext;
  readonly producer: Producer<IncomingMessage>;
  readonly topics: TopicStore;
  readonly presence: Presence;
  readonly log: Logger;
  readonly clock: Clock;
  readonly disk: DiskView;
  readonly stopping: AbortSignal;
  /** A try to store has ended, or a wait before the next goes on. */
  readonly onTried: () => void;
  /** Tells the queue worker that a message was published. */
  readonly ringQueue: () => void;
  readonly onTopics: (topics: readonly TopicNotice[]) => void;
}

export interface Intake {
  /**
   * Resolves when Telegram may forget the update. Rejects with `telegram_stopped`, and must not be taken as handled,
   * when the worker stops before that. Rejects with `sync_failed`'s fault at once: the worker has to end.
   */
  take(update: Update): Promise<void>;
  /** The newest update taken. */
  lastHandled(): number | undefined;
  /** Resolves when no update is being taken. */
  idle(): Promise<void>;
  inFlight(): number;
}

export function createIntake(deps: IntakeDeps): Intake {
  const { context, producer, topics, presence, log, clock, disk, stopping } = deps;
  let last: number | undefined;
  let taking: Promise<void> | undefined;

  /** An update that cannot be read would come again for ever, and hold up all behind it. */
  function read(update: Update): Inbound {
    try {
      return readUpdate(update, context);
    } catch (error) {
      log.error({ ...markOf(update), error: describeError(error) }, "update cannot be read");
      return { status: "ignored", reason: "it cannot be read" };
    }
  }

  /** False when the queue will never take the message: it too would hold up all behind it. */
  async function publish(message: IncomingMessage): Promise<boolean> {
    const { threadId, messageId } = message;
    const mark = { threadId, messageId };
    const store = async (): Promise<void> => {
      await untilRoom(deps);
      await producer.publish(message, messageId).finally(deps.onTried);
    };
    try {
      const isStored = await insist(store, {
        clock,
        disk,
        log,
        what: "message cannot be stored, Telegram keeps it",
        mark,
        signal: stopping,
        pauseMs: (failures) => backoffMs(QUEUE_AWAY, failures, Math.random()),
        final: ["queue_message_invalid", "telegram_stopped"],
      });
      if (!isStored) throw stopped();
      return true;
    } catch (error) {
      if (errorCode(error) !== "queue_message_invalid") throw error;
      log.error({ ...mark, error: describeError(error) }, "message is refused by the queue: given up");
      return false;
    }
  }

  async function handle(update: Update): Promise<void> {
    const inbound = read(update);
    switch (inbound.status) {
      case "ignored":
        log.info({ ...markOf(update), reason: inbound.reason }, "update ignored");
        return;
      case "topic":
        if (topics.apply(inbound.threadId, inbound.event, inbound.name)) deps.onTopics(topics.all());
        return;
      case "message":
        if (!(await publish(inbound.message))) return;
        deps.ringQueue();
        presence.received(inbound.message);
        learn(inbound.message);
    }
  }

  function learn({ threadId, topicName }: IncomingMessage): void {
    if (topicName !== undefined && topics.learn(threadId, topicName)) deps.onTopics(topics.all());
  }

  return {
    async take(update) {
      if (stopping.aborted) throw stopped();
      taking = handle(update);
      try {
        await taking;
        last = update.update_id;
      } finally {
        taking = undefined;
      }
    },
    lastHandled: () => last,
    async idle() {
      await taking?.catch(() => undefined);
    },
    inFlight: () => (taking === undefined ? 0 : 1),
  };
}

/** What a log line says of an update; a topic other than General is named. */
function markOf({ update_id: update, message }: Update) {
  const threadId = message?.message_thread_id;
  return { update, messageId: `u${update}`, ...(threadId === undefined ? {} : { threadId }) };
}
