import assert from "node:assert/strict";
import { test } from "node:test";
import { call, startSandbox } from "../client.ts";

test("a message goes to its topic, or to General when none is named", async (t) => {
  const sandbox = await startSandbox(t);
  const topic = sandbox.createTopic("API");
  const inTopic = await call(sandbox, "sendMessage", { text: "there", message_thread_id: topic });
  assert.equal(inTopic.result.message_thread_id, topic);
  assert.equal(inTopic.result.reply_to_message.message_id, topic);
  const general = await call(sandbox, "sendMessage", { text: "here" });
  assert.equal("message_thread_id" in general.result, false);
  assert.equal(general.result.from.is_bot, true);
  assert.deepEqual([sandbox.messages(topic).length, sandbox.messages(1).length], [1, 1]);
});

test("thread 1, a thread nobody made, and a closed topic take no message", async (t) => {
  const sandbox = await startSandbox(t);
  const topic = sandbox.createTopic("API");
  sandbox.closeTopic(topic);
  const refused = async (thread: number): Promise<unknown> =>
    (await call(sandbox, "sendMessage", { text: "hello", message_thread_id: thread })).description;
  assert.equal(await refused(1), "Bad Request: message thread not found");
  assert.equal(await refused(999), "Bad Request: message thread not found");
  assert.equal(await refused(topic), "Bad Request: TOPIC_CLOSED");
  sandbox.reopenTopic(topic);
  assert.equal(await refused(topic), undefined);
});

test("a reply needs its message, unless it says it does not, and follows it to its topic", async (t) => {
  const sandbox = await startSandbox(t);
  const topic = sandbox.createTopic("API");
  const { messageId } = sandbox.sendText(topic, sandbox.addUser({ firstName: "Tester" }), "ask");
  const reply = await call(sandbox, "sendMessage", { text: "answer", reply_parameters: { message_id: messageId } });
  assert.equal(reply.result.message_thread_id, topic);
  assert.equal(reply.result.reply_to_message.text, "ask");
  const missing = await call(sandbox, "sendMessage", { text: "answer", reply_parameters: { message_id: 999 } });
  assert.equal(missing.description, "Bad Request: message to be replied not found");
  const parameters = { message_id: 999, allow_sending_without_reply: true };
  assert.equal((await call(sandbox, "sendMessage", { text: "answer", reply_parameters: parameters })).ok, true);
});

test("limits of texts hold over the wire", async (t) => {
  const sandbox = await startSandbox(t);
  const send = async (params: object): Promise<unknown> => (await call(sandbox, "sendMessage", params)).description;
  assert.equal(await send({ text: "a".repeat(4097) }), "Bad Request: message is too long");
  assert.equal(await send({ text: "" }), "Bad Request: message text is empty");
  assert.equal(await send({}), "Bad Request: message text is empty");
  assert.equal(
    await send({ text: "<p>", parse_mode: "HTML" }),
    'Bad Request: can\'t parse entities: Unsupported start tag "p" at byte offset 0',
  );
  assert.equal(
    await send({ text: "a", message_thread_id: "x" }),
    "Bad Request: wrong parameter message_thread_id in request",
  );
  assert.equal(sandbox.messages(1).length, 0);
});

test("callback data has 1 to 64 bytes", async (t) => {
  const sandbox = await startSandbox(t);
  const send = async (button: object): Promise<unknown> =>
    (await call(sandbox, "sendMessage", { text: "a", reply_markup: { inline_keyboard: [[button]] } })).description;
  assert.equal(await send({ text: "Go", callback_data: "é".repeat(32) }), undefined);
  assert.equal(await send({ text: "Go", callback_data: "é".repeat(33) }), "Bad Request: BUTTON_DATA_INVALID");
  assert.equal(await send({ text: "Go", callback_data: "" }), "Bad Request: BUTTON_DATA_INVALID");
  assert.equal(await send({ text: "Go", url: "https://example.org" }), undefined);
  assert.match(String(await send({ text: "Go" })), /Text buttons are unallowed in the inline keyboard$/);
});

