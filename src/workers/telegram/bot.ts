/** The Telegram worker: updates of the chat into the queue, messages of the queue into the chat. */
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Bot } from "grammy";
import type { PeerNotices, TopicNotice } from "../../core/channel/protocol.ts";
import type { Clock } from "../../core/clock.ts";
import type { TelegramConfig } from "../../core/config.ts";
import type { DiskView } from "../../core/disk-watch.ts";
import { isSyncFailure } from "../../core/errors.ts";
import type { Logger } from "../../core/log.ts";
import type { IncomingMessage, OutgoingMessage } from "../../core/queue/message.ts";
import type { Consumer, Producer } from "../../core/queue/queue.ts";
import { createScrubber } from "../../core/secrets.ts";
import { createChat } from "./chat.ts";
import { endOfPolling, explain } from "./errors.ts";
import { createIntake, type Intake } from "./intake.ts";
import * as grammy from "./grammy.ts";
import { openModelStore } from "./model-store.ts";
import { openDeliveries } from "./deliveries.ts";
import { createOutbox, type Outbox } from "./outbox.ts";
import { createPersistence } from "./polling.ts";
import { createPresence, type Presence } from "./presence.ts";
import { openTopicStore } from "./topic-store.ts";
import { within } from "./within.ts";

/** How long a poll waits at Telegram, seconds. */
const POLL_SECONDS = 30;
/** A call without an answer for this long has lost its connection. More than a poll takes. */
const CALL_SECONDS = POLL_SECONDS + 20;
/** How long stopping waits for the update being stored, for the messages being posted, for the last reactions. */
const INTAKE_GRACE_MS = 5_000;
const STOP_GRACE_MS = 8_000;
const PRESENCE_GRACE_MS = 1_000;

export interface TelegramWorkerDeps {
  readonly config: Pick<TelegramConfig, "token" | "chatId" | "allowedUsers" | "apiRoot" | "dir">;
  readonly producer: Producer<IncomingMessage>;
  /** Opened and closed by this worker. */
  readonly consumer: Consumer<OutgoingMessage>;
  readonly log: Logger;
  readonly clock: Clock;
  readonly disk: DiskView;
  /** Tells the queue worker that a message was published. */
  readonly ringQueue: () => void;
  /** Told all topics whose names are known: at the start, and at each change. */
  readonly onTopics?: (topics: readonly TopicNotice[]) => void;
  /** Called once, when the worker is at work. Telegram need not have answered yet. */
  readonly onReady?: () => void;
}

export interface TelegramWorker {
  /**
   * Resolves when stopped. Rejects with `telegram_unauthorized`, `telegram_failed` or what a failed sync ended in, everything
   * put down.
   */
  start(): Promise<void>;
  /**
   * Ends polling, then typing; waits at most `graceMs` (8 s) for what is being posted. May be called at any time, and
   * again.
   */
  stop(graceMs?: number): Promise<void>;
  /** `lastPollOk`: when Telegram last answered a poll, `lastPollEnd`: when one last ended, epoch ms, 0 before the first. `inFlight`: messages in hand. */
  progress(): { readonly lastPollOk: number; readonly lastPollEnd: number; readonly inFlight: number };
  /** What the queue worker tells of a turn: typing while it runs, none while it waits. */
  turn(notice: PeerNotices["turn"]): void;
}

/** What runs between start and stop. */
interface Parts {
  readonly bot: Bot;
  readonly intake: Intake;
  readonly outbox: Outbox;
  readonly presence: Presence;
  flush(): Promise<unknown>;
}

