import assert from "node:assert/strict";
import { rename } from "node:fs/promises";
import { test } from "node:test";
import { DashboardError } from "../../../src/dashboard/errors.ts";
import type { Stream } from "../../../src/dashboard/tail/stream.ts";
import { lines } from "../tail/support.ts";
import { Desk, KIB, live, range, subscribe, wide, following } from "./support.ts";

test("the last rows come over rolled files, then a live frame, then what is new", async (t) => {
  const desk = await Desk.open(t, { files: { messages: lines(1, 5) } });
  await rename(desk.path("messages"), desk.path("messages").replace(".jsonl", ".1.jsonl"));
  await desk.append("messages", lines(6, 8));
  const client = desk.connect();
  subscribe(client, { from: "tail:5" });
  const { cursor } = await live(desk, client);
  assert.deepEqual(client.connection.numbers(), range(4, 8));
  assert.equal(cursor, desk.streams.messages.head());
  assert.equal(client.connection.frames.at(-1)?.type, "live");
  await desk.append("messages", lines(9, 9));
  await desk.until(() => client.connection.numbers().length === 6);
  assert.deepEqual(client.connection.numbers(), range(4, 9));
  assert.equal(client.connection.of("live").length, 1);
});

test("an id may be 64 characters, whatever these are", async (t) => {
  const desk = await Desk.open(t);
  const ids = ["\u0001".repeat(64), "é".repeat(64), "\u{1f980}".repeat(32), '"'.repeat(64), "a"];
  const clients = ids.map(() => desk.connect());
  for (const [n, client] of clients.entries()) {
    subscribe(client, { id: ids[n] });
    await live(desk, client, ids[n]);
  }
  await desk.append("messages", lines(1, 3));
  for (const [n, client] of clients.entries()) {
    await desk.until(() => client.connection.of("rows", ids[n]).length === 1);
    assert.deepEqual(client.connection.numbers(ids[n]), range(1, 3));
  }
});

test("first and last of a frame are its first row's cursor and the place reached", async (t) => {
  const desk = await Desk.open(t);
  const client = await following(desk, { filter: { q: '"n":2' } });
  await desk.append("messages", lines(1, 3));
  await desk.until(() => client.connection.of("rows").length === 1);
  const [frame] = client.connection.of("rows");
  assert.deepEqual(
    frame?.rows?.map(({ n }) => n),
    [2],
  );
  assert.equal(frame?.first, frame?.rows?.[0]?.cursor);
  assert.equal(frame?.last, desk.streams.messages.head());
});

test("the last rows that match are found among many that do not", async (t) => {
  let text = "";
  for (let n = 1; n <= 3000; n += 1) text += `{"n":${n},"threadId":${n % 100}}\n`;
  const desk = await Desk.open(t, { files: { messages: text } });
  const client = await following(desk, { from: "tail:3", filter: { threadId: [7] } });
  assert.deepEqual(client.connection.numbers(), [2707, 2807, 2907]);
  await desk.append("messages", '{"n":3001,"threadId":8}\n{"n":3002,"threadId":7}\n');
  await desk.until(() => client.connection.numbers().length === 4);
  assert.deepEqual(client.connection.numbers().at(-1), 3002);
});

test("the last rows are complete when they are more than one page of history holds", async (t) => {
  const desk = await Desk.open(t, { files: { messages: wide(1, 45, 500 * KIB) } });
  const client = await following(desk, { from: "tail:40" });
  assert.deepEqual(client.connection.numbers(), range(6, 45));
});

test("now is what comes from now on, also where nothing ever was", async (t) => {
  const desk = await Desk.open(t, { files: { messages: lines(1, 5) } });
  const client = desk.connect();
  subscribe(client, { from: "now" });
  subscribe(client, { id: "b", topic: "routing" });
  await live(desk, client, "a");
  assert.equal((await live(desk, client, "b")).cursor, null);
  await desk.append("messages", lines(6, 6));
  await desk.append("routing", lines(1, 2));
  await desk.until(() => client.connection.numbers("b").length === 2);
  await desk.until(() => client.connection.numbers("a").length === 1);
  assert.deepEqual([client.connection.numbers("a"), client.connection.numbers("b")], [[6], [1, 2]]);
});

test("a cursor goes on after its row, and one of no known place gives a gap and all there is", async (t) => {
  const desk = await Desk.open(t, { files: { messages: lines(1, 5) } });
  const first = desk.connect();
  subscribe(first, { from: "tail:3" });
  await live(desk, first);
  const cursor = first.connection.of("rows")[0]?.rows?.[0]?.cursor;
  const client = desk.connect();
  subscribe(client, { from: cursor });
  subscribe(client, { id: "b", from: "of.another:program" });
  await live(desk, client);
  assert.deepEqual(client.connection.numbers(), [4, 5]);
  await live(desk, client, "b");
  const [gap] = client.connection.of("gap", "b");
  assert.deepEqual([gap?.from, gap?.reason], ["of.another:program", "deleted"]);
  assert.deepEqual(client.connection.numbers("b"), range(1, 5));
});

test("frames hold at most 500 rows and about 64 KiB", async (t) => {
  const desk = await Desk.open(t, { files: { messages: lines(1, 1200), routing: wide(1, 30, 10 * KIB) } });
  for (const [topic, rows] of [
    ["messages", 1200],
    ["routing", 30],
  ] as const) {
    for (const from of [rows > 1000 ? "tail:1000" : "tail:30", (await desk.streams[topic].tail(rows)).items[0]]) {
      const client = await following(desk, {
        topic,
        from: typeof from === "object" && "cursor" in from ? from.cursor : from,
      });
      for (const text of client.connection.texts) assert.ok(text.length < 76 * KIB, `${text.length}`);
      for (const frame of client.connection.of("rows")) assert.ok((frame.rows?.length ?? 0) <= 500);
      assert.equal(client.connection.numbers().at(-1), rows);
    }
  }
});

