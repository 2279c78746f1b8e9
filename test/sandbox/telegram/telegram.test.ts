import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { Bot, GrammyError, HttpError, InputFile } from "grammy";
import { TelegramSandbox } from "../../../src/sandbox/telegram/telegram.ts";
import { call, poll, raw, startSandbox, texts } from "./client.ts";

test("grammY polls, answers in the topic, and confirms on stop", async (t) => {
  const sandbox = await startSandbox(t);
  const ada = sandbox.addUser({ firstName: "Tester" });
  const topic = sandbox.createTopic("API");
  const bot = new Bot(sandbox.token, { client: { apiRoot: sandbox.url } });
  bot.command("status", (ctx) => ctx.reply("all well", { reply_parameters: { message_id: ctx.msg.message_id } }));
  bot.on("message:text", async (ctx) => {
    await ctx.react("👀");
    await ctx.reply(`<b>${ctx.message.text}</b>`, {
      parse_mode: "HTML",
      message_thread_id: ctx.msg.message_thread_id!,
    });
  });
  const running = bot.start();
  await sandbox.waitForPoll();

  const asked = sandbox.sendText(topic, ada, "hello");
  const answer = await sandbox.waitForMessage(topic, ({ from }) => from.is_bot);
  assert.equal(answer.text, "hello");
  assert.deepEqual(answer.entities, [{ type: "bold", offset: 0, length: 5 }]);
  assert.deepEqual(sandbox.reactions(asked.messageId), ["👀"]);

  const command = sandbox.sendText(1, ada, "/status");
  const status = await sandbox.waitForMessage(1, ({ from }) => from.is_bot);
  assert.equal(status.reply_to_message?.message_id, command.messageId);

  await sandbox.waitForPoll();
  await bot.stop();
  await running;
  assert.equal(sandbox.pendingUpdates, 0);
});

test("grammY sends a document and an album as forms, and a user's file can be fetched", async (t) => {
  const sandbox = await startSandbox(t);
  const topic = sandbox.createTopic("Files");
  const bot = new Bot(sandbox.token, { client: { apiRoot: sandbox.url } });
  const bytes = Buffer.from("first\r\n--line\0\xff", "latin1");
  const sent = await bot.api.sendDocument(sandbox.chatId, new InputFile(bytes, "my notes é.txt"), {
    message_thread_id: topic,
    caption: "<i>notes</i>",
    parse_mode: "HTML",
  });
  assert.equal(sent.message_thread_id, topic);
  assert.equal(sent.document.file_name, "my notes é.txt");
  assert.equal(sent.caption, "notes");
  const file = await bot.api.getFile(sent.document.file_id);
  const fetched = await fetch(`${sandbox.url}/file/bot${sandbox.token}/${file.file_path}`);
  assert.deepEqual(Buffer.from(await fetched.arrayBuffer()), bytes);
  const album = await bot.api.sendMediaGroup(sandbox.chatId, [
    { type: "photo", media: new InputFile(Buffer.from("a"), "a.jpg"), caption: "both" },
    { type: "photo", media: new InputFile(Buffer.from("b"), "b.jpg") },
  ]);
  assert.equal(album.length, 2);
  const groups = sandbox.messages(1).map((message) => message.media_group_id);
  assert.ok(groups[0] !== undefined && groups[0] === groups[1]);
  const form = await sandbox.waitFor("sendDocument");
  assert.equal(form.params["message_thread_id"], topic, "numbers of a form are recorded as numbers");
});

test("grammY sees ordered faults as its own errors", async (t) => {
  const sandbox = await startSandbox(t);
  const bot = new Bot(sandbox.token, { client: { apiRoot: sandbox.url } });
  const send = (): Promise<unknown> => bot.api.sendMessage(sandbox.chatId, "hello");
  sandbox.order({ method: "sendMessage", fault: { kind: "status", code: 429, retryAfter: 7 } });
  await assert.rejects(send, (error) => {
    assert.ok(error instanceof GrammyError);
    assert.deepEqual([error.error_code, error.parameters.retry_after], [429, 7]);
    return true;
  });
  sandbox.order({ method: "*", fault: { kind: "drop", when: "before" } });
  await assert.rejects(send, HttpError);
  assert.equal(sandbox.messages(1).length, 0);
  sandbox.order({ method: "sendMessage", fault: { kind: "drop", when: "after" } });
  await assert.rejects(send, HttpError);
  assert.equal(sandbox.messages(1).length, 1);
  await send();
  assert.deepEqual(
    sandbox.calls.map(({ status }) => status),
    [429, 0, 0, 200],
  );
  assert.equal(sandbox.calls[2]?.result, sandbox.messages(1)[0], "the effect of a dropped call is recorded");
});

