import assert from "node:assert/strict";
import { test, type TestContext } from "node:test";
import { GrammyError, HttpError } from "grammy";
import { outgoingKind } from "../../../src/core/queue/kinds.ts";
import { MemoryQueue, MemoryStore } from "../../../src/core/queue/memory-queue.ts";
import type { OutgoingMessage } from "../../../src/core/queue/message.ts";
import { chunkId } from "../../../src/workers/telegram/deliveries.ts";
import { errorCode, SyncError } from "../../../src/core/errors.ts";
import { openModelStore, type ModelStore } from "../../../src/workers/telegram/model-store.ts";
import { createOutbox, type Outbox } from "../../../src/workers/telegram/outbox.ts";
import { createPresence } from "../../../src/workers/telegram/presence.ts";
import {
  createLogLines,
  fakeChat,
  manualClock,
  memoryDeliveries,
  roomyDisk,
  settled,
  temporaryDirectory,
  type FakeChat,
  type LogLines,
  type ManualClock,
} from "./support.ts";

interface Scene {
  readonly queue: MemoryQueue<OutgoingMessage>;
  readonly store: MemoryStore<OutgoingMessage>;
  readonly chat: FakeChat;
  readonly clock: ManualClock;
  readonly log: LogLines;
  readonly models: ModelStore;
  readonly deliveries: ReturnType<typeof memoryDeliveries>;
  readonly faults: unknown[];
  readonly outbox: Outbox;
  /** Publishes and lets the outbox see to it. */
  readonly post: (...messages: Partial<OutgoingMessage>[]) => Promise<void>;
  readonly sent: () => string[];
}

async function scene(t: TestContext): Promise<Scene> {
  const clock = manualClock();
  const store = new MemoryStore<OutgoingMessage>();
  const queue = new MemoryQueue<OutgoingMessage>({ kind: outgoingKind, clock, store });
  const chat = fakeChat();
  const log = createLogLines();
  const scrub = (text: string): string => text;
  const dir = await temporaryDirectory(t, async () => {
    const stopped = outbox.stop(0);
    await clock.pass(1_000);
    await stopped;
    await models.flush();
  });
  const models = await openModelStore(dir, log);
  const presence = createPresence({ chat, clock, log, scrub });
  const deliveries = memoryDeliveries();
  const faults: unknown[] = [];
  const onFault = (fault: unknown): void => void faults.push(fault);
  const disk = roomyDisk();
  const outbox = createOutbox({
    consumer: queue,
    deliveries,
    chat,
    presence,
    models,
    log,
    clock,
    disk,
    scrub,
    onFault,
  });
  await outbox.start();
  const post = async (...messages: Partial<OutgoingMessage>[]): Promise<void> => {
    for (const message of messages) await queue.publish({ ...answer, ...message });
    queue.notify();
    await settled();
  };
  const sent = (): string[] => chat.calls.filter((call) => call.startsWith("send"));
  return { queue, store, chat, clock, log, models, deliveries, faults, outbox, post, sent };
}

const answer: OutgoingMessage = {
  channel: "telegram",
  threadId: 5,
  messageId: "u1",
  sender: "assistant",
  message: "done",
  model: "opus",
  timestamp: 0,
  chatMessageId: 10,
};

function refusal(code: number, description: string, retryAfter?: number): GrammyError {
  const parameters = retryAfter === undefined ? {} : { retry_after: retryAfter };
  return new GrammyError("x", { ok: false, error_code: code, description, parameters }, "sendMessage", {});
}

/** Of a call that never left. */
const unreached = new HttpError("away", Object.assign(new Error("connect ECONNREFUSED"), { code: "ECONNREFUSED" }));

/** Rejects the call `call` the first `times` times. */
function refuse(chat: FakeChat, call: string, error: Error, times = Infinity): void {
  let left = times;
  chat.before = (actual) => {
    if (actual !== call || left === 0) return Promise.resolve();
    left -= 1;
    return Promise.reject(error);
  };
}

