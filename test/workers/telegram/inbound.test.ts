import assert from "node:assert/strict";
import { test } from "node:test";
import type { Message, Update } from "grammy/types";
import { incomingSchema, type IncomingMessage } from "../../../src/core/queue/message.ts";
import { readUpdate, type Inbound, type InboundContext } from "../../../src/workers/telegram/inbound.ts";
import { CHAT_ID, chatMessage, update } from "./support.ts";

const context: InboundContext = {
  chatId: CHAT_ID,
  allowedUsers: new Set(),
  modelOf: (id) => (id === 9 ? "opus" : undefined),
  topicName: () => undefined,
};

function read(fields: Partial<Message>, other: Partial<InboundContext> = {}): Inbound {
  return readUpdate(update(fields), { ...context, ...other });
}

function message(fields: Partial<Message>, other: Partial<InboundContext> = {}): IncomingMessage {
  const inbound = read(fields, other);
  assert.equal(inbound.status, "message");
  return (inbound as Inbound & { status: "message" }).message;
}

function reason(inbound: Inbound): string {
  assert.equal(inbound.status, "ignored");
  return (inbound as Inbound & { status: "ignored" }).reason;
}

const opener = chatMessage({ message_id: 5, forum_topic_created: { name: "API", icon_color: 7322096 } });
const answer = chatMessage({ message_id: 9, text: "Done: fixed." });
const reply = (target: Message): Partial<Message> => ({
  reply_to_message: target as Message["reply_to_message"] & object,
});

test("a message of a topic is read whole", () => {
  assert.deepEqual(incomingSchema.strict().parse(message({ text: "Fix it", ...reply(opener) })), {
    channel: "telegram",
    source: "user",
    threadId: 5,
    messageId: "u42",
    sender: "Tester",
    senderId: "7",
    message: "Fix it",
    timestamp: 1_760_000_000_000,
    topicName: "API",
    isReply: false,
    chatMessageId: 10,
  });
});

test("the reply that Telegram makes of every topic message is no reply, named or not", () => {
  assert.equal(message({ text: "a", ...reply(opener) }).isReply, false);
  assert.equal(message({ text: "a", ...reply(chatMessage({ message_id: 5 })) }).isReply, false);
  assert.equal(message({ text: "a", ...reply({ ...opener, message_id: 4 }) }).isReply, false);
});

test("the name learned goes before the name at the topic's creation", () => {
  assert.equal(message({ text: "a", ...reply(opener) }, { topicName: () => "API v2" }).topicName, "API v2");
});

test("a reply carries the text it answers and the model that wrote it", () => {
  const incoming = message({ text: "why?", ...reply(answer) });
  assert.equal(incoming.isReply, true);
  assert.equal(incoming.replyToText, "Done: fixed.");
  assert.equal(incoming.replyToModel, "opus");
});

test("a reply to a person bears no model", () => {
  const incoming = message({
    text: "why?",
    ...reply(chatMessage({ message_id: 8, caption: "see", voice: undefined as never })),
  });
  assert.equal(incoming.isReply, true);
  assert.equal("replyToModel" in incoming, false);
});

test("a quoted part is told beside the whole", () => {
  const quote = { text: "fixed", position: 6 };
  assert.equal(message({ text: "sure?", quote, ...reply(answer) }).replyToText, "Done: fixed.\n[quoted: fixed]");
});

test("a reply to a picture says so", () => {
  const photo = chatMessage({ message_id: 8, photo: [], caption: "the plan" });
  assert.equal(message({ text: "?", ...reply(photo) }).replyToText, "[photo]\nthe plan");
});

test("General is thread 1, even where a chain of replies has a thread id", () => {
  const general = { is_topic_message: undefined as never, message_thread_id: 300 };
  const incoming = message({ text: "hi", ...general, ...reply(chatMessage({ message_id: 300, text: "x" })) });
  assert.equal(incoming.threadId, 1);
  assert.equal(incoming.isReply, true);
});

test("another chat is ignored", () => {
  assert.match(reason(read({ text: "a", chat: { id: 3, type: "private", first_name: "Guest" } })), /chat 3/);
});

test("with a list of users the others are ignored", () => {
  assert.match(reason(read({ text: "a" }, { allowedUsers: new Set([8]) })), /user 7/);
  assert.equal(message({ text: "a" }, { allowedUsers: new Set([7]) }).senderId, "7");
});

test("bots and channels are ignored", () => {
  assert.match(reason(read({ text: "a", from: { id: 1, is_bot: true, first_name: "B" } })), /bot 1/);
  const channel = { id: -100777, type: "channel", title: "News" } as const;
  assert.match(reason(read({ text: "a", sender_chat: channel })), /posted as chat -100777/);
});

test("an anonymous admin is a member, but none of a list of users", () => {
  const group = { id: CHAT_ID, type: "supergroup", title: "Team" } as const;
  const from = { id: 1087968824, is_bot: true, first_name: "Group" } as const;
  assert.equal(message({ text: "a", from, sender_chat: group }).sender, "anonymous admin");
  assert.match(reason(read({ text: "a", from, sender_chat: group }, { allowedUsers: new Set([7]) })), /anonymous/);
});

test("edits, channel posts and events of the chat are ignored with the reason", () => {
  const edited = { update_id: 1, edited_message: chatMessage({ text: "b" }) } as Update;
  assert.match(reason(readUpdate(edited, context)), /edits a message/);
  const post = { update_id: 1, channel_post: chatMessage({ text: "b" }) } as unknown as Update;
  assert.match(reason(readUpdate(post, context)), /channel's post/);
  assert.match(reason(readUpdate({ update_id: 1, poll: {} } as Update, context)), /poll/);
  assert.match(reason(read({ new_chat_members: [] })), /new_chat_members/);
});

test("a group that moved names its new id", () => {
  assert.match(reason(read({ migrate_to_chat_id: -100555 })), /-100555.*TELEGRAM_CHAT_ID/);
});

test("topics are learned from service messages, whoever caused them", () => {
  const from = { id: 1, is_bot: true, first_name: "B" } as const;
  assert.deepEqual(read({ from, forum_topic_created: { name: "A\nPI", icon_color: 7322096 } }), {
    status: "topic",
    threadId: 5,
    event: "created",
    name: "A PI",
  });
  const renamed = { status: "topic", threadId: 5, event: "renamed", name: "Web" };
  assert.deepEqual(read({ forum_topic_edited: { name: "Web" } }), renamed);
  assert.deepEqual(read({ forum_topic_closed: {} }), { status: "topic", threadId: 5, event: "closed" });
  assert.deepEqual(read({ forum_topic_reopened: {} }), { status: "topic", threadId: 5, event: "reopened" });
  assert.match(reason(read({ forum_topic_edited: { icon_custom_emoji_id: "1" } })), /icon/);
});
