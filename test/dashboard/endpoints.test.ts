import assert from "node:assert/strict";
import { mkdir, rename, symlink } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { eventually } from "../support/eventually.ts";
import { TOPIC_NAMES } from "../../src/dashboard/topics.ts";
import type { Topic } from "../../src/dashboard/topics.ts";
import { jsonOf, put, refusalOf, start, writerOf } from "./support/rig.ts";
import type { Item, List, Running } from "./support/rig.ts";
import { openSse } from "./support/sse-client.ts";
import { connect } from "./support/socket-client.ts";

const NOW = Date.now();

const record: Readonly<Record<Topic, (n: number) => object>> = {
  messages: (n) => ({
    timestamp: NOW - 60_000 + n,
    n,
    threadId: n % 2 === 0 ? 1 : 5,
    messageId: `u${n}`,
    direction: n % 3 === 0 ? "out" : "in",
    channel: "telegram",
    source: "user",
    sender: "Ada",
    message: n === 7 ? 'a Needle in\nthe "hay" <b>größe</b>' : `message ${n}`,
    model: n % 2 === 0 ? "opus" : "haiku",
  }),
  routing: (n) => ({ timestamp: NOW + n, n, threadId: 5, messageId: `u${n}`, tier: n % 2 === 0 ? "heavy" : "light" }),
  prompts: (n) => ({
    timestamp: NOW + n,
    n,
    threadId: 5,
    messageId: `u${n}`,
    model: "opus",
    systemPrompt: "be brief",
    userMessage: `do ${n}`,
    prompt: `one\ntwo ${n}\nthree\n`,
    promptLength: 14,
  }),
  activity: (n) => ({
    timestamp: NOW + n,
    n,
    threadId: 5,
    messageId: `u${n}`,
    kind: n === 3 ? "turn_end" : "text",
    ...(n === 3 && { costUsd: 0.25, usage: { inputTokens: 10, outputTokens: 20 } }),
  }),
  "logs/telegram": (n) => ({ level: n % 2 === 0 ? 30 : 50, time: NOW + n, n, msg: "polled" }),
  "logs/queue": (n) => ({ level: 30, time: NOW + n, n, msg: "claimed" }),
  "logs/supervisor": (n) => ({ level: 30, time: NOW + n, n, msg: "beat" }),
};

const PATHS: Readonly<Record<Topic, { list: string; feed: string }>> = {
  messages: { list: "/api/messages/recent", feed: "/api/messages/feed" },
  routing: { list: "/api/routing/recent", feed: "/api/routing/feed" },
  prompts: { list: "/api/prompts/recent", feed: "/api/prompts/feed" },
  activity: { list: "/api/activity/recent", feed: "/api/activity/feed" },
  "logs/telegram": { list: "/api/logs/telegram/recent", feed: "/api/logs/telegram" },
  "logs/queue": { list: "/api/logs/queue/recent", feed: "/api/logs/queue" },
  "logs/supervisor": { list: "/api/logs/supervisor/recent", feed: "/api/logs/supervisor" },
};

const THREADS = {
  "1": {
    name: "General",
    cwd: "/w",
    model: "opus",
    modelChoice: "auto",
    isMaster: true,
    lastActive: 1,
    status: "idle",
  },
  "5": {
    name: "API",
    cwd: "/w/api",
    model: "haiku",
    modelChoice: "auto",
    isMaster: false,
    lastActive: 2,
    status: "idle",
  },
};

/** Rows 1 to 30 of each topic, and what the rest of the system leaves. */
async function furnish(t: TestContext): Promise<Running> {
  const running = await start(t);
  const { dir } = running;
  // As pino-roll leaves it: the name is a link to a file in a folder.
  await mkdir(join(dir, "logs", "telegram"), { recursive: true });
  await symlink("telegram/telegram.2026-01-01.1", join(dir, "logs", "telegram.log"));
  await put(dir, "logs/telegram/telegram.2026-01-01.1", "");
  for (const topic of TOPIC_NAMES) {
    const writer = await writerOf(t, dir, topic);
    for (let n = 1; n <= 30; n += 1) await writer.append(record[topic](n));
    await eventually(`row 30 of ${topic}`, async () => {
      const { items } = await jsonOf<List>(running.get(PATHS[topic].list));
      return items.at(-1)?.n === 30 || undefined;
    });
  }
  await put(dir, "threads.json", THREADS);
  return running;
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, index) => from + index);
}