test("prompts come without their bodies", async (t) => {
  const prompt = { n: 1, systemPrompt: "s", userMessage: "u", prompt: "p", promptLength: 1 };
  const desk = await Desk.open(t, { files: { prompts: `${JSON.stringify(prompt)}\n` } });
  const client = await following(desk, { topic: "prompts", from: "tail:1" });
  const [row] = client.connection.of("rows")[0]?.rows ?? [];
  assert.deepEqual({ ...row, cursor: "" }, { cursor: "", n: 1, promptLength: 1 });
});

test("what comes after a silence goes out at once, four times, and what follows within 16 ms", async (t) => {
  const desk = await Desk.open(t);
  const client = await following(desk);
  desk.clock.advance(100);
  for (let n = 1; n <= 4; n += 1) {
    await desk.append("messages", lines(n, n));
    await desk.settle();
    assert.equal(client.connection.numbers().at(-1), n);
  }
  await desk.append("messages", lines(5, 5));
  await desk.append("messages", lines(6, 6));
  await desk.settle();
  assert.equal(client.connection.numbers().at(-1), 4);
  desk.clock.advance(16);
  await desk.settle();
  assert.deepEqual(client.connection.numbers(), [1, 2, 3, 4, 5, 6]);
  assert.equal(client.connection.of("rows").length, 5);
});

test("nothing comes after an unsubscribe, though history was being read", async (t) => {
  let signal: AbortSignal | undefined;
  const desk = await Desk.open(t, {
    files: { messages: lines(1, 20_000) },
    wrap: (streams) => ({
      ...streams,
      messages: {
        ...streams.messages,
        before(cursor, limit, match) {
          signal = limit.signal;
          return streams.messages.before(cursor, limit, match);
        },
      },
    }),
  });
  const client = desk.connect();
  subscribe(client, { from: "tail:10", filter: { q: "nowhere" } });
  await desk.until(() => signal !== undefined);
  client.say({ type: "unsubscribe", id: "a" });
  assert.equal(signal?.aborted, true);
  const frames = client.connection.frames.length;
  await desk.append("messages", '{"n":1,"t":"nowhere"}\n');
  await desk.settle();
  assert.equal(client.connection.frames.length, frames);
  subscribe(client, { from: "tail:1" });
  await live(desk, client);
  assert.deepEqual(client.connection.numbers(), [1]);
  assert.deepEqual(desk.log.lines, []);
});

test("clients at the same place share what is read for them", async (t) => {
  let reads = 0;
  const desk = await Desk.open(t, {
    wrap: (streams) => ({ ...streams, messages: counting(streams.messages, () => (reads += 1)) }),
  });
  const clients = Array.from({ length: 10 }, () => desk.connect());
  for (const client of clients) {
    subscribe(client);
    await live(desk, client);
  }
  reads = 0;
  await desk.append("messages", lines(1, 5000));
  await desk.until(() => clients.every(({ connection }) => connection.numbers().length === 5000));
  for (const { connection } of clients) assert.deepEqual(connection.numbers(), range(1, 5000));
  assert.ok(reads < 40, `${reads} reads for 10 frames`);
});

test("one that is behind gets what others had, and what came since", async (t) => {
  const desk = await Desk.open(t);
  const [ahead, behind] = [desk.connect(), desk.connect()];
  for (const client of [ahead, behind]) {
    subscribe(client);
    await live(desk, client);
  }
  behind.connection.stalled = true;
  await desk.append("messages", wide(1, 300, KIB));
  await desk.until(() => ahead.connection.numbers().length === 300);
  for (let n = 301; n < 306; n += 1) {
    await desk.append("messages", lines(n, n));
    await desk.until(() => ahead.connection.numbers().at(-1) === n);
  }
  assert.ok(behind.connection.numbers().length < 300);
  behind.connection.drain();
  behind.peer.onDrain();
  await desk.until(() => behind.connection.numbers().length === 305);
  assert.deepEqual(behind.connection.numbers(), range(1, 305));
});

test("what cannot be read is tried again, and skipped after a minute", async (t) => {
  let isBroken = false;
  const desk = await Desk.open(t, {
    wrap: (streams) => ({
      ...streams,
      messages: counting(streams.messages, () => {
        if (isBroken) throw new DashboardError("file_unreadable", "EIO");
      }),
    }),
  });
  const client = await following(desk);
  isBroken = true;
  await desk.append("messages", lines(1, 1));
  await desk.settle();
  isBroken = false;
  await desk.until(() => client.connection.numbers().length === 1, "the row");
  assert.deepEqual(client.connection.of("gap"), []);
  isBroken = true;
  await desk.append("messages", lines(2, 2));
  await desk.until(() => client.connection.of("gap").length === 1, "the gap");
  assert.equal(client.connection.of("gap")[0]?.reason, "slow");
  isBroken = false;
  await desk.append("messages", lines(3, 3));
  await desk.until(() => client.connection.numbers().at(-1) === 3);
  assert.deepEqual(client.connection.numbers(), [1, 3]);
  assert.equal(desk.log.lines.length, 2, "told once each time");
});

function counting(stream: Stream, onRead: () => void): Stream {
  return {
    ...stream,
    async after(cursor, limit, match) {
      onRead();
      return stream.after(cursor, limit, match);
    },
  };
}