export function createTelegramWorker(deps: TelegramWorkerDeps): TelegramWorker {
  const { config, log, clock, disk } = deps;
  const scrub = createScrubber([config.token]);
  const stopping = new AbortController();
  let lastPollOk = 0;
  let lastPollEnd = 0;
  let parts: Parts | undefined;
  let started: Promise<void> | undefined;
  let ended: Promise<void> | undefined;

  async function assemble(onFault: (fault: unknown) => void): Promise<Parts> {
    const queue = join(config.dir, "queue");
    await mkdir(queue, { recursive: true });
    const [models, topics, deliveries] = await Promise.all([
      openModelStore(config.dir, log),
      openTopicStore(config.dir, log),
      openDeliveries(join(queue, "deliveries.jsonl"), clock),
    ]);
    const client = { apiRoot: config.apiRoot, timeoutSeconds: CALL_SECONDS };
    const bot = new grammy.Bot(config.token.reveal(), { client });
    const chat = createChat(bot.api, config.chatId);
    const presence = createPresence({ chat, log, clock, scrub });
    const { consumer } = deps;
    const outbox = createOutbox({ consumer, deliveries, chat, presence, models, log, clock, disk, scrub, onFault });
    const onTopics = deps.onTopics ?? (() => undefined);
    const onTried = (): void => {
      lastPollEnd = clock.now();
    };
    const intake = createIntake({
      context: {
        chatId: config.chatId,
        allowedUsers: config.allowedUsers,
        modelOf: (id) => models.get(id),
        topicName: (threadId) => topics.name(threadId),
      },
      stopping: stopping.signal,
      disk,
      onTried,
      producer: deps.producer,
      ringQueue: deps.ringQueue,
      onTopics,
      topics,
      presence,
      log,
      clock,
    });
    const lastHandled = async (): Promise<number | undefined> => {
      await within(intake.idle(), INTAKE_GRACE_MS, clock);
      return intake.lastHandled();
    };
    const onPolled = (): void => {
      lastPollOk = clock.now();
    };
    bot.api.config.use(
      createPersistence({ log, clock, disk, scrub, stopping: stopping.signal, lastHandled, onPolled, onTried }),
    );
    bot.use((context) => intake.take(context.update));
    // grammY's own handler confirms the update that failed. Thrown on, the error ends polling with it unconfirmed.
    bot.catch((error) => {
      throw error.error;
    });
    onTopics(topics.all());
    return {
      bot,
      intake,
      outbox,
      presence,
      flush: async () => {
        await Promise.all([models.flush(), topics.flush()]);
        deliveries.close();
      },
    };
  }

  async function run(): Promise<void> {
    let fail: (fault: unknown) => void = () => undefined;
    const fault = new Promise<never>((_, reject) => {
      fail = reject;
    });
    // It may come when nobody listens any more: after polling has ended for a reason of its own.
    fault.catch(() => undefined);
    parts = await assemble(fail);
    if (stopping.signal.aborted) return;
    try {
      await parts.outbox.start();
      deps.onReady?.();
      await Promise.race([poll(parts.bot), fault]);
    } finally {
      await stop();
    }
  }

  async function poll(bot: Bot): Promise<void> {
    try {
      await bot.start({ allowed_updates: ["message"], timeout: POLL_SECONDS });
    } catch (error) {
      if (isSyncFailure(error)) throw error;
      if (!stopping.signal.aborted) throw endOfPolling(error, scrub);
    }
    if (!stopping.signal.aborted) throw endOfPolling(new Error("polling ended unasked"), scrub);
  }

  async function end(graceMs: number): Promise<void> {
    stopping.abort();
    if (parts === undefined) return;
    const { bot, outbox, presence } = parts;
    const polling = bot.stop().catch((error: unknown) => {
      log.debug({ error: explain(error, scrub) }, "handled updates were not confirmed: they will come again");
    });
    presence.hush();
    await Promise.all([polling, outbox.stop(graceMs)]);
    await presence.close(PRESENCE_GRACE_MS);
    await parts.flush();
  }

  function stop(graceMs: number = STOP_GRACE_MS): Promise<void> {
    ended ??= end(graceMs);
    return ended;
  }

  return {
    start() {
      started ??= run();
      return started;
    },
    stop,
    progress: () => ({
      lastPollOk,
      lastPollEnd,
      inFlight: (parts?.intake.inFlight() ?? 0) + (parts?.outbox.inFlight() ?? 0),
    }),
    turn({ threadId, messageId, state }) {
      if (state === "running") parts?.presence.show(threadId, messageId);
      else parts?.presence.hide(messageId);
    },
  };
}
