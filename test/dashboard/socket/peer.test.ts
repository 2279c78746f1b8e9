import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { Desk } from "./support.ts";
import type { Client } from "./support.ts";

function lastOf({ connection }: Client): object | undefined {
  return connection.frames.at(-1);
}

test("a connection is greeted with what there is to follow", async (t) => {
  const desk = await Desk.open(t);
  const { connection } = desk.connect();
  assert.deepEqual(connection.frames, [
    {
      type: "welcome",
      version: 1,
      boot: "boot-1",
      topics: [
        "messages",
        "routing",
        "prompts",
        "activity",
        "logs/telegram",
        "logs/queue",
        "logs/supervisor",
        "status",
        "metrics",
      ],
    },
  ]);
});

test("a frame that is none is answered, and the connection goes on", async (t) => {
  const desk = await Desk.open(t);
  const client = desk.connect();
  const subscribe = { type: "subscribe", id: "a", topic: "messages" };
  const cases: [string | object, string, string | undefined][] = [
    ["no json", "bad_request", undefined],
    ["", "bad_request", undefined],
    ["null", "bad_request", undefined],
    [[], "bad_request", undefined],
    [{ type: "publish", id: "a" }, "bad_request", "a"],
    [{ ...subscribe, id: 5 }, "bad_request", undefined],
    [{ ...subscribe, id: "" }, "bad_request", ""],
    [{ ...subscribe, id: "x".repeat(65) }, "bad_request", undefined],
    [{ type: "ping", t: "1" }, "bad_request", undefined],
    [{ ...subscribe, topic: "nonsense" }, "unknown_topic", "a"],
    [{ ...subscribe, topic: "__proto__" }, "unknown_topic", "a"],
    [{ ...subscribe, topic: "toString" }, "unknown_topic", "a"],
    [{ ...subscribe, from: "a/b" }, "bad_cursor", "a"],
    [{ ...subscribe, from: "" }, "bad_cursor", "a"],
    [{ ...subscribe, from: "tail:1001" }, "bad_parameter", "a"],
    [{ ...subscribe, from: "tail:-1" }, "bad_parameter", "a"],
    [{ ...subscribe, from: "tail:" }, "bad_parameter", "a"],
    [{ ...subscribe, from: "tail:1e2" }, "bad_parameter", "a"],
    [{ ...subscribe, filter: { thread: 5 } }, "bad_filter", "a"],
    [{ ...subscribe, filter: null }, "bad_filter", "a"],
    [{ ...subscribe, topic: "status", filter: "all" }, "bad_filter", "a"],
    [{ type: "unsubscribe", id: "nobody" }, "not_found", "nobody"],
    [{ type: "ack", id: "a", cursor: "no cursor!" }, "bad_cursor", "a"],
  ];
  for (const [given, code, id] of cases) {
    client.peer.onMessage(typeof given === "string" ? given : JSON.stringify(given));
    const { message, ...answer } = lastOf(client) as { message: string };
    const about = id === undefined ? {} : { id, closed: true };
    assert.deepEqual(answer, { type: "error", ...about, code }, JSON.stringify(given));
    assert.notEqual(message, "");
  }
  client.say({ type: "ping", t: 1.5 });
  assert.deepEqual(lastOf(client), { type: "pong", t: 1.5 });
  assert.equal(client.connection.closed, undefined);
});

test("an id is taken once, and is free again after its end", async (t) => {
  const desk = await Desk.open(t);
  const client = desk.connect();
  for (const [first, second] of [
    ["messages", "status"],
    ["status", "messages"],
  ]) {
    client.say({ type: "subscribe", id: "a", topic: first });
    const before = client.connection.of("error").length;
    client.say({ type: "subscribe", id: "a", topic: second });
    assert.equal(client.connection.of("error").length, before + 1);
    assert.equal(client.connection.of("error").at(-1)?.code, "bad_request");
    client.say({ type: "unsubscribe", id: "a" });
  }
  client.say({ type: "subscribe", id: "a", topic: "routing" });
  await desk.until(() => client.connection.of("live", "a").length > 0);
});

test("an error about a subscription that goes on does not say that it is closed", async (t) => {
  const desk = await Desk.open(t);
  const client = desk.connect();
  client.say({ type: "subscribe", id: "a", topic: "messages" });
  for (const given of [
    { type: "ack", id: "a", cursor: "no cursor!" },
    { type: "ack", id: "a" },
    { type: "subscribe", id: "a", topic: "nonsense" },
  ]) {
    client.say(given);
    const error = client.connection.of("error", "a").at(-1) ?? {};
    assert.equal("closed" in error, false, JSON.stringify(given));
  }
  assert.equal(client.connection.of("error", "a").length, 3);
  await desk.append("messages", '{"n":1}\n');
  await desk.until(() => client.connection.numbers().length === 1);
});

