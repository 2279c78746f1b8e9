import assert from "node:assert/strict";
import { test } from "node:test";
import { call, poll, raw, startSandbox, texts } from "./client.ts";

test("updates come until an offset confirms them", async (t) => {
  const sandbox = await startSandbox(t);
  const user = sandbox.addUser({ firstName: "Tester" });
  const first = sandbox.sendText(1, user, "one");
  const second = sandbox.sendText(1, user, "two");
  assert.ok(second.updateId > first.updateId);
  assert.ok(second.messageId > first.messageId);
  assert.deepEqual(texts(await poll(sandbox)), ["one", "two"]);
  assert.deepEqual(texts(await poll(sandbox, { offset: first.updateId })), ["one", "two"]);
  assert.deepEqual(texts(await poll(sandbox, { offset: second.updateId })), ["two"]);
  assert.deepEqual(texts(await poll(sandbox)), ["two"], "a confirmed update is forgotten");
  assert.deepEqual(texts(await poll(sandbox, { offset: second.updateId + 1 })), []);
  assert.equal(sandbox.pendingUpdates, 0);
});

test("a negative offset keeps only that many from the end", async (t) => {
  const sandbox = await startSandbox(t);
  const user = sandbox.addUser({ firstName: "Tester" });
  for (const text of ["one", "two", "three"]) sandbox.sendText(1, user, text);
  assert.deepEqual(texts(await poll(sandbox, { offset: -2 })), ["two", "three"]);
  assert.deepEqual(texts(await poll(sandbox)), ["two", "three"]);
});

test("limit bounds a batch and confirms nothing", async (t) => {
  const sandbox = await startSandbox(t);
  const user = sandbox.addUser({ firstName: "Tester" });
  for (const text of ["one", "two", "three"]) sandbox.sendText(1, user, text);
  assert.deepEqual(texts(await poll(sandbox, { limit: 2 })), ["one", "two"]);
  assert.deepEqual(texts(await poll(sandbox, { limit: 0 })), ["one"]);
  assert.equal(sandbox.pendingUpdates, 3);
});

test("a waiting poll is answered by the next update", async (t) => {
  const sandbox = await startSandbox(t);
  const user = sandbox.addUser({ firstName: "Tester" });
  const waiting = poll(sandbox, { timeout: 30 });
  await sandbox.waitForPoll();
  sandbox.sendText(1, user, "hello");
  assert.deepEqual(texts(await waiting), ["hello"]);
});

test("a poll without updates is answered empty after its timeout", async (t) => {
  const sandbox = await startSandbox(t);
  const before = performance.now();
  assert.deepEqual((await poll(sandbox, { timeout: 1 })).result, []);
  assert.ok(performance.now() - before > 900);
});

test("a second poller displaces the first, which is told 409", async (t) => {
  const sandbox = await startSandbox(t);
  const older = poll(sandbox, { timeout: 30 });
  await sandbox.waitForPoll();
  const newer = poll(sandbox, { timeout: 30 });
  assert.deepEqual(await older, {
    http: 409,
    ok: false,
    error_code: 409,
    description: "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running",
  });
  await sandbox.waitForPoll();
  sandbox.sendText(1, sandbox.addUser({ firstName: "Tester" }), "for the newer");
  assert.deepEqual(texts(await newer), ["for the newer"]);
});

test("a poll whose client leaves frees its place and loses no update", async (t) => {
  const sandbox = await startSandbox(t);
  const leaving = new AbortController();
  const left = poll(sandbox, { timeout: 30 }, leaving.signal);
  await sandbox.waitForPoll();
  leaving.abort();
  await assert.rejects(left);
  const ended = await sandbox.waitFor("getUpdates");
  assert.equal(ended.status, 0);
  sandbox.sendText(1, sandbox.addUser({ firstName: "Tester" }), "still there");
  assert.deepEqual(texts(await poll(sandbox, { timeout: 30 })), ["still there"]);
});

test("allowed_updates is remembered, and message_reaction comes only when asked for", async (t) => {
  const sandbox = await startSandbox(t);
  sandbox.inject({ message_reaction: {} });
  assert.deepEqual((await poll(sandbox, { allowed_updates: ["message_reaction"] })).result, []);
  sandbox.sendText(1, sandbox.addUser({ firstName: "Tester" }), "not collected");
  const id = sandbox.inject({ message_reaction: {} });
  assert.deepEqual((await poll(sandbox)).result, [{ message_reaction: {}, update_id: id }]);
  assert.equal((await poll(sandbox, { allowed_updates: [] })).result.length, 1);
  sandbox.sendText(1, sandbox.addUser({ firstName: "Tester" }), "collected");
  assert.equal((await poll(sandbox)).result.length, 2);
});

test("redeliver hands out a confirmed update once more, before newer ones", async (t) => {
  const sandbox = await startSandbox(t);
  const user = sandbox.addUser({ firstName: "Tester" });
  const old = sandbox.sendText(1, user, "old");
  await poll(sandbox, { offset: old.updateId + 1 });
  sandbox.redeliver(old.updateId);
  sandbox.sendText(1, user, "new");
  const again = await poll(sandbox, { offset: old.updateId + 1 });
  assert.deepEqual(texts(again), ["old", "new"]);
  assert.equal(again.result[0].update_id, old.updateId);
  assert.deepEqual(texts(await poll(sandbox, { offset: old.updateId + 1 })), ["new"]);
  assert.throws(() => sandbox.redeliver(1), { code: "telegram_unknown_update" });
});

test("a webhook gets in the way of polling until it is deleted", async (t) => {
  const sandbox = await startSandbox(t);
  const waiting = poll(sandbox, { timeout: 30 });
  await sandbox.waitForPoll();
  assert.equal((await raw(sandbox, "setWebhook", { url: "http://example.org" })).http, 400);
  assert.equal((await raw(sandbox, "setWebhook", { url: "https://example.org" })).ok, true);
  assert.equal((await waiting).description, "Conflict: terminated by setWebhook request");
  assert.match(
    (await poll(sandbox)).description ?? "",
    /^Conflict: can't use getUpdates method while webhook is active/,
  );
  sandbox.sendText(1, sandbox.addUser({ firstName: "Tester" }), "dropped");
  assert.equal((await call(sandbox, "deleteWebhook", { drop_pending_updates: true })).result, true);
  assert.deepEqual((await poll(sandbox)).result, []);
});

test("the bot's own messages and topics are no updates to it", async (t) => {
  const sandbox = await startSandbox(t);
  await call(sandbox, "sendMessage", { text: "mine" });
  const made = await call(sandbox, "createForumTopic", { name: "Mine" });
  await call(sandbox, "closeForumTopic", { message_thread_id: made.result.message_thread_id });
  assert.deepEqual((await poll(sandbox)).result, []);
});
