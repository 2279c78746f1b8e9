/** What an update of Telegram means to TinyClaw. Pure. */
import type { Message, Update } from "grammy/types";
import { GENERAL_THREAD, type Model, type ThreadId } from "../../core/ids.ts";
import type { IncomingMessage } from "../../core/queue/message.ts";
import { contentOf } from "./content.ts";
import { personName, topicTitle } from "./names.ts";

/** What reading an update takes from outside it. */
export interface InboundContext {
  readonly chatId: number;
  /** Empty: every member of the chat. */
  readonly allowedUsers: ReadonlySet<number>;
  /** The model that wrote a message of the bot, by Telegram's message id. */
  readonly modelOf: (messageId: number) => Model | undefined;
  /** The name of a topic as learned so far. */
  readonly topicName: (threadId: ThreadId) => string | undefined;
}

export type TopicEvent = "created" | "renamed" | "closed" | "reopened";

export type Inbound =
  | { readonly status: "message"; readonly message: IncomingMessage }
  | { readonly status: "topic"; readonly threadId: ThreadId; readonly event: TopicEvent; readonly name?: string }
  | { readonly status: "ignored"; readonly reason: string };

type Sender =
  | { readonly status: "sender"; readonly name: string; readonly id: string }
  | { readonly status: "ignored"; readonly reason: string };

/** Reads an update. Whatever is `ignored` is for the log alone: the chat is told nothing. */
export function readUpdate(update: Update, context: InboundContext): Inbound {
  const message = update.message;
  if (message === undefined) return ignored(otherUpdate(update));
  if (message.chat.id !== context.chatId) return ignored(`it is of chat ${message.chat.id}, not of the configured one`);
  if (message.migrate_to_chat_id !== undefined) {
    return ignored(`the group became chat ${message.migrate_to_chat_id}: set TELEGRAM_CHAT_ID to that`);
  }
  const topic = topicEvent(message);
  if (topic !== undefined) return topic;
  const sender = senderOf(message, context);
  if (sender.status === "ignored") return sender;
  const content = contentOf(message);
  if (content.status === "service") return ignored(`it reports an event of the chat: ${content.event}`);
  return { status: "message", message: incoming(update.update_id, message, content.text, sender, context) };
}

/** General's messages bear no thread id, or that of a chain of replies. */
function threadOf(message: Message): ThreadId {
  return message.is_topic_message === true ? (message.message_thread_id ?? GENERAL_THREAD) : GENERAL_THREAD;
}

function ignored(reason: string): Inbound & { status: "ignored" } {
  return { status: "ignored", reason };
}

function otherUpdate(update: Update): string {
  if (update.edited_message !== undefined) {
    return "it edits a message that an agent may have read already: what a turn was asked does not change under it";
  }
  if (update.channel_post !== undefined || update.edited_channel_post !== undefined) {
    return "it is a channel's post, which no person in the chat wrote";
  }
  const kind = Object.keys(update).find((key) => key !== "update_id");
  return `updates of kind ${kind ?? "unknown"} are not used`;
}

function topicEvent(message: Message): Inbound | undefined {
  const threadId = message.message_thread_id ?? GENERAL_THREAD;
  if (message.forum_topic_created !== undefined) {
    const name = topicTitle(message.forum_topic_created.name);
    return { status: "topic", threadId, event: "created", ...(name !== undefined && { name }) };
  }
  if (message.forum_topic_edited !== undefined) {
    const name = topicTitle(message.forum_topic_edited.name);
    if (name === undefined) return ignored("it changes a topic's icon alone");
    return { status: "topic", threadId, event: "renamed", name };
  }
  if (message.forum_topic_closed !== undefined) return { status: "topic", threadId, event: "closed" };
  if (message.forum_topic_reopened !== undefined) return { status: "topic", threadId, event: "reopened" };
  return undefined;
}

/**
 * Who wrote it. Bots are not answered: two of them would talk for ever. Telegram shows an anonymous admin as a bot that
 * writes for the group itself: a member like any other, though never one of a list of user ids.
 */
function senderOf(message: Message, context: InboundContext): Sender {
  const { from, sender_chat: onBehalfOf } = message;
  const listed = context.allowedUsers.size > 0;
  if (onBehalfOf !== undefined) {
    if (onBehalfOf.id !== context.chatId) return ignored(`it was posted as chat ${onBehalfOf.id}, not by a person`);
    if (listed) return ignored("an anonymous admin is not among TELEGRAM_ALLOWED_USERS");
    const name = personName(message.author_signature ?? "", "anonymous admin");
    return { status: "sender", name, id: String(onBehalfOf.id) };
  }
  if (from === undefined) return ignored("it has no sender");
  if (from.is_bot) return ignored(`bot ${from.id} wrote it, and bots are not answered`);
  if (listed && !context.allowedUsers.has(from.id)) return ignored(`user ${from.id} is not in TELEGRAM_ALLOWED_USERS`);
  return { status: "sender", name: personName(from.first_name, `user ${from.id}`), id: String(from.id) };
}

function incoming(
  updateId: number,
  message: Message,
  text: string,
  sender: Sender & { status: "sender" },
  context: InboundContext,
): IncomingMessage {
  const threadId = threadOf(message);
  // The name at the topic's creation, which a rename leaves behind: what was learned since then goes first.
  const nameAtCreation = topicTitle(message.reply_to_message?.forum_topic_created?.name);
  const topicName = context.topicName(threadId) ?? nameAtCreation;
  return {
    channel: "telegram",
    source: "user",
    threadId,
    messageId: `u${updateId}`,
    sender: sender.name,
    senderId: sender.id,
    message: text,
    timestamp: message.date * 1000,
    ...(topicName !== undefined && { topicName }),
    ...replyOf(message, context),
    // 0 stands for a message that nothing can be done with.
    ...(message.message_id > 0 && { chatMessageId: message.message_id }),
  };
}

/** The person's own choice of what to answer, as the agent is to see it. */
function replyOf(
  message: Message,
  context: InboundContext,
): Pick<IncomingMessage, "isReply" | "replyToText" | "replyToModel"> {
  const target = repliedTo(message);
  if (target === undefined && message.external_reply === undefined) return { isReply: false };
  const text = replyText(target, message.quote?.text);
  const model = target && context.modelOf(target.message_id);
  return {
    isReply: true,
    ...(text !== "" && { replyToText: text }),
    ...(model !== undefined && { replyToModel: model }),
  };
}

/** Telegram makes each message of a topic a reply to the one that opened the topic: that one is no reply. */
function repliedTo(message: Message): Message | undefined {
  const target = message.reply_to_message;
  if (target?.forum_topic_created !== undefined) return undefined;
  const opener = message.is_topic_message === true ? message.message_thread_id : undefined;
  return target?.message_id === opener ? undefined : target;
}

function replyText(target: Message | undefined, quote: string | undefined): string {
  const parts: string[] = [];
  if (target !== undefined) {
    const content = contentOf(target);
    parts.push(content.status === "text" ? content.text : `[${content.event}]`);
  }
  if (quote !== undefined) parts.push(`[quoted: ${quote}]`);
  return parts.join("\n");
}
