import { EventEmitter } from "node:events";
import type { Clock } from "../../core/clock.ts";
import type { Upload } from "./body.ts";
import { TelegramSandboxError } from "./errors.ts";
import { Files } from "./files.ts";
import { findEntities } from "./markup/format.ts";
import type { Call } from "./record.ts";
import type { Message, MessageContent, UpdateFields, User } from "./types.ts";
import { Updates } from "./updates.ts";
import { World } from "./world.ts";
import type { Topic } from "./world.ts";

export interface TelegramEvents {
  /** A call has ended. */
  call: [Call];
  /** A message was posted or edited, by anybody. */
  message: [Message];
  /** A poll found nothing and waits. */
  poll: [];
}

export interface ForumOptions {
  readonly token: string;
  readonly chatId: number;
  readonly botUsername: string;
  readonly clock: Clock;
}

export interface NewUser {
  readonly id?: number;
  readonly firstName: string;
  readonly username?: string;
}

/** What a user's deed brought about: the update that the bot gets, and the message. */
export interface Deed {
  readonly updateId: number;
  readonly messageId: number;
}

/** A file that a user sends. */
export interface UserFile extends Omit<Upload, "bytes"> {
  readonly bytes: Uint8Array;
  readonly caption?: string;
}

const FIRST_USER_ID = 900_001;

/** The side of Telegram that people see: they write, press buttons and run topics, and the bot gets updates of it. */
export class ForumSide extends EventEmitter<TelegramEvents> {
  readonly chatId: number;
  protected readonly world: World;
  protected readonly updates: Updates;
  protected readonly files = new Files();
  protected readonly callbackQueries = new Set<string>();
  /** Who runs the topics. */
  readonly #owner: User;

  constructor({ token, chatId, botUsername, clock }: ForumOptions) {
    super();
    this.chatId = chatId;
    this.updates = new Updates(clock, () => this.emit("poll"));
    this.world = new World({
      chat: { id: chatId, type: "supergroup", title: "Sandbox forum", is_forum: true },
      bot: { id: Number.parseInt(token, 10), is_bot: true, first_name: "Sandbox bot", username: botUsername },
      clock,
      onMessage: (message) => this.emit("message", message),
    });
    this.#owner = this.addUser({ firstName: "Owner" });
  }

  addUser({ id, firstName, username }: NewUser): User {
    const user = {
      id: id ?? FIRST_USER_ID + this.world.users.size,
      is_bot: false,
      first_name: firstName,
      ...(username === undefined ? {} : { username }),
    };
    this.world.users.set(user.id, user);
    return user;
  }

  /** Makes a topic and returns its thread id; the bot gets the service message. */
  createTopic(name: string): number {
    const topic = this.world.createTopic(name, this.#owner);
    this.updates.add({ message: topic.created });
    return topic.id;
  }

  renameTopic(topicId: number, name: string): Deed {
    const topic = this.#topic(topicId);
    topic.name = name;
    return this.#post(this.#owner, topicId, { forum_topic_edited: { name } });
  }

  closeTopic(topicId: number): Deed {
    this.#topic(topicId).closed = true;
    return this.#post(this.#owner, topicId, { forum_topic_closed: {} });
  }

  reopenTopic(topicId: number): Deed {
    this.#topic(topicId).closed = false;
    return this.#post(this.#owner, topicId, { forum_topic_reopened: {} });
  }

  /** A user writes in a topic; 1 is General. */
  sendText(topicId: number, user: User, text: string, options: { replyToMessageId?: number } = {}): Deed {
    const entities = findEntities(text);
    const content = entities.length === 0 ? { text } : { text, entities };
    const { replyToMessageId } = options;
    return this.#post(
      user,
      topicId,
      content,
      replyToMessageId === undefined ? undefined : this.#message(replyToMessageId),
    );
  }

