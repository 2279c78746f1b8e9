/**
 * Signs of life in the chat: eyes on a message received, "typing" while it awaits its answer, the model's emoji at the
 * end. Best effort: nothing here delays or fails a message, and errors are for the debug log alone.
 *
 * A message is **shown** from `received` (or a turn that runs) until `settle`, `hide` or the time limit; its topic
 * types while one of its messages is shown. Once settled it is never shown again.
 */
import type { Clock } from "../../core/clock.ts";
import type { Model, ThreadId } from "../../core/ids.ts";
import type { Logger } from "../../core/log.ts";
import type { IncomingMessage, OutgoingMessage } from "../../core/queue/message.ts";
import { createRecent } from "./recent.ts";
import type { Chat, Emoji } from "./chat.ts";
import { classify, explain } from "./errors.ts";
import { within } from "./within.ts";

/** Telegram shows "typing" for five seconds: core.telegram.org/bots/api#sendchataction. */
const TYPING_EVERY_MS = 4_000;
/** For a message whose end is never told, such as one that was answered before a crash and then delivered again. */
const SHOWN_AT_MOST_MS = 2 * 60 * 60_000;
/** Settled messages remembered: many more than can be under way at once. */
const SETTLED_REMEMBERED = 1000;

const MODEL_EMOJI: Readonly<Record<Model, Emoji>> = { haiku: "⚡", sonnet: "✍", opus: "🔥" };
const RECEIVED: Emoji = "👀";
const ANSWERED: Emoji = "👌";
const FAILED: Emoji = "😢";

export interface Presence {
  /** The message is in the queue: eyes on it, and typing in its topic. */
  received(message: IncomingMessage): void;
  /** A turn of the message runs: typing. */
  show(threadId: ThreadId, messageId: string): void;
  /** Its answer will not come soon: no typing for it, until `show`. */
  hide(messageId: string): void;
  /** Its answer is here: no more typing for it, ever. */
  settle(messageId: string): void;
  /** The answer is posted: the final emoji on the message it answers. */
  finish(answer: OutgoingMessage): void;
  /** No typing in any topic for `ms`: Telegram asked for less. */
  pause(ms: number): void;
  /** No typing any more. */
  hush(): void;
  /** Hushes; waits at most `graceMs` for the reactions under way, then gives them up. */
  close(graceMs: number): Promise<void>;
}

export interface PresenceDeps {
  readonly chat: Chat;
  readonly log: Logger;
  readonly clock: Clock;
  readonly scrub: (text: string) => string;
}

/** A message, or its answer, with the place of the first in the chat. */
type Answerable = Pick<IncomingMessage | OutgoingMessage, "chatMessageId" | "threadId" | "messageId">;

interface Topic {
  /** Messages shown, and since when (monotonic). */
  readonly shown: Map<string, number>;
  calling: boolean;
  cancel: () => void;
}

/** The emoji that an answer leaves on the message it answers. */
export function finalEmoji(answer: Pick<OutgoingMessage, "kind" | "model">): Emoji {
  if (answer.kind === "failure") return FAILED;
  return answer.model === undefined ? ANSWERED : MODEL_EMOJI[answer.model];
}

export function createPresence({ chat, log, clock, scrub }: PresenceDeps): Presence {
  const topics = new Map<ThreadId, Topic>();
  const settled = createRecent(SETTLED_REMEMBERED);
  /** Reactions under way by message, so that a slow pair of eyes never replaces the final emoji. */
  const reactions = new Map<number, Promise<void>>();
  const ending = new AbortController();
  let quietUntil = 0;
  let hushed = false;

  function failed(what: string, mark: object, error: unknown): void {
    const failure = classify(error);
    if (failure.status === "limited") pause(failure.waitMs);
    log.debug({ ...mark, error: explain(error, scrub) }, what);
  }

  function pause(ms: number): void {
    quietUntil = Math.max(quietUntil, clock.monotonic() + ms);
  }

  function react({ chatMessageId, threadId, messageId }: Answerable, emoji: Emoji): void {
    if (chatMessageId === undefined || ending.signal.aborted) return;
    const before = reactions.get(chatMessageId);
    const mine = (before ?? Promise.resolve())
      .then(() => chat.react(chatMessageId, emoji, ending.signal))
      .catch((error: unknown) => {
        failed("reaction was not set", { threadId, messageId, chatMessageId }, error);
      })
      .finally(() => {
        if (reactions.get(chatMessageId) === mine) reactions.delete(chatMessageId);
      });
    reactions.set(chatMessageId, mine);
  }

  function show(threadId: ThreadId, messageId: string): void {
    if (hushed || settled.has(messageId)) return;
    const known = topics.get(threadId);
    const topic = known ?? { shown: new Map<string, number>(), calling: false, cancel: () => undefined };
    topic.shown.set(messageId, clock.monotonic());
    if (known !== undefined) return;
    topics.set(threadId, topic);
    beat(threadId, topic);
  }

  function beat(threadId: ThreadId, topic: Topic): void {
    const now = clock.monotonic();
    for (const [messageId, since] of topic.shown) {
      if (now - since > SHOWN_AT_MOST_MS) topic.shown.delete(messageId);
    }
    if (topic.shown.size === 0) {
      topics.delete(threadId);
      return;
    }
    topic.cancel = clock.after(TYPING_EVERY_MS, () => {
      beat(threadId, topic);
    });
    if (now >= quietUntil && !topic.calling) void type(threadId, topic);
  }

  async function type(threadId: ThreadId, topic: Topic): Promise<void> {
    topic.calling = true;
    try {
      await chat.type(threadId, ending.signal);
    } catch (error) {
      failed("typing was not shown", { threadId }, error);
    }
    topic.calling = false;
  }

  function hide(messageId: string): void {
    for (const [threadId, topic] of topics) {
      if (!topic.shown.delete(messageId) || topic.shown.size > 0) continue;
      topic.cancel();
      topics.delete(threadId);
    }
  }

  function settle(messageId: string): void {
    settled.add(messageId);
    hide(messageId);
  }

  function hush(): void {
    hushed = true;
    for (const topic of topics.values()) topic.cancel();
    topics.clear();
  }

  return {
    received(message) {
      if (settled.has(message.messageId)) return;
      react(message, RECEIVED);
      show(message.threadId, message.messageId);
    },
    show,
    hide,
    settle,
    finish(answer) {
      settle(answer.messageId);
      react(answer, finalEmoji(answer));
    },
    pause,
    hush,
    async close(graceMs) {
      hush();
      await within(Promise.all(reactions.values()), graceMs, clock);
      ending.abort();
    },
  };
}
