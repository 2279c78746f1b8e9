import assert from "node:assert/strict";
import { test } from "node:test";
import { lines } from "../tail/support.ts";
import { Desk, KIB, bytesOf, live, range, subscribe, wide, following, stalled } from "./support.ts";

const MINUTE = 60_000;

test("a client that stops reading is sent some 256 KiB, and all the rest when it reads again", async (t) => {
  const desk = await Desk.open(t, { ringBytes: 100 * KIB });
  const client = await following(desk);
  client.connection.stalled = true;
  await desk.append("messages", wide(1, 2000, KIB));
  await desk.until(() => client.connection.buffered() >= 256 * KIB);
  desk.clock.advance(10_000);
  await desk.settle();
  const held = client.connection.buffered();
  assert.ok(held >= 192 * KIB && held <= 330 * KIB, `${held}`);
  client.connection.drain(65 * KIB);
  client.peer.onDrain();
  await desk.settle();
  assert.equal(client.connection.buffered(), 65 * KIB, "it goes on below 64 KiB only");
  client.connection.stalled = false;
  client.connection.drain();
  client.peer.onDrain();
  await desk.until(() => client.connection.numbers().length === 2000);
  assert.deepEqual(client.connection.numbers(), range(1, 2000));
  assert.deepEqual(client.connection.of("gap"), []);
});

test("history too waits for a client that stops reading", async (t) => {
  const desk = await Desk.open(t, { files: { messages: wide(1, 1000, KIB) } });
  const client = desk.connect();
  client.connection.stalled = true;
  subscribe(client, { from: "tail:1000" });
  await desk.until(() => client.connection.buffered() >= 256 * KIB);
  await desk.settle();
  assert.ok(client.connection.buffered() <= 330 * KIB, `${client.connection.buffered()}`);
  client.connection.stalled = false;
  client.connection.drain();
  client.peer.onDrain();
  await live(desk, client);
  assert.deepEqual(client.connection.numbers(), range(1, 1000));
});

test("a drain that nobody tells of is found out", async (t) => {
  const desk = await Desk.open(t);
  const client = await stalled(desk);
  client.connection.stalled = false;
  client.connection.drain();
  await desk.until(() => client.connection.numbers().length === 1000);
});

test("after a minute without reading a client goes on from the end, after one gap", async (t) => {
  const desk = await Desk.open(t);
  const client = await stalled(desk);
  const reached = client.connection.of("rows").at(-1)?.last;
  for (let n = 0; n < 3; n += 1) {
    desk.clock.advance(MINUTE);
    await desk.settle();
  }
  client.connection.stalled = false;
  client.connection.drain();
  client.peer.onDrain();
  await desk.settle();
  const [gap] = client.connection.of("gap");
  assert.deepEqual([gap?.from, gap?.to, gap?.reason], [reached, desk.streams.messages.head(), "slow"]);
  const [sent, last] = [client.connection.numbers(), 1000];
  assert.ok(sent.length < last);
  assert.equal(gap?.bytes, Buffer.byteLength(wide((sent.at(-1) ?? 0) + 1, last, KIB)));
  await desk.append("messages", lines(1001, 1001));
  await desk.until(() => client.connection.numbers().at(-1) === 1001);
  assert.deepEqual(client.connection.numbers(), [...range(1, sent.length), 1001]);
  assert.equal(client.connection.of("gap").length, 1);
});

test("who acks is paused at 1 MiB, and goes on with an ack", async (t) => {
  const desk = await Desk.open(t);
  const client = await following(desk);
  await desk.append("messages", wide(1, 1, KIB));
  await desk.until(() => client.connection.numbers().length === 1);
  client.say({ type: "ack", id: "a", cursor: client.connection.of("rows")[0]?.last });
  const before = bytesOf(client);
  await desk.append("messages", wide(2, 3000, KIB));
  await desk.until(() => bytesOf(client) - before >= 1024 * KIB);
  await desk.settle();
  const sent = bytesOf(client) - before;
  assert.ok(sent >= 1024 * KIB && sent < 1100 * KIB, `${sent}`);
  client.say({ type: "ack", id: "a", cursor: client.connection.of("rows").at(4)?.rows?.at(1)?.cursor });
  await desk.until(() => bytesOf(client) - before > sent);
  await desk.settle();
  const more = bytesOf(client) - before - sent;
  assert.ok(more >= 48 * KIB && more < 250 * KIB, `${more} after an ack in the middle of a frame`);
  let acked = 0;
  await desk.until(() => {
    const frames = client.connection.of("rows");
    // Once each: who acks in vain all the time is taken for a flood.
    if (frames.length > acked) client.say({ type: "ack", id: "a", cursor: frames.at(-1)?.last });
    acked = frames.length;
    return client.connection.numbers().length >= 3000;
  });
  assert.deepEqual(client.connection.numbers(), range(1, 3000));
});

