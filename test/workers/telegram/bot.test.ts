import assert from "node:assert/strict";
import { test } from "node:test";
import { errorCode } from "../../../src/core/errors.ts";
import { eventually } from "../../support/eventually.ts";
import { createScene } from "./bot-scene.ts";

test("a message of a topic is stored, seen and answered", async (t) => {
  const { telegram, user, waitForStored, say, started, rings } = await createScene(t);
  const topic = telegram.createTopic("API");
  const asked = telegram.sendText(topic, user, "Fix the failing test");
  const worker = started();
  const message = await waitForStored("Fix the failing test");
  assert.equal(message.messageId, `u${asked.updateId}`);
  assert.equal(message.threadId, topic);
  assert.equal(message.topicName, "API");
  assert.equal(message.isReply, false);
  await telegram.waitFor("sendChatAction");
  assert.equal(rings(), 1);
  await telegram.waitFor("setMessageReaction");
  assert.deepEqual(telegram.reactions(asked.messageId), ["👀"]);

  const { threadId, messageId, chatMessageId } = message;
  await say({ threadId, messageId, ...(chatMessageId && { chatMessageId }), message: "Done.", model: "sonnet" });
  await telegram.waitForMessage(topic, ({ text }) => text === "Done.");
  const call = await telegram.waitFor("sendMessage");
  assert.deepEqual(call.params["link_preview_options"], { is_disabled: true });
  await telegram.waitFor((call) => call.method === "setMessageReaction" && JSON.stringify(call.params).includes("✍"));
  assert.deepEqual(telegram.reactions(asked.messageId), ["✍"]);
  assert.ok(worker.progress().lastPollOk > 0);
});

test("General is typed in as thread 1 and written to without a thread", async (t) => {
  const { telegram, user, waitForStored, say, started } = await createScene(t);
  started();
  telegram.sendText(1, user, "hello");
  const message = await waitForStored("hello");
  assert.equal(message.threadId, 1);
  const typing = await telegram.waitFor("sendChatAction");
  assert.equal(typing.status, 200);
  assert.equal(typing.params["message_thread_id"], 1);
  await say({ messageId: message.messageId, message: "Hello." });
  const call = await telegram.waitFor("sendMessage");
  assert.equal(call.status, 200);
  assert.equal("message_thread_id" in call.params, false);
});

test("a reply to the bot bears the model that wrote it, over a restart too", async (t) => {
  const { sent, telegram, user, waitForStored, say, started } = await createScene(t);
  const topic = telegram.createTopic("API");
  const first = started();
  await say({ threadId: topic, message: "Thought hard.", model: "opus" });
  const posted = await telegram.waitForMessage(topic, ({ text }) => text === "Thought hard.");
  // The worker writes down what it posted when Telegram has answered.
  await eventually("its end", () => (sent.entries.size === 0 && sent.done.size === 1 ? true : undefined));
  await first.stop();
  started();
  telegram.sendText(topic, user, "Why?", { replyToMessageId: posted.message_id });
  const reply = await waitForStored("Why?");
  assert.equal(reply.replyToModel, "opus");
  assert.equal(reply.replyToText, "Thought hard.");
});

test("topics are told by their names of now, over a restart too", async (t) => {
  const { telegram, user, waitForStored, started, topics } = await createScene(t);
  const topic = telegram.createTopic("API");
  const first = started();
  telegram.renameTopic(topic, "Web");
  telegram.sendText(topic, user, "a");
  assert.equal((await waitForStored("a")).topicName, "Web");
  telegram.closeTopic(topic);
  telegram.sendText(1, user, "b");
  await waitForStored("b");
  assert.deepEqual(topics(), [{ threadId: topic, name: "Web", closed: true }]);
  await first.stop();
  telegram.sendText(topic, user, "c");
  started();
  assert.equal((await waitForStored("c")).topicName, "Web");
  assert.deepEqual(topics(), [{ threadId: topic, name: "Web", closed: true }]);
});

