import assert from "node:assert/strict";
import { test } from "node:test";
import { call, startSandbox } from "../client.ts";

test("the bot makes, renames, closes and reopens topics", async (t) => {
  const sandbox = await startSandbox(t);
  const made = await call(sandbox, "createForumTopic", { name: "API" });
  const { message_thread_id } = made.result;
  assert.equal(made.result.name, "API");
  assert.equal((await call(sandbox, "editForumTopic", { message_thread_id, name: "Backend" })).result, true);
  assert.equal((await call(sandbox, "closeForumTopic", { message_thread_id })).result, true);
  assert.deepEqual(sandbox.topic(message_thread_id), { name: "Backend", closed: true });
  assert.equal((await call(sandbox, "reopenForumTopic", { message_thread_id })).result, true);
  assert.deepEqual(sandbox.topic(message_thread_id), { name: "Backend", closed: false });
});

test("a change that changes nothing, a topic nobody made, and General are refused", async (t) => {
  const sandbox = await startSandbox(t);
  const message_thread_id = sandbox.createTopic("API");
  const tell = async (method: string, params: object): Promise<unknown> =>
    (await call(sandbox, method, params)).description;
  assert.equal(await tell("editForumTopic", { message_thread_id, name: "API" }), "Bad Request: TOPIC_NOT_MODIFIED");
  assert.equal(await tell("reopenForumTopic", { message_thread_id }), "Bad Request: TOPIC_NOT_MODIFIED");
  assert.equal(await tell("closeForumTopic", { message_thread_id: 999 }), "Bad Request: TOPIC_ID_INVALID");
  assert.equal(await tell("editForumTopic", { message_thread_id: 1, name: "Hall" }), "Bad Request: TOPIC_ID_INVALID");
  assert.equal(await tell("createForumTopic", { name: " " }), "Bad Request: title must be non-empty");
  assert.equal(await tell("createForumTopic", { name: "a".repeat(129) }), "Bad Request: topic name is too long");
});
