import assert from "node:assert/strict";
import { test } from "node:test";
import { GrammyError } from "grammy";
import type { IncomingMessage, OutgoingMessage } from "../../../src/core/queue/message.ts";
import { createPresence, finalEmoji, type Presence } from "../../../src/workers/telegram/presence.ts";
import {
  createLogLines,
  fakeChat,
  manualClock,
  settled,
  type FakeChat,
  type LogLines,
  type ManualClock,
} from "./support.ts";

interface Scene {
  readonly presence: Presence;
  readonly chat: FakeChat;
  readonly clock: ManualClock;
  readonly log: LogLines;
  readonly count: (call: string) => number;
}

function scene(): Scene {
  const chat = fakeChat();
  const clock = manualClock();
  const log = createLogLines();
  const presence = createPresence({ chat, clock, log, scrub: (text) => text });
  return { presence, chat, clock, log, count: (call) => chat.calls.filter((other) => other === call).length };
}

const base = { channel: "telegram", threadId: 5, messageId: "u1", sender: "Tester", timestamp: 0, chatMessageId: 10 };
const received: IncomingMessage = { ...base, source: "user", message: "hi" };
const answer: OutgoingMessage = { ...base, message: "done", model: "opus" };

function limited(seconds: number): GrammyError {
  const parameters = { retry_after: seconds };
  return new GrammyError(
    "x",
    { ok: false, error_code: 429, description: "slow down", parameters },
    "sendChatAction",
    {},
  );
}

test("a message received is looked at, and its topic types every four seconds", async () => {
  const { presence, chat, clock, count } = scene();
  presence.received(received);
  await settled();
  assert.deepEqual(chat.calls.toSorted(), ["react 10 👀", "type 5"]);
  await clock.pass(8_000);
  assert.equal(count("type 5"), 3);
});

test("typing ends with the answer, and never before the topic's last one", async () => {
  const { presence, clock, count } = scene();
  presence.received(received);
  presence.received({ ...received, messageId: "u2" });
  presence.settle("u1");
  await clock.pass(4_000);
  assert.equal(count("type 5"), 2);
  presence.settle("u2");
  await clock.pass(20_000);
  assert.equal(count("type 5"), 2);
});

test("a message that was answered and comes again is left alone", async () => {
  const { presence, chat, clock } = scene();
  presence.finish(answer);
  await settled();
  presence.received(received);
  presence.show(5, "u1");
  await clock.pass(10_000);
  assert.deepEqual(chat.calls, ["react 10 🔥"]);
});

test("a turn that waits does not type until it runs again", async () => {
  const { presence, clock, count } = scene();
  presence.received(received);
  presence.hide("u1");
  await clock.pass(10_000);
  assert.equal(count("type 5"), 1);
  presence.show(5, "u1");
  await clock.pass(4_000);
  assert.equal(count("type 5"), 3);
});

test("typing ends by itself when no end is ever told", async () => {
  const { presence, chat, clock } = scene();
  presence.received(received);
  await clock.pass(3 * 60 * 60_000);
  const before = chat.calls.length;
  await clock.pass(60_000);
  assert.equal(chat.calls.length, before);
});

test("the final emoji waits for the eyes, so that these never replace it", async () => {
  const { presence, chat } = scene();
  let look = (): void => undefined;
  const slow = new Promise<void>((resolve) => {
    look = resolve;
  });
  chat.before = (call) => (call === "react 10 👀" ? slow : Promise.resolve());
  presence.received(received);
  presence.finish(answer);
  await settled();
  look();
  await settled();
  assert.deepEqual(
    chat.calls.filter((call) => call.startsWith("react")),
    ["react 10 👀", "react 10 🔥"],
  );
});

test("a 429 on typing pauses typing everywhere for as long as it says", async () => {
  const { presence, chat, clock, count } = scene();
  chat.before = (call) => (call === "type 5" ? Promise.reject(limited(11)) : Promise.resolve());
  presence.show(5, "u1");
  await settled();
  chat.before = () => Promise.resolve();
  presence.show(6, "u2");
  await clock.pass(10_000);
  assert.equal(count("type 5") + count("type 6"), 0);
  await clock.pass(4_000);
  assert.equal(count("type 5") + count("type 6"), 2);
});

test("errors are for the debug log alone", async () => {
  const { presence, chat, log } = scene();
  chat.before = () => Promise.reject(new Error("away"));
  presence.received(received);
  presence.finish(answer);
  await settled();
  await settled();
  assert.equal(log.lines.length, 3);
  assert.equal(log.at("debug").length, 3);
});

test("closing ends typing and waits for reactions, within bounds", async () => {
  const { presence, chat, clock, count } = scene();
  presence.received(received);
  await settled();
  chat.before = () => new Promise(() => undefined);
  presence.finish(answer);
  let closed = false;
  const closing = presence.close(1_000).finally(() => {
    closed = true;
  });
  await clock.pass(999);
  assert.equal(closed, false);
  await clock.pass(1);
  await closing;
  await clock.pass(10_000);
  assert.equal(count("type 5"), 1);
});

test("each model has its emoji, and a failure its own", () => {
  assert.equal(finalEmoji({ model: "haiku" }), "⚡");
  assert.equal(finalEmoji({ model: "sonnet" }), "✍");
  assert.equal(finalEmoji({ model: "opus", kind: "answer" }), "🔥");
  assert.equal(finalEmoji({ model: "opus", kind: "failure" }), "😢");
  assert.equal(finalEmoji({}), "👌");
});
