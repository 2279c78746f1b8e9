import assert from "node:assert/strict";
import { rm, truncate } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { DashboardError } from "../../../src/dashboard/errors.ts";
import { heldBack, listOf, numbered, numbersOf, read, refusalOf, stage, streamOf } from "./stage.ts";

const LISTS = {
  "/api/messages/recent": "messages",
  "/api/routing/recent": "routing",
  "/api/prompts/recent": "prompts",
  "/api/activity/recent": "activity",
  "/api/logs/telegram/recent": "logs/telegram",
  "/api/logs/queue/recent": "logs/queue",
  "/api/logs/supervisor/recent": "logs/supervisor",
} as const;

for (const [path, topic] of Object.entries(LISTS)) {
  test(`${path} lists its own file, oldest first`, async (t) => {
    const { append, get } = await stage(t);
    await append(topic, ...numbered(1, 3));
    const got = await get(path);
    assert.deepEqual(numbersOf(listOf(got)), [1, 2, 3]);
    assert.equal(got.headers["content-type"], "application/json; charset=utf-8");
    assert.equal(got.headers["cache-control"], "private, no-cache, no-transform");
  });
}

test("an empty list has no places", async (t) => {
  const { get } = await stage(t);
  const got = await get("/api/messages/recent");
  assert.equal(got.text, '{"items":[],"first":null,"last":null,"more":false}');
});

test("without n there are 50 rows, of prompts 20", async (t) => {
  const { append, get } = await stage(t);
  await append("messages", ...numbered(1, 60));
  await append("prompts", ...numbered(1, 60));
  const messages = listOf(await get("/api/messages/recent"));
  assert.deepEqual([messages.items.length, messages.more], [50, true]);
  assert.equal(listOf(await get("/api/prompts/recent")).items.length, 20);
});

test("pages go back by first and on by last, without a row twice", async (t) => {
  const { append, get } = await stage(t);
  await append("messages", ...numbered(1, 7));
  const newest = listOf(await get("/api/messages/recent?n=3"));
  assert.deepEqual([numbersOf(newest), newest.more], [[5, 6, 7], true]);
  const older = listOf(await get(`/api/messages/recent?n=3&before=${newest.first}`));
  // The place after row 5: rows before it, without row 5 itself.
  assert.deepEqual([numbersOf(older), older.more], [[2, 3, 4], true]);
  const oldest = listOf(await get(`/api/messages/recent?n=3&before=${older.first}`));
  assert.deepEqual([numbersOf(oldest), oldest.more], [[1], false]);
  const on = listOf(await get(`/api/messages/recent?n=3&after=${oldest.items[0]?.cursor}`));
  assert.deepEqual([numbersOf(on), on.more], [[2, 3, 4], true]);
  const end = listOf(await get(`/api/messages/recent?n=3&after=${on.last}`));
  assert.deepEqual([numbersOf(end), end.more], [[5, 6, 7], false]);
  await append("messages", ...numbered(8, 8));
  assert.deepEqual(numbersOf(listOf(await get(`/api/messages/recent?after=${end.last}`))), [8]);
});

test("filters choose rows, and one given twice means any of them", async (t) => {
  const { append, get } = await stage(t);
  await append(
    "messages",
    {
      n: 1,
      timestamp: 100,
      threadId: 5,
      model: "opus",
      tier: "deep",
      direction: "in",
      messageId: "a",
      message: "Hello",
    },
    { n: 2, timestamp: 200, threadId: 6, model: "sonnet", tier: "fast", direction: "out", messageId: "b" },
    { n: 3, timestamp: 300, threadId: 7, model: "haiku", tier: "fast", direction: "in", messageId: 42 },
  );
  await append("logs/queue", { n: 1, level: 30 }, { n: 2, level: 50 });
  const found = async (query: string): Promise<unknown[]> => numbersOf(listOf(await get(`/api/${query}`)));
  assert.deepEqual(await found("messages/recent?thread=5"), [1]);
  assert.deepEqual(await found("messages/recent?thread=5&thread=7"), [1, 3]);
  assert.deepEqual(await found("messages/recent?model=sonnet"), [2]);
  assert.deepEqual(await found("messages/recent?tier=fast&direction=in"), [3]);
  assert.deepEqual(await found("messages/recent?messageId=a"), [1]);
  assert.deepEqual(await found("messages/recent?messageId=42"), [3]);
  assert.deepEqual(await found("messages/recent?q=hELLO"), [1]);
  assert.deepEqual(await found("messages/recent?from=150&to=200"), [2]);
  assert.deepEqual(await found("messages/recent?from=200"), [2, 3]);
  assert.deepEqual(await found("logs/queue/recent?level=error"), [2]);
  assert.deepEqual(await found("logs/queue/recent?level=30"), [1]);
  assert.deepEqual(await found("messages/recent?_=1760000000000&thread=5"), [1]);
});