test("a connection has at most 32 subscriptions, states among them", async (t) => {
  const desk = await Desk.open(t);
  const client = desk.connect();
  for (let n = 0; n < 31; n += 1) client.say({ type: "subscribe", id: `s${n}`, topic: "messages" });
  client.say({ type: "subscribe", id: "state", topic: "metrics" });
  assert.deepEqual(client.connection.of("error"), []);
  client.say({ type: "subscribe", id: "more", topic: "messages" });
  assert.equal(client.connection.of("error", "more")[0]?.code, "too_many");
  assert.equal(desk.peers.subscriptions(), 32);
  client.say({ type: "unsubscribe", id: "state" });
  client.say({ type: "subscribe", id: "more", topic: "messages" });
  assert.equal(client.connection.of("error", "more").length, 1);
});

test("a client that talks too fast is told, and closed when it goes on", async (t) => {
  const desk = await Desk.open(t);
  const client = desk.connect();
  for (let n = 0; n < 100; n += 1) client.say({ type: "ping", t: n });
  assert.equal(client.connection.of("pong").length, 100);
  client.say({ type: "ping", t: 100 });
  assert.equal(client.connection.of("error")[0]?.code, "too_many");
  desk.clock.advance(1000);
  for (let n = 0; n < 19; n += 1) client.say({ type: "ping", t: n });
  assert.equal(client.connection.of("pong").length, 119, "after a second there are some again");
  for (let n = 0; n < 20_000; n += 1) client.say({ type: "subscribe", id: `s${n}`, topic: "messages" });
  assert.equal(client.connection.closed?.code, 1008);
  assert.ok(client.connection.of("error").length < 120, "it is not answered for ever");
});

test("a client may ack every frame of rows, however fast they come", async (t) => {
  const desk = await Desk.open(t);
  const client = desk.connect();
  client.say({ type: "subscribe", id: "a", topic: "messages" });
  for (let n = 1; n <= 300; n += 1) {
    await desk.append("messages", `{"n":${n}}\n`);
    await desk.until(() => client.connection.numbers().length === n);
    client.say({ type: "ack", id: "a", cursor: client.connection.of("rows").at(-1)?.last });
  }
  assert.ok(desk.clock.monotonic() < 10_000, "faster than 20 a second and a burst");
  assert.deepEqual(client.connection.of("error"), []);
});

test("after the connection is gone nothing is done with it", async (t) => {
  const desk = await Desk.open(t, { files: { messages: '{"n":1}\n' } });
  const client = desk.connect();
  client.say({ type: "subscribe", id: "a", topic: "messages", from: "tail:5" });
  client.peer.onClose();
  client.connection.isGone = true;
  client.peer.onMessage('{"type":"ping","t":1}');
  client.peer.onDrain();
  client.peer.onClose();
  await desk.append("messages", '{"n":2}\n');
  desk.clock.advance(100_000);
  await desk.settle();
  assert.deepEqual(client.connection.of("rows"), []);
  assert.equal(desk.clock.timers, 0);
});

test("a connection that drops what is sent is given up", async (t) => {
  const desk = await Desk.open(t);
  const client = desk.connect();
  client.say({ type: "subscribe", id: "a", topic: "messages" });
  await desk.until(() => client.connection.of("live").length === 1);
  client.connection.drops = true;
  await desk.append("messages", '{"n":1}\n');
  await desk.settle();
  client.connection.isGone = true;
  await desk.append("messages", '{"n":2}\n');
  desk.clock.advance(1000);
  await desk.settle();
  assert.deepEqual(desk.log.lines, []);
});

test("random frames are answered or end in a close, and nothing is thrown", async (t) => {
  const desk = await Desk.open(t, { files: { messages: '{"n":1}\n{"n":2}\n' } });
  const text = fc.constantFrom(
    "a",
    "b",
    "status",
    "messages",
    "metrics",
    "tail:1",
    "now",
    "tail:9999",
    "x:y",
    "",
    "é/",
  );
  const value = fc.oneof(text, fc.constantFrom({ q: "1" }, { threadId: [1] }, { no: 1 }), fc.jsonValue());
  const member = fc.constantFrom("id", "topic", "from", "filter", "cursor", "t", "__proto__", "extra");
  const type = fc.constantFrom("subscribe", "unsubscribe", "ack", "ping", "rows", 1, null);
  const object = fc
    .tuple(type, fc.dictionary(member, value))
    .map(([name, rest]) => JSON.stringify({ ...rest, type: name }));
  const given = fc.oneof({ weight: 5, arbitrary: object }, fc.string({ unit: "binary" }), fc.json());
  await fc.assert(
    fc.asyncProperty(fc.array(given, { maxLength: 40 }), async (frames) => {
      const client = desk.connect();
      for (const frame of frames) {
        const before = client.connection.frames.length;
        client.peer.onMessage(frame);
        if (client.connection.frames.length === before) assert.match(frame, /"type":"(subscribe|unsubscribe|ack)"/);
      }
      client.say({ type: "ping", t: 77 });
      assert.deepEqual(lastOf(client), { type: "pong", t: 77 });
      client.peer.onClose();
    }),
    { numRuns: 200 },
  );
  assert.deepEqual(desk.log.lines, []);
});