function numbers({ items }: { items: readonly Item[] }): unknown[] {
  return items.map(({ n }) => n);
}

function withoutCursor({ cursor, ...rest }: Item): object {
  assert.match(cursor, /^[A-Za-z0-9:._-]{1,80}$/);
  return rest;
}

test("every topic is a list that can be paged, tagged, exported, and asked about by HEAD", async (t) => {
  const running = await furnish(t);
  for (const topic of TOPIC_NAMES) {
    await t.test(topic, async () => {
      const { list } = PATHS[topic];
      const response = await running.get(`${list}?n=5`);
      assert.equal(response.status, 200);
      assert.match(response.headers.get("content-type") ?? "", /^application\/json/);
      assert.equal(response.headers.get("x-content-type-options"), "nosniff");
      const page = await jsonOf<List>(response);
      assert.deepEqual(numbers(page), range(26, 30));
      assert.deepEqual(Object.keys(page.items[0] ?? {})[0], "cursor");
      assert.deepEqual(withoutCursor(page.items[4] as Item), record[topic](30));
      assert.equal(page.more, true);
      assert.equal(page.last, page.items.at(-1)?.cursor);

      const older = await jsonOf<List>(running.get(`${list}?n=25&before=${page.first}`));
      assert.deepEqual(numbers(older), range(1, 25));
      assert.equal(older.more, false);
      const newer = await jsonOf<List>(running.get(`${list}?n=3&after=${older.items[9]?.cursor ?? ""}`));
      assert.deepEqual(numbers(newer), range(11, 13));
      assert.equal(newer.more, true);
      const whole = await jsonOf<List>(running.get(list));
      assert.deepEqual(numbers(whole), topic === "prompts" ? range(11, 30) : range(1, 30));

      const etag = response.headers.get("etag") ?? "";
      const again = await running.get(`${list}?n=5`, { headers: { "if-none-match": etag } });
      assert.equal(again.status, 304);
      const head = await running.get(`${list}?n=5`, { method: "HEAD" });
      assert.equal(head.status, 200);
      assert.equal(head.headers.get("etag"), etag);
      assert.equal(await head.text(), "");

      const exported = await running.get(list, { headers: { accept: "application/x-ndjson" } });
      assert.match(exported.headers.get("content-type") ?? "", /^application\/x-ndjson/);
      const lines = (await exported.text()).trimEnd().split("\n");
      assert.deepEqual(numbers({ items: lines.map((line) => JSON.parse(line) as Item) }), range(1, 30));
    });
  }

  await t.test("what is asked wrongly is refused by name", async () => {
    const some = (await jsonOf<List>(running.get(PATHS.messages.list))).last;
    for (const [query, code] of [
      ["n=0", "bad_parameter"],
      ["n=1001", "bad_parameter"],
      ["n=1e2", "bad_parameter"],
      ["before=!", "bad_cursor"],
      ["after=%00", "bad_cursor"],
      [`before=${"a".repeat(81)}`, "bad_cursor"],
      [`before=${some}&after=${some}`, "bad_parameter"],
      ["thread=x", "bad_parameter"],
      ["form=1", "bad_parameter"],
      ["from=2&to=1", "bad_parameter"],
    ] as const) {
      assert.deepEqual(await refusalOf(running.get(`${PATHS.messages.list}?${query}`)), [400, code], query);
    }
  });

  await t.test("filters choose rows", async () => {
    const of = async (path: string): Promise<unknown[]> => numbers(await jsonOf<List>(running.get(path)));
    const { list } = PATHS.messages;
    assert.deepEqual(await of(`${list}?thread=5&n=3`), [25, 27, 29]);
    assert.deepEqual(await of(`${list}?thread=1&thread=5&n=3`), [28, 29, 30]);
    assert.deepEqual(await of(`${list}?model=opus&direction=out&n=2`), [24, 30]);
    assert.deepEqual(await of(`${list}?q=NEEDLE`), [7]);
    assert.deepEqual(await of(`${list}?q=${encodeURIComponent("GRÖSSE")}`), []);
    assert.deepEqual(await of(`${list}?q=${encodeURIComponent('"HAY" <b>GRÖ')}`), [7]);
    assert.deepEqual(await of(`${list}?from=${NOW - 60_000 + 4}&to=${NOW - 60_000 + 6}`), [4, 5, 6]);
    assert.deepEqual(await of(`${PATHS.routing.list}?tier=light&n=2`), [27, 29]);
    assert.deepEqual(await of(`${PATHS["logs/telegram"].list}?level=error&n=2`), [27, 29]);
  });

  await t.test("messages that came in are counted", async () => {
    const status = await eventually("the count", async () => {
      const found = await jsonOf<Record<string, { lastDay: number }>>(running.get("/api/status"));
      return found["messages"]?.lastDay === 20 ? found : undefined;
    });
    assert.deepEqual(status["messages"], { lastHour: 20, lastDay: 20 });
  });

  await t.test("threads: the table, one with its totals, its history", async () => {
    assert.deepEqual(await jsonOf(running.get("/api/threads")), THREADS);
    const { totals, ...one } = await eventually("the totals", async () => {
      const found = await jsonOf<{ totals: Record<string, unknown> }>(running.get("/api/threads/5"));
      return JSON.stringify(found.totals).includes("0.25") ? found : undefined;
    });
    assert.deepEqual(one, { id: 5, ...THREADS["5"] });
    assert.deepEqual(totals["messages"], { in: 10, out: 5 });
    assert.equal(totals["costUsd"], 0.25);
    assert.deepEqual(totals["tokens"], { input: 10, output: 20, cacheRead: 0, cacheWrite: 0 });
    const history = await jsonOf<List>(running.get("/api/threads/5/messages?n=4"));
    assert.deepEqual(numbers(history), [23, 25, 27, 29]);
    for (const path of ["/api/threads/6", "/api/threads/6/messages", "/api/threads/..%2f1", "/api/threads/0"]) {
      assert.deepEqual(await refusalOf(running.get(path)), [404, "not_found"], path);
    }
  });

  await t.test("prompts: without bodies, one whole, the difference of two", async () => {
    const slim = await jsonOf<List>(running.get("/api/prompts/recent?full=0&n=1"));
    assert.deepEqual(
      Object.keys(slim.items[0] ?? {}).filter((name) => /prompt$|userMessage/i.test(name)),
      [],
    );
    assert.equal(slim.items[0]?.["promptLength"], 14);
    const one = await jsonOf<Item>(running.get("/api/prompts/u9"));
    assert.deepEqual(withoutCursor(one), record.prompts(9));
    assert.deepEqual(await refusalOf(running.get("/api/prompts/u99")), [404, "not_found"]);
    const { hunks } = await jsonOf<{ hunks: { lines: string[] }[] }>(running.get("/api/prompts/diff?a=u1&b=u2"));
    assert.deepEqual(hunks[0]?.lines, [" one", "-two 1", "+two 2", " three"]);
    assert.deepEqual(await refusalOf(running.get("/api/prompts/diff?a=u1")), [400, "bad_parameter"]);
    assert.deepEqual(await refusalOf(running.get("/api/prompts/diff?a=u1&b=u99")), [404, "not_found"]);
  });

  await t.test("a search finds the newest first, tells how far it is, and ends", async () => {
    const asked = `/api/search?q=${encodeURIComponent("MESSAGE 2")}&topic=messages`;
    const lines = (await (await running.get(asked)).text()).trimEnd().split("\n");
    const events = lines.map(
      (line) => JSON.parse(line) as { type: string; row?: Item; scanned?: number; total?: number },
    );
    assert.deepEqual(
      events.flatMap(({ row }) => (row === undefined ? [] : [row.n])),
      [...range(20, 29).toReversed(), 2],
    );
    const progress = events.findLast(({ type }) => type === "progress");
    assert.equal(progress?.scanned, progress?.total);
    assert.deepEqual(events.at(-1), { type: "done" });
    const everywhere = await (await running.get("/api/search?q=claimed")).text();
    assert.equal(everywhere.split("\n").filter((line) => line.includes('"type":"match"')).length, 30);
    assert.deepEqual(await refusalOf(running.get("/api/search")), [400, "bad_parameter"]);
    assert.deepEqual(await refusalOf(running.get("/api/search?q=x&topic=nope")), [400, "bad_parameter"]);
  });
});