test("an answer is posted, its model remembered, its question marked, and the queue told", async (t) => {
  const { post, chat, store, models } = await scene(t);
  await post({});
  assert.deepEqual(chat.calls, ["send 5 done", "react 10 🔥"]);
  assert.equal(models.get(101), "opus");
  assert.equal(store.done.has("u1"), true);
});

test("a message for another topic is posted there", async (t) => {
  const { post, sent } = await scene(t);
  await post({ targetThreadId: 9 });
  assert.deepEqual(sent(), ["send 9 done"]);
});

test("a notice ends nothing: no emoji, and the answer still comes", async (t) => {
  const { post, chat } = await scene(t);
  await post({ kind: "notice", message: "waiting" }, { kind: "answer" });
  assert.deepEqual(chat.calls, ["send 5 waiting", "send 5 done", "react 10 🔥"]);
});

test("a failure leaves a sad face", async (t) => {
  const { post, chat } = await scene(t);
  await post({ kind: "failure" });
  assert.equal(chat.calls.at(-1), "react 10 😢");
});

test("a long answer is posted in order, and a retry goes on where it stopped", async (t) => {
  const { post, sent, chat, clock, store } = await scene(t);
  const parts = ["a", "b", "c"].map((letter) => letter.repeat(4_000));
  refuse(chat, `send 5 ${parts[1]}`, unreached, 1);
  await post({ message: parts.join("\n\n") });
  assert.deepEqual(sent(), [`send 5 ${parts[0]}`]);
  await clock.pass(1_200);
  assert.deepEqual(
    sent(),
    parts.map((part) => `send 5 ${part}`),
  );
  assert.equal(store.done.has("u1"), true);
});

test("a chunk whose connection was lost is posted again and says so, and stays in doubt for a start in between", async (t) => {
  const { post, sent, chat, clock, deliveries } = await scene(t);
  refuse(chat, "send 5 done", new HttpError("away", new Error("socket hang up")), 1);
  await post({});
  assert.equal(deliveries.states.size, 0);
  await clock.pass(1_200);
  assert.deepEqual(sent(), ["send 5 ↻ repeated after an error\ndone"]);
});

test("a chunk that Telegram refused or was never reached for is no repeat when it is posted", async (t) => {
  const { post, sent, chat, clock } = await scene(t);
  let errors = [
    unreached,
    refusal(502, "Bad Gateway"),
    refusal(429, "Too Many Requests", 1),
    refusal(403, "Forbidden: not enough rights"),
  ];
  chat.before = () => {
    const [error, ...others] = errors;
    errors = others;
    return error === undefined ? Promise.resolve() : Promise.reject(error);
  };
  await post({});
  await clock.pass(60_000);
  assert.deepEqual(sent(), ["send 5 done"]);
});

test("after a restart an answer goes on at its first chunk that is not there, and what may be there says so", async (t) => {
  const { post, sent, deliveries } = await scene(t);
  const parts = ["a", "b", "c"].map((letter) => letter.repeat(4_050));
  deliveries.states.set(`u1 ${chunkId(0, parts[0] ?? "")}`, "sent");
  deliveries.states.set(`u1 ${chunkId(1, parts[1] ?? "")}`, "interrupted");
  await post({ message: parts.join("\n\n") });
  const [second = "", third = ""] = sent();
  assert.equal(second, `send 5 ↻ repeated after a restart\n${parts[1]}`);
  assert.equal(third, `send 5 ${parts[2]}`);
  assert.ok(second.slice("send 5 ".length).length <= 4096);
  assert.equal(deliveries.states.size, 0);
});

test("a topic that was told of a dead letter before a kill is not told again, or the repeat says so", async (t) => {
  for (const [state, told] of [
    ["sent", []],
    ["interrupted", ["send 5 ↻ repeated after a restart\n⚠️"]],
    ["unsent", ["send 5 ⚠️"]],
  ] as const) {
    const { post, sent, chat, deliveries, store } = await scene(t);
    deliveries.states.set("u1 told", state);
    refuse(chat, "send 5 done", refusal(400, "Bad Request: message thread not found"));
    await post({});
    assert.deepEqual([sent().map((call) => call.split(" A message")[0]), store.buried.length], [told, 1], state);
    assert.equal(deliveries.stateOf("u1", "told"), "unsent", "refused again, it is told of again");
  }
});