  /** A user changes a text of theirs. */
  editText(messageId: number, text: string): Deed {
    const edited = this.world.edit(this.#message(messageId), { text }, undefined);
    return { updateId: this.updates.add({ edited_message: edited }), messageId };
  }

  sendDocument(topicId: number, user: User, { caption, ...file }: UserFile): Deed {
    const document = this.files.addDocument({ ...file, bytes: Buffer.from(file.bytes) });
    return this.#post(user, topicId, caption === undefined ? { document } : { document, caption });
  }

  sendPhoto(topicId: number, user: User, { caption, ...file }: UserFile): Deed {
    const photo = this.files.addPhoto({ ...file, bytes: Buffer.from(file.bytes) });
    return this.#post(user, topicId, caption === undefined ? { photo } : { photo, caption });
  }

  /** A user presses the button of a message that bears this data. */
  pressButton(user: User, messageId: number, data: string): { readonly updateId: number; readonly queryId: string } {
    const message = this.#message(messageId);
    const buttons = message.reply_markup?.inline_keyboard.flat() ?? [];
    if (!buttons.some((button) => button.callback_data === data)) {
      throw new TelegramSandboxError(
        "telegram_unknown_button",
        `pressButton ${data}: message ${messageId} has the buttons ${JSON.stringify(buttons)}; press one of them`,
        { details: { messageId, data } },
      );
    }
    const queryId = String(this.callbackQueries.size + 1);
    this.callbackQueries.add(queryId);
    const query = { id: queryId, from: user, message, chat_instance: String(this.chatId), data };
    return { updateId: this.updates.add({ callback_query: query }), queryId };
  }

  /** A user writes in another chat that the bot is in: a private one, or a group when the id is negative. */
  sendTextElsewhere(chatId: number, user: User, text: string): Deed {
    const chat = chatId < 0 ? { id: chatId, type: "group", title: "Elsewhere" } : { id: chatId, type: "private" };
    const message = { message_id: 1, from: user, chat, date: this.world.now(), text, entities: findEntities(text) };
    return { updateId: this.updates.add({ message }), messageId: message.message_id };
  }

  /** A user takes a message away; the bot is not told. */
  deleteMessage(messageId: number): void {
    this.world.remove(this.#message(messageId).message_id);
  }

  /** Puts any update before the bot, of a kind the sandbox has no people for. Returns its id. */
  inject(update: UpdateFields): number {
    return this.updates.add(update);
  }

  /** Hands an update to the bot once more, though it was confirmed. */
  redeliver(updateId: number): void {
    this.updates.redeliver(updateId);
  }

  /** Messages of people and of the bot now visible in a topic, oldest first, edits applied; no service messages. */
  messages(topicId: number): readonly Message[] {
    return this.world.messagesIn(topicId);
  }

  /** A message as it stands now; undefined when it was deleted. */
  message(messageId: number): Message | undefined {
    return this.world.message(messageId);
  }

  /** The bot's reactions to a message. */
  reactions(messageId: number): readonly string[] {
    return this.world.reactions(messageId);
  }

  /** A topic's name and whether it is closed. */
  topic(topicId: number): { readonly name: string; readonly closed: boolean } {
    const { name, closed } = this.#topic(topicId);
    return { name, closed };
  }

  #post(from: User, topicId: number, content: MessageContent, replyTo?: Message): Deed {
    const message = this.world.post({ from, topicId: this.#topic(topicId).id, content, replyTo });
    return { updateId: this.updates.add({ message }), messageId: message.message_id };
  }

  #topic(topicId: number): Topic {
    const topic = this.world.topics.get(topicId);
    if (topic !== undefined) return topic;
    throw new TelegramSandboxError("telegram_unknown_topic", `topic ${topicId} does not exist; create it first`, {
      details: { topicId },
    });
  }

  #message(messageId: number): Message {
    const message = this.world.message(messageId);
    if (message !== undefined) return message;
    throw new TelegramSandboxError("telegram_unknown_message", `message ${messageId} is not there, or was deleted`, {
      details: { messageId },
    });
  }
}