test("every topic is a feed: what is new comes, and after Last-Event-ID what was missed", async (t) => {
  const running = await furnish(t);
  for (const topic of TOPIC_NAMES) {
    await t.test(topic, async (t) => {
      const { list, feed } = PATHS[topic];
      const { items } = await jsonOf<List>(running.get(`${list}?n=3`));
      const live = await openSse(t, `${running.url}${feed}`);
      assert.equal(live.response.statusCode, 200);
      assert.equal(live.response.headers["content-type"], "text/event-stream; charset=utf-8");
      assert.match(live.response.headers["cache-control"] ?? "", /no-transform/);
      const resumed = await openSse(t, `${running.url}${feed}`, { "last-event-id": items[0]?.cursor ?? "" });
      await resumed.received(2);
      const writer = await writerOf(t, running.dir, topic);
      await writer.append(record[topic](31));
      const [event] = await live.received(1);
      assert.equal(event?.data["n"], 31);
      assert.equal(event.id, event.data["cursor"]);
      assert.deepEqual(
        (await resumed.received(3)).map(({ data }) => data["n"]),
        [29, 30, 31],
      );
      const head = await running.get(feed, { method: "HEAD" });
      assert.equal(head.headers.get("content-type"), "text/event-stream; charset=utf-8");
      assert.equal(await head.text(), "");
      const refused = running.get(feed, { headers: { "last-event-id": "no cursor" } });
      assert.deepEqual(await refusalOf(refused), [400, "bad_cursor"]);
    });
  }
});