test("a refusal says of its own try alone that it is not there: an earlier doubt stays", async (t) => {
  const { post, sent, chat, clock, deliveries } = await scene(t);
  const name = `u1 ${chunkId(0, "done")}`;
  deliveries.states.set(name, "interrupted");
  refuse(chat, "send 5 ↻ repeated after a restart\ndone", refusal(429, "Too Many Requests", 1), 1);
  await post({});
  assert.equal(deliveries.states.get(name), "interrupted");
  await clock.pass(2_000);
  assert.deepEqual(sent(), ["send 5 ↻ repeated after a restart\ndone"]);
});

test("a call without an answer and then a refusal leave the chunk in doubt for the next start", async (t) => {
  const { post, chat, clock, deliveries } = await scene(t);
  const refused: string[] = [];
  deliveries.refused = (_key, chunk) => void refused.push(chunk);
  let errors: Error[] = [new HttpError("away", new Error("socket hang up")), refusal(429, "Too Many Requests", 1)];
  chat.before = () => {
    const [error, ...others] = errors;
    errors = others;
    return error === undefined ? Promise.resolve() : Promise.reject(error);
  };
  await post({});
  await clock.pass(10_000);
  assert.deepEqual([errors.length, refused], [0, []]);
});

test("pauses grow while Telegram is away, and such tries never count against the message", async (t) => {
  const { post, chat, clock, store } = await scene(t);
  let tries = 0;
  chat.before = () => {
    tries += 1;
    return Promise.reject(new HttpError("away", new Error("x")));
  };
  await post({});
  await clock.pass(4_000);
  assert.ok(tries >= 2 && tries <= 3, `${tries} tries in 4 s`);
  await clock.pass(60 * 60_000);
  assert.ok(tries < 90, `${tries} tries in an hour`);
  const [entry] = store.entries.values();
  assert.equal(entry?.failures, 0);
  chat.before = () => Promise.resolve();
  await clock.pass(60_000);
  assert.equal(store.done.has("u1"), true);
});

test("a 429 pauses every topic for as long as it says, since a forum is one chat", async (t) => {
  const { post, sent, chat, clock } = await scene(t);
  refuse(chat, "send 5 done", refusal(429, "slow down", 30), 1);
  await post({}, { threadId: 6, messageId: "u2" });
  await post({ threadId: 7, messageId: "u3" });
  await clock.pass(29_000);
  assert.deepEqual(
    sent().filter((call) => call !== "send 6 done"),
    [],
  );
  await clock.pass(1_000);
  assert.deepEqual(sent().toSorted(), ["send 5 done", "send 6 done", "send 7 done"]);
});

for (const [code, description] of [
  [400, "Bad Request: message thread not found"],
  [400, "Bad Request: message is too long"],
] as const) {
  test(`"${description}" puts that message aside, and the others go on`, async (t) => {
    const { post, sent, chat, store } = await scene(t);
    refuse(chat, "send 5 bad", refusal(code, description));
    await post({ message: "bad" }, { messageId: "u2" }, { threadId: 6, messageId: "u3" });
    const answers = sent().filter((call) => !call.includes("⚠️"));
    assert.deepEqual(answers.toSorted(), ["send 5 done", "send 6 done"]);
    assert.deepEqual(
      store.buried.map(({ message, reason }) => [message.messageId, reason]),
      [["u1", `Telegram refuses it (${code}): ${description}`]],
    );
  });
}

test("of an answer that Telegram refuses its topic is told", async (t) => {
  const { post, sent, chat, store } = await scene(t);
  refuse(chat, "send 5 done", refusal(400, "Bad Request: text must be non-empty"));
  await post({});
  assert.equal(store.buried.length, 1);
  assert.match(sent()[0] ?? "", /^send 5 ⚠️ .*Telegram refuses it \(400\): Bad Request: text must be non-empty/);
});