test("an edit changes text and buttons, and one that changes nothing is refused in Telegram's words", async (t) => {
  const sandbox = await startSandbox(t);
  const keyboard = { inline_keyboard: [[{ text: "Go", callback_data: "go" }]] };
  const sent = await call(sandbox, "sendMessage", { text: "<b>one</b>", parse_mode: "HTML", reply_markup: keyboard });
  const { message_id } = sent.result;
  const edit = (params: object): ReturnType<typeof call> => call(sandbox, "editMessageText", { message_id, ...params });
  const notModified =
    "Bad Request: message is not modified: specified new message content and reply markup are exactly the same as a current content and reply markup of the message";
  const same = { text: "<b>one</b>", parse_mode: "HTML", reply_markup: keyboard };
  assert.deepEqual(await edit(same), { http: 400, ok: false, error_code: 400, description: notModified });
  const plain = await edit({ text: "one", reply_markup: keyboard });
  assert.equal(plain.ok, true, "other entities are another text");
  assert.equal("entities" in plain.result, false);
  const bare = await edit({ text: "one" });
  assert.equal("reply_markup" in bare.result, false, "an edit without a keyboard takes it away");
  assert.ok(bare.result.edit_date >= sent.result.date);
  assert.equal((await edit({ text: "one" })).description, notModified);
  const marked = await call(sandbox, "editMessageReplyMarkup", { message_id, reply_markup: keyboard });
  assert.equal(marked.result.text, "one");
  const again = await call(sandbox, "editMessageReplyMarkup", { message_id, reply_markup: keyboard });
  assert.equal(again.description, notModified);
  assert.equal(sandbox.messages(1)[0]?.text, "one");
});

test("only a text of the bot's own can be edited", async (t) => {
  const sandbox = await startSandbox(t);
  const { messageId } = sandbox.sendText(1, sandbox.addUser({ firstName: "Tester" }), "mine");
  const edit = async (id: number): Promise<unknown> =>
    (await call(sandbox, "editMessageText", { message_id: id, text: "yours" })).description;
  assert.equal(await edit(messageId), "Bad Request: message can't be edited");
  assert.equal(await edit(999), "Bad Request: message to edit not found");
});

test("a deleted message is gone, and cannot be deleted twice", async (t) => {
  const sandbox = await startSandbox(t);
  const topic = sandbox.createTopic("API");
  const { message_id } = (await call(sandbox, "sendMessage", { text: "one" })).result;
  assert.equal((await call(sandbox, "deleteMessage", { message_id })).result, true);
  assert.deepEqual(sandbox.messages(1), []);
  assert.equal(sandbox.message(message_id), undefined);
  const twice = await call(sandbox, "deleteMessage", { message_id });
  assert.equal(twice.description, "Bad Request: message to delete not found");
  const creation = await call(sandbox, "deleteMessage", { message_id: topic });
  assert.equal(creation.description, "Bad Request: message can't be deleted");
});

test("a bot reacts with one emoji of the list, or with none", async (t) => {
  const sandbox = await startSandbox(t);
  const { messageId } = sandbox.sendText(1, sandbox.addUser({ firstName: "Tester" }), "hello");
  const react = async (...emoji: string[]): Promise<unknown> => {
    const reaction = emoji.map((one) => ({ type: "emoji", emoji: one }));
    const answer = await call(sandbox, "setMessageReaction", { message_id: messageId, reaction });
    return answer.description ?? sandbox.reactions(messageId);
  };
  for (const one of ["👀", "⚡", "✍", "🔥", "❤‍🔥"]) assert.deepEqual(await react(one), [one]);
  for (const one of ["✅", "❌", "⏳", "❤️", ""]) assert.equal(await react(one), "Bad Request: REACTION_INVALID");
  assert.equal(await react("👀", "🔥"), "Bad Request: REACTIONS_TOO_MANY");
  assert.deepEqual(sandbox.reactions(messageId), ["❤‍🔥"]);
  assert.deepEqual(await react(), []);
  const nowhere = await call(sandbox, "setMessageReaction", { message_id: 999, reaction: [] });
  assert.equal(nowhere.description, "Bad Request: message to react not found");
});

test("messages can be pinned and unpinned", async (t) => {
  const sandbox = await startSandbox(t);
  const { message_id } = (await call(sandbox, "sendMessage", { text: "one" })).result;
  assert.equal((await call(sandbox, "pinChatMessage", { message_id: 999 })).http, 400);
  assert.equal((await call(sandbox, "pinChatMessage", { message_id })).result, true);
  assert.equal((await call(sandbox, "unpinChatMessage")).result, true);
  assert.equal((await call(sandbox, "unpinChatMessage", { message_id })).http, 400);
});