test("the first ack counts what was sent before it, and one of a place never sent counts nothing", async (t) => {
  const desk = await Desk.open(t, { files: { messages: lines(1, 1) } });
  const client = await following(desk, { from: "tail:1" });
  const cursor = client.connection.of("rows")[0]?.last ?? "";
  const ahead = cursor.replace(/:\d+:/, ":999999999:");
  await desk.append("messages", wide(2, 1500, KIB));
  await desk.until(() => client.connection.numbers().length === 1500, "all, for it has not acked");
  for (const never of [ahead, "of.another:program", `f${cursor.slice(1)}`]) {
    client.say({ type: "ack", id: "a", cursor: never });
  }
  await desk.append("messages", lines(1501, 1501));
  await desk.until(() => client.connection.numbers().length === 1501, "one more, for nothing was acked");
  client.say({ type: "ack", id: "a", cursor });
  desk.clock.advance(100);
  await desk.append("messages", lines(1502, 1502));
  await desk.settle();
  assert.equal(client.connection.numbers().length, 1501);
  assert.deepEqual(client.connection.of("error"), []);
});

test("who stops acking for a minute gets a gap and goes on from the end", async (t) => {
  const desk = await Desk.open(t, { files: { messages: lines(1, 1) } });
  const client = await following(desk, { from: "tail:1" });
  client.say({ type: "ack", id: "a", cursor: client.connection.of("rows")[0]?.last });
  const before = bytesOf(client);
  await desk.append("messages", wide(2, 3000, KIB));
  await desk.until(() => bytesOf(client) - before >= 1023 * KIB);
  await desk.settle();
  const sent = client.connection.numbers();
  assert.ok(sent.length < 1200);
  desk.clock.advance(MINUTE - 1);
  await desk.settle();
  assert.deepEqual(client.connection.of("gap"), []);
  desk.clock.advance(1);
  await desk.settle();
  assert.deepEqual(
    client.connection.of("gap").map(({ reason, to }) => [reason, to]),
    [["slow", desk.streams.messages.head()]],
  );
  await desk.append("messages", lines(3001, 3001));
  await desk.until(() => client.connection.numbers().at(-1) === 3001);
  assert.deepEqual(client.connection.numbers(), [...sent, 3001]);
});

test("the subscriptions of a connection take turns where there is little room", async (t) => {
  // All of it lies in memory: what is read from a file may come late, and then has missed its turn.
  const desk = await Desk.open(t, { ringBytes: 8192 * KIB });
  const client = desk.connect();
  // More of them than frames in 256 KiB.
  const ids = ["a", "b", "c", "d", "e", "f", "g", "h", "i"];
  const topics = ["messages", "routing", "activity"] as const;
  for (const [n, id] of ids.entries()) subscribe(client, { id, topic: topics[n % topics.length] ?? "messages" });
  for (const id of ids) await live(desk, client, id);
  client.connection.stalled = true;
  for (const topic of topics) await desk.append(topic, wide(1, 2000, KIB));
  const frames = (): number[] => ids.map((id) => client.connection.of("rows", id).length);
  // Whose rows came first had all the room there was.
  await desk.until(() => client.connection.buffered() >= 256 * KIB);
  const first = frames();
  for (let n = 0; n < 16; n += 1) {
    await desk.until(() => client.connection.buffered() >= 256 * KIB);
    await desk.settle();
    client.connection.drain();
    client.peer.onDrain();
  }
  const counts = frames().map((count, n) => count - (first[n] ?? 0));
  assert.ok(Math.min(...counts) > 8, counts.join(" "));
  assert.ok(Math.max(...counts) - Math.min(...counts) <= 4, counts.join(" "));
});