const WRONG = [
  "n=0",
  "n=1001",
  "n=abc",
  "n=1e3",
  "n=-1",
  "n=",
  "n=5&n=6",
  "before=a&after=b",
  "from=x",
  "from=2&to=1",
  "to=1.5",
  "thread=0",
  "thread=..%2f..%2fetc",
  "thread=5%00",
  "thread=",
  "thread=9999999999999999",
  `thread=${"9".repeat(17)}`,
  "model=",
  `model=${"m".repeat(257)}`,
  "direction=sideways",
  "q=",
  `q=${"q".repeat(401)}`,
  "threadId=5",
  "level=error",
  "full=0",
  "__proto__x=1&toString=1",
  "format=xml",
  Array.from({ length: 65 }, (_, n) => `thread=${n + 1}`).join("&"),
];

for (const query of WRONG) {
  test(`?${query.slice(0, 40)} is a bad parameter`, async (t) => {
    const { get } = await stage(t);
    assert.deepEqual(refusalOf(await get(`/api/messages/recent?${query}`)), [400, "bad_parameter"]);
  });
}

test("a parameter that is not known is refused with those that are", async (t) => {
  const { get } = await stage(t);
  const { text } = await get("/api/logs/queue/recent?thraed=5");
  assert.match(text, /thraed/);
  assert.match(text, /n, before, after, from, to, thread, model, tier, level, messageId, q, format/);
});

test("a text that can be no cursor is a bad cursor, and another program's begins at a gap", async (t) => {
  const { append, get } = await stage(t);
  await append("messages", ...numbered(1, 1));
  for (const cursor of ["%2e%2e%2f", "a b", "x".repeat(81), "", "%00"]) {
    assert.deepEqual(refusalOf(await get(`/api/messages/recent?after=${cursor}`)), [400, "bad_cursor"], cursor);
    assert.deepEqual(refusalOf(await get(`/api/messages/recent?before=${cursor}`)), [400, "bad_cursor"], cursor);
  }
  const list = listOf(await get("/api/messages/recent?after=elsewhere:1"));
  assert.deepEqual(numbersOf(list), [1]);
  assert.equal(list.gaps?.length, 1);
  assert.deepEqual(
    { ...list.gaps[0], to: "" },
    {
      index: 0,
      from: "elsewhere:1",
      to: "",
      bytes: 0,
      reason: "deleted",
    },
  );
});

test("hostile records stay what they are", async (t) => {
  const { append, get } = await stage(t);
  const forged = '{"cursor":"forged","n":1}';
  const twice = '{"n":2,"cursor":"forged"}';
  await append("messages", forged, twice, '{"message":"</script><script>\\u2028"}', '{"__proto__":{"x":1},"n":4}');
  await append(
    "messages",
    Buffer.from([0x22, 0xff, 0xfe, 0xc3]),
    "[1]",
    "{",
    `{"n":8,"message":"${"x".repeat(2 ** 20)}"}`,
  );
  const { items } = listOf(await get("/api/messages/recent"));
  assert.equal(items.length, 8);
  for (const item of items) {
    assert.match(item.cursor, /^[0-9a-z]{29}:\d+:[0-9a-z]+$/);
    assert.equal(Object.keys(item)[0], "cursor");
  }
  assert.equal(new Set(items.map(({ cursor }) => cursor)).size, 8);
  assert.deepEqual(
    items.slice(4, 7).map(({ raw }) => raw),
    ['"\uFFFD\uFFFD\uFFFD', "[1]", "{"],
  );
  assert.equal(items[2]?.["message"], "</script><script>\u2028");
  assert.equal(typeof items[7]?.["raw"], "string");
  assert.ok(Number(items[7]?.["cut"]) > 0);
});