test("a fault strikes the calls it names, as often as it says, until lifted", async (t) => {
  const sandbox = await startSandbox(t);
  const send = async (text: string): Promise<number> => (await call(sandbox, "sendMessage", { text })).http;
  sandbox.order({
    method: "sendMessage",
    times: 2,
    fault: { kind: "status", code: 500 },
    match: ({ text }) => text === "unlucky",
  });
  assert.deepEqual(
    [await send("unlucky"), await send("lucky"), await send("unlucky"), await send("unlucky")],
    [500, 200, 500, 200],
  );
  const lift = sandbox.order({ method: "*", times: Infinity, fault: { kind: "status", code: 502 } });
  assert.deepEqual([await send("a"), await send("b")], [502, 502]);
  lift();
  assert.equal(await send("c"), 200);
  sandbox.order({ method: "*", times: Infinity, fault: { kind: "status", code: 502 } });
  sandbox.clearOrders();
  assert.equal(await send("d"), 200);
});

test("a slow answer comes after its pause; a client that leaves in it before the effect has none", async (t) => {
  const sandbox = await startSandbox(t);
  sandbox.order({ method: "sendMessage", fault: { kind: "delay", ms: 80 } });
  assert.equal((await call(sandbox, "sendMessage", { text: "slow" })).http, 200);
  const slow = await sandbox.waitFor("sendMessage");
  assert.ok(slow.monotonicEndedAt - slow.monotonicAt >= 40);

  for (const when of ["before", "after"] as const) {
    const leaving = new AbortController();
    const match = (): boolean => {
      setTimeout(() => leaving.abort(), 50);
      return true;
    };
    sandbox.order({ method: "sendMessage", fault: { kind: "delay", ms: 60_000, when }, match });
    const left = raw(sandbox, "sendMessage", { chat_id: sandbox.chatId, text: when }, leaving.signal);
    await assert.rejects(left);
    await sandbox.waitFor(({ params, status }) => params["text"] === when && status === 0);
  }
  assert.deepEqual(
    sandbox.messages(1).map(({ text }) => text),
    ["slow", "after"],
  );
});

test("stop cuts polls; start comes back on the same port with everything as it was", async (t) => {
  const sandbox = await startSandbox(t);
  const ada = sandbox.addUser({ firstName: "Tester" });
  const { url } = sandbox;
  const waiting = poll(sandbox, { timeout: 30 });
  await sandbox.waitForPoll();
  const cut = assert.rejects(waiting);
  await sandbox.stop();
  await sandbox.stop();
  await cut;
  sandbox.sendText(1, ada, "while it was away");
  await assert.rejects(poll(sandbox));
  await sandbox.start();
  await sandbox.start();
  assert.equal(sandbox.url, url);
  assert.deepEqual(texts(await poll(sandbox)), ["while it was away"]);
});

test("a wrong token, an unknown method and a wrong chat are refused as Telegram does", async (t) => {
  const sandbox = await startSandbox(t);
  const wrong = await fetch(`${sandbox.url}/bot700000001:other/getMe`);
  assert.equal(wrong.status, 401);
  assert.deepEqual(await wrong.json(), { ok: false, error_code: 401, description: "Unauthorized" });
  assert.equal((await fetch(`${sandbox.url}/file/bot700000001:other/documents/file_1`)).status, 401);
  assert.equal((await fetch(`${sandbox.url}/file/bot${sandbox.token}/documents/none`)).status, 404);
  assert.equal((await fetch(`${sandbox.url}/elsewhere`)).status, 404);
  assert.equal((await fetch(`${sandbox.url}/%zz`)).status, 404);
  assert.equal((await fetch(`${sandbox.url}/bot${encodeURIComponent(sandbox.token)}/getMe`)).status, 200);
  assert.deepEqual(await call(sandbox, "fly"), {
    http: 404,
    ok: false,
    error_code: 404,
    description: "Not Found: method not found",
  });
  const elsewhere = await raw(sandbox, "sendMessage", { chat_id: -1, text: "hello" });
  assert.equal(elsewhere.description, "Bad Request: chat not found");
  assert.equal((await raw(sandbox, "sendMessage", { text: "hello" })).description, "Bad Request: chat_id is empty");
});

