import type { Clock } from "../../core/clock.ts";
import { GENERAL_THREAD } from "../../core/ids.ts";
import type { Chat, Keyboard, Message, MessageContent, User } from "./types.ts";

/** Color of a topic's icon that Telegram takes when none is named. */
const ICON_COLOR = 0x6fb9f0;

/** A topic of the forum. General (1) was never created by anybody, so it has no creation to reply to. */
export interface Topic {
  readonly id: number;
  name: string;
  closed: boolean;
  readonly created?: Message;
}

export interface Posting {
  readonly from: User;
  readonly topicId: number;
  readonly content: MessageContent;
  /** What it replies to; in a topic every other message replies to the topic's creation. */
  readonly replyTo?: Message | undefined;
  readonly keyboard?: Keyboard | undefined;
}

/** What the bot is in the group, and the group to Telegram. */
export interface Standing {
  readonly isForum: boolean;
  /** Privacy mode is off. */
  readonly readsAll: boolean;
  readonly status: "administrator" | "member" | "left";
  readonly managesTopics: boolean;
}

/**
 * The forum as it stands: one supergroup with topics, its members, and the messages now visible. Ids of messages rise
 * over the whole chat, and a topic has the id of the message that created it. A stored message never changes: an edit
 * puts another in its place, so that what was answered or delivered before stays as it was.
 */
export class World {
  readonly chat: Chat;
  readonly bot: User;
  readonly users = new Map<number, User>();
  readonly topics = new Map<number, Topic>([[GENERAL_THREAD, { id: GENERAL_THREAD, name: "General", closed: false }]]);
  readonly pinned = new Set<number>();
  standing: Standing = { isForum: true, readsAll: true, status: "administrator", managesTopics: true };
  readonly #clock: Clock;
  readonly #onMessage: (message: Message) => void;
  readonly #messages = new Map<number, Message>();
  readonly #reactions = new Map<number, readonly string[]>();
  #lastMessageId = 1;

  /** `onMessage` hears of every message posted or edited, whoever wrote it. */
  constructor(options: { chat: Chat; bot: User; clock: Clock; onMessage: (message: Message) => void }) {
    this.chat = options.chat;
    this.bot = options.bot;
    this.#clock = options.clock;
    this.#onMessage = options.onMessage;
    this.users.set(options.bot.id, options.bot);
  }

  message(messageId: number): Message | undefined {
    return this.#messages.get(messageId);
  }

  /** Messages of people and of the bot in a topic, oldest first, edits applied; no service messages. */
  messagesIn(topicId: number): Message[] {
    return [...this.#messages.values()].filter(
      (message) => topicOf(message) === topicId && (message.text ?? message.document ?? message.photo) !== undefined,
    );
  }

  post({ from, topicId, content, replyTo, keyboard }: Posting): Message {
    const inTopic = topicId !== GENERAL_THREAD;
    const repliedTo = replyTo ?? this.topics.get(topicId)?.created;
    return this.#put({
      message_id: this.#nextMessageId(),
      from,
      chat: this.chat,
      date: this.now(),
      ...(inTopic ? { message_thread_id: topicId, is_topic_message: true } : {}),
      ...(repliedTo === undefined ? {} : { reply_to_message: withoutReply(repliedTo) }),
      ...content,
      ...(keyboard === undefined ? {} : { reply_markup: keyboard }),
    });
  }

  /** Puts new content and keyboard in place of the old; no keyboard takes the old one away. */
  edit(message: Message, content: MessageContent, keyboard: Keyboard | undefined): Message {
    const { reply_markup: _old, ...kept } = message;
    return this.#put({
      ...kept,
      ...content,
      edit_date: this.now(),
      ...(keyboard === undefined ? {} : { reply_markup: keyboard }),
    });
  }

  /** True if it was there. */
  remove(messageId: number): boolean {
    this.#reactions.delete(messageId);
    this.pinned.delete(messageId);
    return this.#messages.delete(messageId);
  }

  reactions(messageId: number): readonly string[] {
    return this.#reactions.get(messageId) ?? [];
  }

  react(messageId: number, emoji: readonly string[]): void {
    this.#reactions.set(messageId, emoji);
  }

  /** Makes a topic, and the service message that says so. */
  createTopic(name: string, from: User, iconColor = ICON_COLOR): Topic & { readonly created: Message } {
    const id = this.#nextMessageId();
    const created = this.#put({
      message_id: id,
      from,
      chat: this.chat,
      date: this.now(),
      message_thread_id: id,
      is_topic_message: true,
      forum_topic_created: { name, icon_color: iconColor },
    });
    const topic = { id, name, closed: false, created };
    this.topics.set(id, topic);
    return topic;
  }

  #put(message: Message): Message {
    this.#messages.set(message.message_id, message);
    this.#onMessage(message);
    return message;
  }

  #nextMessageId(): number {
    this.#lastMessageId += 1;
    return this.#lastMessageId;
  }

  /** Seconds since 1970, as messages are dated. */
  now(): number {
    return Math.floor(this.#clock.now() / 1000);
  }
}

/** The topic a message stands in; General's messages name none. */
export function topicOf(message: Message): number {
  return message.message_thread_id ?? GENERAL_THREAD;
}

/** A message shown as the one replied to does not show its own. */
function withoutReply(message: Message): Message {
  const { reply_to_message: _outer, ...rest } = message;
  return rest;
}
