/** The Telegram worker as a worker thread: its queues, its lines. */
import { join } from "node:path";
import type { TelegramConfig } from "../../core/config.ts";
import type { TopicNotice } from "../../core/channel/protocol.ts";
import { errorCode } from "../../core/errors.ts";
import { incomingProducer, outgoingConsumer } from "../../core/queue/file-queue.ts";
import { sharedSequence } from "../../core/queue/sequence.ts";
import type { WorkerContext, WorkerService } from "../thread.ts";
import { createTelegramWorker } from "./bot.ts";

export function createTelegramService(context: WorkerContext<TelegramConfig>): Promise<WorkerService> {
  const { config, log, clock } = context;
  const ends = { root: join(config.dir, "queue"), sequence: sharedSequence(context.sequence), clock, logger: log };
  const outgoing = outgoingConsumer(ends);
  let topics: readonly TopicNotice[] = [];
  let onReady: () => void = () => undefined;
  const ready = new Promise<void>((resolve) => {
    onReady = resolve;
  });
  const worker = createTelegramWorker({
    config,
    log,
    clock,
    onReady,
    producer: incomingProducer(ends),
    consumer: outgoing,
    ringQueue: () => {
      context.tell("published", {});
    },
    onTopics: (known) => {
      topics = known;
      context.tell("topics", { topics });
    },
  });
  return Promise.resolve({
    async start() {
      const ended = worker.start();
      ended.catch((error: unknown) => {
        context.fail(error);
      });
      await Promise.race([ready, ended]);
    },
    stop: (graceMs) => worker.stop(graceMs),
    progress: () => worker.progress(),
    hears: {
      published: () => {
        outgoing.notify();
      },
      turn: (notice) => {
        worker.turn(notice);
      },
    },
    onWired: () => {
      context.tell("topics", { topics });
    },
  });
}

/** A token that Telegram refuses stays refused. */
export function isPermanentTelegramFault(error: unknown): boolean {
  return errorCode(error) === "telegram_unauthorized";
}
