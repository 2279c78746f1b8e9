import assert from "node:assert/strict";
import { readFile, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { openModelStore } from "../../../src/workers/telegram/model-store.ts";
import { createLogLines, temporaryDirectory } from "./support.ts";

test("what was recorded is there after a restart", async (t) => {
  const dir = await temporaryDirectory(t);
  const store = await openModelStore(dir, createLogLines());
  store.record(10, "opus");
  store.record(11, "haiku");
  await store.flush();
  const again = await openModelStore(dir, createLogLines());
  assert.equal(again.get(10), "opus");
  assert.equal(again.get(11), "haiku");
  assert.equal(again.get(12), undefined);
});

test("the last 1000 messages are remembered, over a restart too", async (t) => {
  const dir = await temporaryDirectory(t);
  const store = await openModelStore(dir, createLogLines());
  for (let id = 1; id <= 1001; id += 1) store.record(id, "sonnet");
  await store.flush();
  assert.equal(store.get(1), undefined);
  assert.equal(store.get(2), "sonnet");
  const saved = JSON.parse(await readFile(join(dir, "message-models.json"), "utf8")) as object;
  assert.equal(Object.keys(saved).length, 1000);
});

test("what a write that was killed has left is removed at the next start", async (t) => {
  const dir = await temporaryDirectory(t);
  await writeFile(join(dir, ".message-models.json.0b9e2f0c-3c1d-4f1a-9a7e-5d2c8b6a1f00.tmp"), "half");
  await openModelStore(dir, createLogLines());
  assert.deepEqual(await readdir(dir), []);
});

test("a broken file is a warning and an empty store", async (t) => {
  const dir = await temporaryDirectory(t);
  for (const broken of ['{"10": "op', "[1]", "null"]) {
    await writeFile(join(dir, "message-models.json"), broken);
    const log = createLogLines();
    const store = await openModelStore(dir, log);
    assert.equal(store.get(10), undefined);
    assert.equal(log.at("warn").length, 1);
  }
});

test("a bad entry does not spoil the others", async (t) => {
  const dir = await temporaryDirectory(t);
  await writeFile(join(dir, "message-models.json"), '{"10": "gpt", "x": "opus", "11": "opus"}');
  const store = await openModelStore(dir, createLogLines());
  assert.equal(store.get(10), undefined);
  assert.equal(store.get(11), "opus");
});

test("a folder that cannot be written costs a warning, not the message", async (t) => {
  const dir = await temporaryDirectory(t);
  const log = createLogLines();
  const store = await openModelStore(join(dir, "missing"), log);
  store.record(10, "opus");
  await store.flush();
  assert.equal(store.get(10), "opus");
  assert.equal(log.at("warn").length, 1);
});