test("every topic comes over the WebSocket: the last rows, then those that are new", async (t) => {
  const running = await furnish(t);
  const client = await connect(t, running.url);
  assert.deepEqual(client.frames[0]?.topics, [...TOPIC_NAMES, "status", "metrics"]);
  for (const topic of TOPIC_NAMES) client.subscribe(topic, topic, "tail:4");
  for (const topic of TOPIC_NAMES) {
    await client.received(topic, 4);
    const writer = await writerOf(t, running.dir, topic);
    await writer.append(record[topic](31));
    const rows = await client.received(topic, 5);
    assert.deepEqual(numbers({ items: rows }), [27, 28, 29, 30, 31], topic);
    if (topic === "prompts") assert.equal(rows[0]?.["prompt"], undefined);
    else assert.deepEqual(withoutCursor(rows[0] as Item), record[topic](27));
  }
  client.subscribe("s", "status");
  client.subscribe("m", "metrics");
  for (const topic of ["status", "metrics"]) {
    const { data } = await client.frame(`a ${topic}`, (frame) => frame.type === "state" && frame.topic === topic);
    assert.ok(topic === "status" ? data?.["services"] : data?.["cpu"]);
  }
  await put(running.dir, "threads.new", { ...THREADS, "9": { name: "New", status: "idle" } });
  await rename(join(running.dir, "threads.new"), join(running.dir, "threads.json"));
  await client.frame("the new thread", (frame) => frame.topic === "status" && JSON.stringify(frame).includes('"New"'));
  client.say({ type: "ping", t: 7 });
  await client.frame("the pong", ({ type, t: stamp }) => type === "pong" && stamp === 7);
});
