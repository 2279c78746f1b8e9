/** Nothing that Telegram delivers is lost, and nothing is posted twice, whatever fails on the way. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { errorCode, SyncError } from "../../../src/core/errors.ts";
import { QueueError } from "../../../src/core/queue/errors.ts";
import type { IncomingMessage } from "../../../src/core/queue/message.ts";
import { createScene, type Scene } from "./bot-scene.ts";

function texts(scene: Scene): string[] {
  return scene.stored.map(({ message }) => message);
}

/** A post whose call had lost its connection says that it may be a repeat. */
function unmarked(text = ""): string {
  return text.replace("↻ repeated after an error\n", "");
}

/** Resolves when `publish` is asked for the message of that text, and then does as `then` says. */
function onPublish(scene: Scene, text: string, then: () => Promise<void>): Promise<void> {
  return new Promise((resolve) => {
    scene.publishing = async (message: IncomingMessage) => {
      if (message.message !== text) return;
      resolve();
      await then();
    };
  });
}

test("while the queue cannot store, Telegram keeps the message and those behind it", async (t) => {
  const scene = await createScene(t);
  const { telegram, user, started, waitForStored } = scene;
  let failures = 0;
  let worn = (): void => undefined;
  const tried = new Promise<void>((resolve) => {
    worn = resolve;
  });
  scene.publishing = () => {
    failures += 1;
    if (failures === 3) worn();
    return Promise.reject(new Error("disk full"));
  };
  telegram.sendText(1, user, "a");
  telegram.sendText(1, user, "b");
  started();
  await tried;
  assert.equal(telegram.pendingUpdates, 2);
  scene.publishing = () => Promise.resolve();
  await waitForStored("b");
  assert.deepEqual(texts(scene), ["a", "b"]);
  await telegram.waitForPoll();
  assert.equal(telegram.pendingUpdates, 0);
});

test("a message that could not be stored before the stop comes again, under the same id", async (t) => {
  const scene = await createScene(t);
  const { telegram, user, started, waitForStored } = scene;
  const tried = onPublish(scene, "a", () => Promise.reject(new Error("disk full")));
  const { updateId } = telegram.sendText(1, user, "a");
  const first = started();
  await tried;
  await first.stop();
  assert.equal(await first.fault, undefined);
  assert.equal(telegram.pendingUpdates, 1);
  scene.publishing = () => Promise.resolve();
  started();
  assert.equal((await waitForStored("a")).messageId, `u${updateId}`);
});

test("a stop in the middle of a batch confirms what was stored and no more", async (t) => {
  const scene = await createScene(t);
  const { telegram, user, started, waitForStored } = scene;
  for (const text of ["a", "b", "c"]) telegram.sendText(1, user, text);
  const reached = onPublish(scene, "b", () => Promise.reject(new Error("disk full")));
  const first = started();
  await reached;
  await first.stop();
  assert.equal(telegram.pendingUpdates, 2);
  scene.publishing = () => Promise.resolve();
  started();
  await waitForStored("c");
  assert.deepEqual(texts(scene), ["a", "b", "c"]);
});

test("a stop waits for the message being stored, and confirms it", async (t) => {
  const scene = await createScene(t);
  const { telegram, user, started } = scene;
  for (const text of ["a", "b"]) telegram.sendText(1, user, text);
  let store = (): void => undefined;
  const slow = new Promise<void>((resolve) => {
    store = resolve;
  });
  const reached = onPublish(scene, "a", () => slow);
  const first = started();
  await reached;
  const stopped = first.stop();
  store();
  await stopped;
  assert.deepEqual(texts(scene), ["a"]);
  assert.equal(telegram.pendingUpdates, 1);
});

test("a stop does not wait for ever for a disk that hangs, and confirms nothing", async (t) => {
  const scene = await createScene(t);
  const { telegram, user, started } = scene;
  telegram.sendText(1, user, "a");
  const reached = onPublish(scene, "a", () => new Promise(() => undefined));
  const first = started();
  await reached;
  await first.stop();
  assert.equal(telegram.pendingUpdates, 1);
});

test("a fault of our own ends the worker with the update unconfirmed", async (t) => {
  const scene = await createScene(t);
  scene.ringing = () => {
    throw new TypeError("a mistake");
  };
  scene.telegram.sendText(1, scene.user, "a");
  assert.equal(errorCode(await scene.started().fault), "telegram_failed");
  assert.equal(scene.telegram.pendingUpdates, 1);
});

test("a message that the queue will never take holds up none behind it", async (t) => {
  const scene = await createScene(t);
  const { telegram, user, started, waitForStored, log } = scene;
  scene.publishing = ({ message }) =>
    message === "bad" ? Promise.reject(new QueueError("queue_message_invalid", "wrong shape")) : Promise.resolve();
  telegram.sendText(1, user, "bad");
  telegram.sendText(1, user, "good");
  started();
  await waitForStored("good");
  assert.deepEqual(texts(scene), ["good"]);
  assert.equal(log.at("error").length, 1);
});

test("an idle worker leaves nothing unconfirmed when it stops", async (t) => {
  const { telegram, user, started, waitForStored } = await createScene(t);
  const first = started();
  telegram.sendText(1, user, "a");
  await waitForStored("a");
  await first.stop();
  assert.equal(telegram.pendingUpdates, 0);
});

