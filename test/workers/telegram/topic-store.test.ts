import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { openTopicStore } from "../../../src/workers/telegram/topic-store.ts";
import { createLogLines, temporaryDirectory } from "./support.ts";

test("topics follow their service messages, over a restart too", async (t) => {
  const dir = await temporaryDirectory(t);
  const store = await openTopicStore(dir, createLogLines());
  assert.equal(store.apply(5, "created", "API"), true);
  assert.equal(store.apply(5, "created", "API"), false);
  assert.equal(store.apply(5, "closed", undefined), true);
  assert.equal(store.apply(5, "renamed", "Web"), true);
  await store.flush();
  const again = await openTopicStore(dir, createLogLines());
  assert.deepEqual(again.all(), [{ threadId: 5, name: "Web", closed: true }]);
  again.apply(5, "reopened", undefined);
  assert.deepEqual(again.all(), [{ threadId: 5, name: "Web", closed: false }]);
  await again.flush();
});

test("a name that may be out of date never replaces one that was told", async (t) => {
  const store = await openTopicStore(await temporaryDirectory(t), createLogLines());
  assert.equal(store.learn(5, "API"), true);
  store.apply(5, "renamed", "Web");
  assert.equal(store.learn(5, "API"), false);
  assert.equal(store.name(5), "Web");
  await store.flush();
});

test("a topic of which no name is known is not listed", async (t) => {
  const store = await openTopicStore(await temporaryDirectory(t), createLogLines());
  store.apply(5, "closed", undefined);
  assert.equal(store.name(5), undefined);
  assert.deepEqual(store.all(), []);
  await store.flush();
});

test("a broken entry does not spoil the others", async (t) => {
  const dir = await temporaryDirectory(t);
  await writeFile(join(dir, "topics.json"), '{"5": {"name": 3}, "6": {"name": "Ops", "closed": false}}');
  const store = await openTopicStore(dir, createLogLines());
  assert.deepEqual(store.all(), [{ threadId: 6, name: "Ops", closed: false }]);
});