test("strangers are met with silence, and a line in the log", async (t) => {
  const { telegram, user, log, stored, waitForStored, started } = await createScene(t);
  const member = telegram.addUser({ firstName: "Bo" });
  started({ allowedUsers: [member.id] });
  telegram.sendText(1, user, "let me in");
  telegram.sendText(1, member, "hello");
  await waitForStored("hello");
  assert.equal(stored.length, 1);
  await telegram.waitFor("setMessageReaction");
  assert.equal(telegram.calls.filter(({ method }) => method === "setMessageReaction").length, 1);
  assert.ok(log.at("info").some((line) => line.includes(`user ${user.id}`)));
});

test("a document is stored by its name and caption", async (t) => {
  const { telegram, user, waitForStored, started } = await createScene(t);
  started();
  telegram.sendDocument(1, user, { name: "a.pdf", mime: "application/pdf", bytes: Buffer.from("x"), caption: "read" });
  await waitForStored("[document: a.pdf]\nread");
});

test("a message answered before is not looked at again when it comes again", async (t) => {
  const { telegram, user, stored, waitForStored, say, started } = await createScene(t);
  started();
  const asked = telegram.sendText(1, user, "once");
  const { messageId } = await waitForStored("once");
  await say({ messageId, chatMessageId: asked.messageId, message: "Yes.", model: "haiku" });
  await telegram.waitFor((call) => JSON.stringify(call.params).includes("⚡"));
  const before = telegram.calls.length;
  telegram.redeliver(asked.updateId);
  telegram.sendText(1, user, "next");
  await waitForStored("next");
  await telegram.waitFor("setMessageReaction", { after: before });
  assert.deepEqual(
    stored.map((message) => message.messageId),
    [messageId, messageId, stored[2]?.messageId],
  );
  assert.deepEqual(telegram.reactions(asked.messageId), ["⚡"]);
});

test("setting up drops nothing and asks for messages alone", async (t) => {
  const { telegram, started } = await createScene(t);
  started();
  await telegram.waitForPoll();
  telegram.sendText(1, telegram.addUser({ firstName: "Bo" }), "x");
  const webhook = await telegram.waitFor("deleteWebhook");
  assert.notEqual(webhook.params["drop_pending_updates"], true);
  const poll = await telegram.waitFor("getUpdates");
  assert.deepEqual(poll.params["allowed_updates"], ["message"]);
});

test("an unknown token ends the start, as one refused later ends the worker", async (t) => {
  const { telegram, started } = await createScene(t);
  const wrong = started({ token: `${telegram.token}x` });
  assert.equal(errorCode(await wrong.fault), "telegram_unauthorized");
  telegram.order({ method: "getMe", fault: { kind: "status", code: 404, description: "Not Found" } });
  assert.equal(errorCode(await started().fault), "telegram_unauthorized");
  const later = started();
  await telegram.waitForPoll();
  telegram.order({ method: "getUpdates", fault: { kind: "status", code: 401, description: "Unauthorized" } });
  telegram.sendText(1, telegram.addUser({ firstName: "Bo" }), "x");
  assert.equal(errorCode(await later.fault), "telegram_unauthorized");
});

test("a token refused on a send ends the worker", async (t) => {
  const { telegram, say, started, sent } = await createScene(t);
  const worker = started();
  telegram.order({ method: "sendMessage", fault: { kind: "status", code: 401, description: "Unauthorized" } });
  await say({ message: "x" });
  assert.equal(errorCode(await worker.fault), "telegram_unauthorized");
  assert.equal(sent.entries.size, 1);
});

test("start and stop may be called twice, and stop before start", async (t) => {
  const { telegram, worker } = await createScene(t);
  const first = worker();
  const running = first.start();
  assert.equal(first.start(), running);
  await telegram.waitForPoll();
  assert.equal(first.stop(), first.stop());
  await running;
  const never = worker();
  await never.stop();
  await never.start();
});

test("a stop while Telegram cannot be reached is quick", async (t) => {
  const { telegram, worker } = await createScene(t);
  const lost = worker();
  await telegram.stop();
  const running = lost.start();
  await new Promise((resolve) => setTimeout(resolve, 50));
  await lost.stop();
  await running;
});