test("a worker pushed out by another poller polls again", async (t) => {
  const { telegram, user, started, waitForStored, log } = await createScene(t);
  started();
  await telegram.waitForPoll();
  await fetch(
    `${telegram.url}/bot${telegram.token}/getUpdates?timeout=0&allowed_updates=${encodeURIComponent('["message"]')}`,
  );
  await telegram.waitFor((call) => call.method === "getUpdates" && call.status === 409);
  telegram.sendText(1, user, "still there?");
  await waitForStored("still there?");
  assert.ok(log.at("warn").some((line) => line.includes("409")));
});

test("a worker started before Telegram can be reached takes up what waited", async (t) => {
  const { telegram, user, started, waitForStored, say } = await createScene(t);
  telegram.sendText(1, user, "early");
  await telegram.stop();
  started();
  await say({ message: "also early" });
  await telegram.start();
  await waitForStored("early");
  await telegram.waitForMessage(1, ({ text }) => text === "also early");
});

test("over an outage in the middle nothing is lost and nothing is posted twice", async (t) => {
  const { telegram, user, started, waitForStored, say, sent } = await createScene(t);
  started();
  await telegram.waitForPoll();
  await telegram.stop();
  telegram.sendText(1, user, "during");
  await say({ messageId: "m1", message: "answer 1" });
  await say({ messageId: "m2", message: "answer 2" });
  await telegram.start();
  await waitForStored("during");
  await telegram.waitForMessage(1, ({ text }) => text === "answer 2");
  const answers = telegram.messages(1).map(({ text }) => unmarked(text));
  assert.deepEqual(
    answers.filter((text) => text.startsWith("answer")),
    ["answer 1", "answer 2"],
  );
  assert.equal(sent.buried.length, 0);
});

test("errors, 429 and lost connections of every kind of call end in one answer", async (t) => {
  const { telegram, user, started, waitForStored, say } = await createScene(t);
  for (const method of ["getMe", "deleteWebhook", "getUpdates", "sendMessage"]) {
    telegram.order({ method, fault: { kind: "status", code: 502, description: "Bad Gateway" } });
    telegram.order({ method, fault: { kind: "status", code: 429, retryAfter: 1 } });
    telegram.order({ method, fault: { kind: "drop", when: "before" } });
  }
  started();
  telegram.sendText(1, user, "through the storm");
  const { messageId } = await waitForStored("through the storm");
  await say({ messageId, message: "here" });
  await telegram.waitForMessage(1, ({ text }) => unmarked(text) === "here");
  assert.equal(telegram.messages(1).filter(({ text }) => unmarked(text) === "here").length, 1);
});

test("the log of an outage never holds the token", async (t) => {
  const { telegram, started, say, log } = await createScene(t);
  const worker = started();
  await telegram.waitForPoll();
  await telegram.stop();
  await say({ message: "x" });
  while (log.at("warn").length < 3) await new Promise((resolve) => setTimeout(resolve, 5));
  await worker.stop();
  const secret = telegram.token.split(":")[1] ?? "";
  assert.ok(log.lines.length > 0);
  for (const line of log.lines) assert.equal(line.includes(secret), false, line);
});

test("with a full disk Telegram keeps all that is written; with room again each is stored once, in order", async (t) => {
  const scene = await createScene(t);
  const { telegram, user, started, waitForStored, say, disk } = scene;
  const worker = started();
  telegram.sendText(1, user, "before");
  await waitForStored("before");
  await telegram.waitForPoll();
  disk.level = "hard";
  for (const text of ["a", "b", "c"]) telegram.sendText(1, user, text);
  await say({ messageId: "m1", message: "an answer" });
  await telegram.waitForMessage(1, ({ text }) => text === "an answer");
  const { lastPollEnd } = worker.progress();
  await new Promise((resolve) => setTimeout(resolve, 500));
  assert.ok(worker.progress().lastPollEnd > lastPollEnd, "who waits for room is not taken for one that hangs");
  assert.deepEqual([texts(scene), telegram.pendingUpdates], [["before"], 3]);
  disk.level = "soft";
  await waitForStored("c");
  assert.deepEqual(texts(scene), ["before", "a", "b", "c"]);
  await telegram.waitForPoll();
  assert.equal(telegram.pendingUpdates, 0);
});

test("a stop while the disk is full confirms nothing that is not stored", async (t) => {
  const scene = await createScene(t);
  const { telegram, user, started, disk } = scene;
  const worker = started();
  await telegram.waitForPoll();
  disk.level = "hard";
  telegram.sendText(1, user, "a");
  await telegram.waitFor((call) => call.method === "getUpdates" && call.status === 200);
  await worker.stop();
  assert.deepEqual([await worker.fault, texts(scene), telegram.pendingUpdates], [undefined, [], 1]);
});

test("what a failed write says of the disk is passed on", async (t) => {
  const scene = await createScene(t);
  const error = new Error("no room");
  const refused = onPublish(scene, "a", () => Promise.reject(error));
  scene.telegram.sendText(1, scene.user, "a");
  scene.started();
  await refused;
  scene.publishing = () => Promise.resolve();
  await scene.waitForStored("a");
  assert.deepEqual(scene.disk.suspected, [error]);
});

test("a sync that fails ends the worker with the update unconfirmed", async (t) => {
  const scene = await createScene(t);
  scene.publishing = () => Promise.reject(new SyncError("incoming", new Error("EIO")));
  scene.telegram.sendText(1, scene.user, "a");
  assert.equal(errorCode(await scene.started().fault), "sync_failed");
  assert.equal(scene.telegram.pendingUpdates, 1);
});
