import assert from "node:assert/strict";
import { test } from "node:test";
import { call, startSandbox } from "../client.ts";

test("the bot learns who it is and that the chat is a forum it administers", async (t) => {
  const sandbox = await startSandbox(t, { token: "42:x", chatId: -100777, botUsername: "other_bot" });
  const ada = sandbox.addUser({ id: 5, firstName: "Tester" });
  const me = (await call(sandbox, "getMe")).result;
  assert.deepEqual([me.id, me.username, me.is_bot], [42, "other_bot", true]);
  const chat = (await call(sandbox, "getChat")).result;
  assert.deepEqual([chat.id, chat.type, chat.is_forum], [-100777, "supergroup", true]);
  const mine = (await call(sandbox, "getChatMember", { user_id: me.id })).result;
  assert.deepEqual([mine.status, mine.can_manage_topics], ["administrator", true]);
  assert.equal((await call(sandbox, "getChatMember", { user_id: ada.id })).result.status, "member");
  assert.equal((await call(sandbox, "getChatMember", { user_id: 6 })).http, 400);
  assert.deepEqual((await call(sandbox, "getChatAdministrators")).result, [mine]);
});

test("a bot that stands otherwise is told so, and the rest of its standing stays", async (t) => {
  const sandbox = await startSandbox(t, { token: "42:x" });
  sandbox.setStanding({ isForum: false, readsAll: false });
  sandbox.setStanding({ managesTopics: false });
  assert.equal((await call(sandbox, "getChat")).result.is_forum, undefined);
  assert.equal((await call(sandbox, "getMe")).result.can_read_all_group_messages, false);
  const mine = (await call(sandbox, "getChatMember", { user_id: 42 })).result;
  assert.deepEqual([mine.status, mine.can_manage_topics], ["administrator", false]);
  sandbox.setStanding({ status: "member" });
  const member = (await call(sandbox, "getChatMember", { user_id: 42 })).result;
  assert.deepEqual([member.status, member.can_manage_topics], ["member", undefined]);
});

test("typing may name General as thread 1, and no thread nobody made", async (t) => {
  const sandbox = await startSandbox(t);
  const act = async (params: object): Promise<unknown> => (await call(sandbox, "sendChatAction", params)).description;
  assert.equal(await act({ action: "typing" }), undefined);
  assert.equal(await act({ action: "typing", message_thread_id: 1 }), undefined);
  assert.equal(await act({ action: "typing", message_thread_id: sandbox.createTopic("API") }), undefined);
  assert.equal(await act({ action: "typing", message_thread_id: 999 }), "Bad Request: message thread not found");
  assert.equal(await act({ action: "juggling" }), "Bad Request: wrong parameter action in request");
});
