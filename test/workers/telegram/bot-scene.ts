/** A Telegram worker between the Bot API stand-in and queues in memory. */
import type { TestContext } from "node:test";
import type { TopicNotice } from "../../../src/core/channel/protocol.ts";
import { incomingKind, outgoingKind } from "../../../src/core/queue/kinds.ts";
import { MemoryQueue, MemoryStore } from "../../../src/core/queue/memory-queue.ts";
import type { IncomingMessage, OutgoingMessage } from "../../../src/core/queue/message.ts";
import { Secret } from "../../../src/core/secrets.ts";
import { TelegramSandbox, type User } from "../../../src/sandbox/telegram/telegram.ts";
import { createTelegramWorker, type TelegramWorker } from "../../../src/workers/telegram/bot.ts";
import {
  createLogLines,
  hurriedClock,
  roomyDisk,
  temporaryDirectory,
  type LogLines,
  type TestDisk,
} from "./support.ts";

/** Pauses of seconds take a twentieth. */
const clock = hurriedClock(20);

export interface WorkerOptions {
  readonly token?: string;
  readonly allowedUsers?: readonly number[];
}

export interface Scene {
  readonly telegram: TelegramSandbox;
  readonly user: User;
  readonly log: LogLines;
  readonly dir: string;
  readonly disk: TestDisk;
  /** What is in the incoming queue, each message once for each time it was published. */
  readonly stored: IncomingMessage[];
  readonly sent: MemoryStore<OutgoingMessage>;
  /** Awaited by `publish` before it stores. */
  publishing: (message: IncomingMessage) => Promise<void>;
  /** Called when the worker rings for the queue worker. */
  ringing: () => void;
  /** The topics as last told. */
  readonly topics: () => readonly TopicNotice[];
  readonly rings: () => number;
  /** Resolves with the message of that text, when it is in the queue. */
  readonly waitForStored: (text: string) => Promise<IncomingMessage>;
  /** Puts a message into the outgoing queue. */
  readonly say: (message: Partial<OutgoingMessage>) => Promise<void>;
  /** A worker that is stopped when the test ends. */
  readonly worker: (options?: WorkerOptions) => TelegramWorker;
  /** The same, started; what `start` rejects with is `fault`. */
  readonly started: (options?: WorkerOptions) => TelegramWorker & { readonly fault: Promise<unknown> };
}

export async function createScene(t: TestContext): Promise<Scene> {
  const telegram = new TelegramSandbox();
  await telegram.start();
  const workers: TelegramWorker[] = [];
  const dir = await temporaryDirectory(t, async () => {
    await Promise.all(workers.map((worker) => worker.stop()));
    await telegram.stop();
  });
  const log = createLogLines();
  const disk = roomyDisk();
  const stored: IncomingMessage[] = [];
  const listeners = new Set<() => void>();
  const sent = new MemoryStore<OutgoingMessage>();
  const consumers: MemoryQueue<OutgoingMessage>[] = [];
  let topics: readonly TopicNotice[] = [];
  let rings = 0;

  async function publish(message: IncomingMessage): Promise<void> {
    await scene.publishing(message);
    stored.push(incomingKind.schema.parse(message));
    for (const listener of listeners) listener();
  }

  function consumer(): MemoryQueue<OutgoingMessage> {
    const queue = new MemoryQueue<OutgoingMessage>({ kind: outgoingKind, clock, store: sent });
    consumers.push(queue);
    return queue;
  }

  function worker({ token = telegram.token, allowedUsers = [] }: WorkerOptions = {}): TelegramWorker {
    const { chatId, url: apiRoot } = telegram;
    const created = createTelegramWorker({
      config: { token: new Secret(token), chatId, allowedUsers: new Set(allowedUsers), apiRoot, dir },
      producer: { publish },
      consumer: consumer(),
      log,
      clock,
      disk,
      ringQueue: () => {
        rings += 1;
        scene.ringing();
      },
      onTopics: (all) => {
        topics = all;
      },
    });
    workers.push(created);
    return created;
  }

  const scene: Scene = {
    telegram,
    user: telegram.addUser({ firstName: "Tester" }),
    log,
    dir,
    disk,
    stored,
    sent,
    publishing: () => Promise.resolve(),
    ringing: () => undefined,
    topics: () => topics,
    rings: () => rings,
    waitForStored: (text) =>
      new Promise((resolve) => {
        const look = (): void => {
          const found = stored.find(({ message }) => message === text);
          if (found === undefined) return;
          listeners.delete(look);
          resolve(found);
        };
        listeners.add(look);
        look();
      }),
    async say(message) {
      const base = {
        channel: "telegram",
        threadId: 1,
        messageId: "m1",
        sender: "assistant",
        message: "x",
        timestamp: 0,
      };
      await new MemoryQueue<OutgoingMessage>({ kind: outgoingKind, clock, store: sent }).publish({
        ...base,
        ...message,
      });
      for (const queue of consumers) queue.notify();
    },
    worker,
    started(options) {
      const created = worker(options);
      const fault = created.start().then(
        () => undefined,
        (error: unknown) => error,
      );
      return { ...created, fault };
    },
  };
  return scene;
}