test("parameters come as JSON, as a form, or in the query; names of methods in any case", async (t) => {
  const sandbox = await startSandbox(t);
  const base = `${sandbox.url}/bot${sandbox.token}`;
  const fields = { chat_id: String(sandbox.chatId), text: "hello" };
  const query = await fetch(`${base}/SENDmessage?${new URLSearchParams(fields).toString()}`);
  assert.equal(query.status, 200);
  const markup = JSON.stringify({ inline_keyboard: [[{ text: "Go", callback_data: "go" }]] });
  const body = new URLSearchParams({ ...fields, reply_markup: markup });
  const urlencoded = await fetch(`${base}/sendMessage`, { method: "POST", body });
  assert.equal(urlencoded.status, 200);
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) form.set(name, value);
  assert.equal((await fetch(`${base}/sendMessage`, { method: "POST", body: form })).status, 200);
  assert.equal(sandbox.messages(1).length, 3);
  assert.equal(sandbox.messages(1)[1]?.reply_markup?.inline_keyboard[0]?.[0]?.callback_data, "go");
  const headers = { "content-type": "application/json" };
  const broken = await fetch(`${base}/sendMessage`, { method: "POST", headers, body: "{" });
  assert.equal(broken.status, 400);
});

test("a message of a topic bears its thread and replies to its creation; General's has neither", async (t) => {
  const sandbox = await startSandbox(t);
  const ada = sandbox.addUser({ firstName: "Tester" });
  const topic = sandbox.createTopic("API");
  const first = sandbox.sendText(topic, ada, "in the topic");
  sandbox.sendText(topic, ada, "a reply", { replyToMessageId: first.messageId });
  sandbox.sendText(1, ada, "in General");
  const [made, plain, reply, general] = (await poll(sandbox)).result.map(({ message }: { message: object }) => message);
  assert.equal(made.message_id, topic);
  assert.deepEqual(made.forum_topic_created.name, "API");
  assert.equal(plain.message_thread_id, topic);
  assert.equal(plain.is_topic_message, true);
  assert.equal(plain.reply_to_message.message_id, topic);
  assert.equal(plain.reply_to_message.forum_topic_created.name, "API");
  assert.equal(reply.reply_to_message.text, "in the topic");
  assert.equal(reply.reply_to_message.reply_to_message, undefined);
  for (const key of ["message_thread_id", "is_topic_message", "reply_to_message"]) assert.ok(!(key in general), key);
});

test("people rename, close and reopen topics by service messages, edit texts and send files", async (t) => {
  const sandbox = await startSandbox(t);
  const ada = sandbox.addUser({ firstName: "Tester", username: "ada_example" });
  const topic = sandbox.createTopic("API");
  sandbox.renameTopic(topic, "Backend");
  sandbox.closeTopic(topic);
  assert.deepEqual(sandbox.topic(topic), { name: "Backend", closed: true });
  sandbox.reopenTopic(topic);
  const { messageId } = sandbox.sendText(topic, ada, "/start@sandbox_bot see https://example.org.");
  sandbox.editText(messageId, "changed");
  sandbox.sendDocument(topic, ada, { name: "a.txt", mime: "text/plain", bytes: Buffer.from("abc"), caption: "look" });
  sandbox.sendPhoto(topic, ada, { name: "a.jpg", mime: "image/jpeg", bytes: Buffer.from("abcd") });
  const updates = (await poll(sandbox)).result;
  const [, renamed, closed, reopened, text, edited, document, photo] = updates;
  assert.deepEqual(renamed.message.forum_topic_edited, { name: "Backend" });
  assert.deepEqual(closed.message.forum_topic_closed, {});
  assert.deepEqual(reopened.message.forum_topic_reopened, {});
  assert.deepEqual(text.message.entities, [
    { type: "bot_command", offset: 0, length: 18 },
    { type: "url", offset: 23, length: 19 },
  ]);
  assert.equal(edited.edited_message.text, "changed");
  assert.equal(document.message.caption, "look");
  assert.equal(document.message.document.mime_type, "text/plain");
  assert.equal(photo.message.photo.at(-1).file_size, 4);
  assert.equal(sandbox.messages(topic)[0]?.text, "changed");
  assert.throws(() => sandbox.sendText(999, ada, "nowhere"), { code: "telegram_unknown_topic" });
  assert.throws(() => sandbox.sendText(1, ada, "to none", { replyToMessageId: 999 }), {
    code: "telegram_unknown_message",
  });
});