test("prompts come with their bodies, and without them when full is 0", async (t) => {
  const { append, get } = await stage(t);
  const bodies = { systemPrompt: "s", userMessage: "u", prompt: "p" };
  await append("prompts", { messageId: "a", ...bodies, promptLength: 1 });
  const [full] = listOf(await get("/api/prompts/recent")).items;
  assert.deepEqual({ ...full, cursor: "" }, { cursor: "", messageId: "a", ...bodies, promptLength: 1 });
  const [slim] = listOf(await get("/api/prompts/recent?full=0")).items;
  assert.deepEqual({ ...slim, cursor: "" }, { cursor: "", messageId: "a", promptLength: 1 });
});

test("a list that is known already is not sent again, until it changes", async (t) => {
  const { append, get } = await stage(t);
  await append("messages", ...numbered(1, 3, { threadId: 5 }));
  const { headers } = await get("/api/messages/recent");
  const etag = headers["etag"] ?? "";
  assert.match(etag, /^"[\w-]{22}"$/);
  const again = await get("/api/messages/recent", { "if-none-match": `"other", W/${etag}` });
  assert.deepEqual([again.status, again.text, again.headers["etag"]], [304, "", etag]);
  assert.equal((await get("/api/messages/recent?n=2", { "if-none-match": etag })).status, 200);
  assert.equal((await get("/api/messages/recent?thread=6", { "if-none-match": etag })).status, 200);
  await append("messages", ...numbered(4, 4));
  assert.equal((await get("/api/messages/recent", { "if-none-match": etag })).status, 200);
});

test("with and without bodies are two things to know", async (t) => {
  const { append, get } = await stage(t);
  await append("prompts", { messageId: "a", prompt: "p" });
  const { headers } = await get("/api/prompts/recent");
  assert.equal((await get("/api/prompts/recent?full=0", { "if-none-match": headers["etag"] ?? "" })).status, 200);
});

test("a long list is written in pieces, and stops when the client leaves", async (t) => {
  const { append, request } = await stage(t);
  await append("messages", ...numbered(1, 20, { message: "x".repeat(20_000) }));
  const answer = streamOf(await request("/api/messages/recent"));
  assert.equal(answer.headers["content-type"], "application/json; charset=utf-8");
  assert.match(answer.headers["etag"] ?? "", /^".+"$/);
  const all = await read(await request("/api/messages/recent"));
  assert.equal(numbersOf(listOf(all)).length, 20);
  const { sink, run } = await heldBack(answer);
  sink.leave(new DashboardError("client_gone", "left"));
  sink.release();
  await assert.rejects(run, { code: "client_gone" });
  assert.equal(sink.pieces.length, 1);
});

test("rows whose file is gone leave a gap in the list", async (t) => {
  const { dir, append, get, deps } = await stage(t);
  await append("messages", ...numbered(1, 3));
  const { first } = listOf(await get("/api/messages/recent?n=3"));
  await rm(join(dir, "message-history.jsonl"));
  await deps.streams.messages.look();
  await append("messages", ...numbered(4, 4));
  const list = listOf(await get(`/api/messages/recent?after=${first}`));
  assert.ok(numbersOf(list).includes(4));
  assert.deepEqual(
    list.gaps?.map((gap) => Object.keys(gap)),
    [["index", "from", "to", "bytes", "reason"]],
  );
});

test("a gap bears the number of rows before it, in whichever direction it was read", async (t) => {
  const { dir, append, get, deps } = await stage(t);
  await append("messages", ...numbered(1, 4));
  for (const from of [5, 8]) {
    await truncate(join(dir, "message-history.jsonl"), 0);
    await deps.streams.messages.look();
    await append("messages", ...numbered(from, from + 2));
  }
  const newest = listOf(await get("/api/messages/recent"));
  assert.deepEqual(numbersOf(newest), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  const indexes = ({ gaps = [] }: typeof newest) => gaps.map((gap) => (gap as { index: unknown }).index);
  // Of what a first row came after nothing is known, once its file was cut.
  assert.deepEqual(indexes(newest), [0, 4, 7]);
  const after = listOf(await get(`/api/messages/recent?after=${newest.items[1]?.cursor}&n=4`));
  assert.deepEqual([numbersOf(after), indexes(after)], [[3, 4, 5, 6], [2]]);
});