test("a message that fails by a fault of our own is put aside after five tries", async (t) => {
  const { post, chat, clock, store } = await scene(t);
  let tries = 0;
  chat.before = () => {
    tries += 1;
    return Promise.reject(new TypeError("a mistake"));
  };
  await post({});
  await clock.pass(120_000);
  assert.equal(tries, 5 + 1, "the last to tell of it");
  assert.equal(store.buried.length, 1);
});

test("a slow topic holds up no other", async (t) => {
  const { post, sent, chat } = await scene(t);
  chat.before = (call) => (call === "send 5 done" ? new Promise(() => undefined) : Promise.resolve());
  await post({}, { threadId: 6, messageId: "u2" });
  assert.deepEqual(sent(), ["send 6 done"]);
});

test("a refused token is a fault of the worker, and the message stays", async (t) => {
  const { post, chat, faults, store } = await scene(t);
  refuse(chat, "send 5 done", refusal(401, "Unauthorized"));
  await post({});
  assert.deepEqual(
    faults.map((fault) => errorCode(fault)),
    ["telegram_unauthorized"],
  );
  assert.equal(store.entries.size, 1);
});

test("a message without text is ended, and the log says so", async (t) => {
  const { post, sent, store, log } = await scene(t);
  await post({ message: " \n" });
  assert.deepEqual(sent(), []);
  assert.equal(store.done.has("u1"), true);
  assert.equal(log.at("warn").length, 1);
});

test("an answer whose commit fails is committed again, not posted again", async (t) => {
  const { post, sent, queue, clock, store } = await scene(t);
  const commit = queue.commit.bind(queue);
  let failures = 2;
  queue.commit = (claim) => {
    failures -= 1;
    return failures >= 0 ? Promise.reject(new Error("disk")) : commit(claim);
  };
  await post({});
  await clock.pass(5_000);
  assert.deepEqual(sent(), ["send 5 done"]);
  assert.equal(store.done.has("u1"), true);
});

test("stopping waits for what is being posted, and takes up nothing more", async (t) => {
  const { post, sent, chat, outbox, clock, store } = await scene(t);
  let arrive = (): void => undefined;
  const slow = new Promise<void>((resolve) => {
    arrive = resolve;
  });
  chat.before = () => slow;
  await post({}, { messageId: "u2" });
  assert.equal(outbox.inFlight(), 1);
  const stopped = outbox.stop(5_000);
  await clock.pass(4_000);
  arrive();
  await stopped;
  assert.deepEqual(sent(), ["send 5 done"]);
  assert.deepEqual([...store.entries.keys()], ["u2"]);
});

test("a message that the queue hands out after the stop is left to the next start", async (t) => {
  const { post, sent, queue, outbox, store } = await scene(t);
  const claim = queue.claim.bind(queue);
  let hand = (): void => undefined;
  const slow = new Promise<void>((resolve) => {
    hand = resolve;
  });
  queue.claim = async () => {
    await slow;
    return claim();
  };
  await post({});
  const stopped = outbox.stop(5_000);
  hand();
  await stopped;
  await settled();
  assert.deepEqual(sent(), []);
  assert.equal(store.entries.size, 1);
});

test("stopping does not wait for ever, and leaves the message in the queue", async (t) => {
  const { post, chat, outbox, clock, store } = await scene(t);
  chat.before = () => new Promise(() => undefined);
  await post({});
  const stopped = outbox.stop(5_000);
  await clock.pass(6_000);
  await stopped;
  assert.deepEqual([...store.entries.keys()], ["u1"]);
});

test("a sync that fails ends the worker, and the message stays", async (t) => {
  const { post, sent, queue, faults, store, clock } = await scene(t);
  let commits = 0;
  queue.commit = () => {
    commits += 1;
    return Promise.reject(new SyncError("sent.jsonl", new Error("EIO")));
  };
  await post({});
  await clock.pass(60_000);
  assert.deepEqual(sent(), ["send 5 done"]);
  assert.deepEqual([commits, faults.map((fault) => errorCode(fault)), store.entries.size], [1, ["sync_failed"], 1]);
});