test("another chat's messages reach the bot, and a message taken away cannot be replied to", async (t) => {
  const sandbox = await startSandbox(t);
  const ada = sandbox.addUser({ firstName: "Tester" });
  sandbox.sendTextElsewhere(ada.id, ada, "psst");
  sandbox.sendTextElsewhere(-5, ada, "hello group");
  const chats = (await poll(sandbox)).result.map(({ message }: { message: { chat: object } }) => message.chat);
  assert.deepEqual(chats, [
    { id: ada.id, type: "private" },
    { id: -5, type: "group", title: "Elsewhere" },
  ]);
  const { messageId } = sandbox.sendText(1, ada, "never mind");
  sandbox.deleteMessage(messageId);
  const reply = await call(sandbox, "sendMessage", { text: "what?", reply_parameters: { message_id: messageId } });
  assert.equal(reply.description, "Bad Request: message to be replied not found");
});

test("a pressed button is a callback query that the bot can answer", async (t) => {
  const sandbox = await startSandbox(t);
  const ada = sandbox.addUser({ firstName: "Tester" });
  const keyboard = { inline_keyboard: [[{ text: "Go", callback_data: "go" }]] };
  const sent = await call(sandbox, "sendMessage", { text: "Choose", reply_markup: keyboard });
  sandbox.pressButton(ada, sent.result.message_id, "go");
  const [update] = (await poll(sandbox)).result;
  assert.equal(update.callback_query.data, "go");
  assert.equal(update.callback_query.message.message_id, sent.result.message_id);
  assert.equal((await call(sandbox, "answerCallbackQuery", { callback_query_id: update.callback_query.id })).ok, true);
  assert.equal((await call(sandbox, "answerCallbackQuery", { callback_query_id: "none" })).http, 400);
  assert.throws(() => sandbox.pressButton(ada, sent.result.message_id, "stop"), { code: "telegram_unknown_button" });
});

test("waitFor finds what was and what comes, and says in time what it saw instead", async (t) => {
  const sandbox = await startSandbox(t);
  await call(sandbox, "getMe");
  const past = await sandbox.waitFor("getMe");
  assert.equal(past.index, 0);
  const coming = sandbox.waitFor("getMe", { after: past.index });
  await call(sandbox, "getMe");
  assert.equal((await coming).index, 1);
  await assert.rejects(sandbox.waitFor("sendMessage", { timeoutMs: 20 }), {
    code: "telegram_wait_timeout",
    message: /getMe 200/,
  });
  await assert.rejects(
    sandbox.waitForMessage(1, () => true, { timeoutMs: 20 }),
    { code: "telegram_wait_timeout" },
  );
  await assert.rejects(sandbox.waitForPoll({ timeoutMs: 20 }), { code: "telegram_wait_timeout" });
  assert.equal(sandbox.listenerCount("call") + sandbox.listenerCount("message") + sandbox.listenerCount("poll"), 0);
});

test("a call is told to listeners when it has ended", async (t) => {
  const sandbox = await startSandbox(t);
  const ended = once(sandbox, "call");
  await call(sandbox, "getMe");
  const [first] = await ended;
  assert.equal(first, sandbox.calls[0]);
});

test("the url is unknown before the start", () => {
  assert.throws(() => new TelegramSandbox().url, { code: "telegram_not_started" });
});
