/** The Telegram worker as a worker thread: its queues, its lines. */
import { join } from "node:path";
import type { TelegramConfig } from "../../core/config.ts";
import type { TopicNotice } from "../../core/channel/protocol.ts";
import { DiskWatch, sparingLog } from "../../core/disk-watch.ts";
import { errorCode, systemFault } from "../../core/errors.ts";
import { incomingProducer, outgoingConsumer } from "../../core/queue/file-queue.ts";
import { sharedSequence } from "../../core/queue/sequence.ts";
import type { WorkerContext, WorkerService } from "../thread.ts";
import { createTelegramWorker } from "./bot.ts";

export function createTelegramService(context: WorkerContext<TelegramConfig>): Promise<WorkerService> {
  const { config, clock } = context;
  const disk = new DiskWatch({ dir: config.dir, clock, log: context.log });
  const log = sparingLog(context.log, disk);
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
    disk,
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
      await disk.start();
      const ended = worker.start();
      ended.catch((error: unknown) => {
        context.fail(error);
      });
      await Promise.race([ready, ended]);
    },
    async stop(graceMs) {
      await worker.stop(graceMs);
      await disk.stop();
    },
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

/** A token that Telegram refuses stays refused, and a disk that was made read-only stays so. */
export function isPermanentTelegramFault(error: unknown): boolean {
  return errorCode(error) === "telegram_unauthorized" || systemFault(error, ["EROFS"]) !== undefined;
}
