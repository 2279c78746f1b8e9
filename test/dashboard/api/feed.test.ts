import assert from "node:assert/strict";
import { test } from "node:test";
import type { Streamed } from "../../../src/dashboard/http.ts";
import { sseAnswer } from "../../../src/dashboard/sse.ts";
import type { SseOptions } from "../../../src/dashboard/sse.ts";
import { DashboardError } from "../../../src/dashboard/errors.ts";
import { listOf, numbered, refusalOf, stage, streamOf, TextSink } from "./stage.ts";
import type { Stage } from "./stage.ts";
import type { TestContext } from "node:test";

const FEEDS = {
  "/api/messages/feed": "messages",
  "/api/routing/feed": "routing",
  "/api/prompts/feed": "prompts",
  "/api/activity/feed": "activity",
  "/api/logs/telegram": "logs/telegram",
  "/api/logs/queue": "logs/queue",
  "/api/logs/supervisor": "logs/supervisor",
} as const;

async function feeds(t: TestContext): Promise<Stage & { asked: SseOptions[] }> {
  const asked: SseOptions[] = [];
  const sse = (options: SseOptions): Streamed => {
    asked.push(options);
    return {
      kind: "stream",
      headers: { "content-type": "text/event-stream" },
      run: (sink) => sink.write("data: 1\n\n"),
    };
  };
  return { ...(await stage(t, { sse })), asked };
}

for (const [path, topic] of Object.entries(FEEDS)) {
  test(`${path} follows its own file`, async (t) => {
    const { get, asked, deps } = await feeds(t);
    const got = await get(path);
    assert.equal(got.text, "data: 1\n\n");
    assert.equal(asked[0]?.stream, deps.streams[topic]);
    assert.deepEqual(
      { ...asked[0], stream: 0, clock: 0 },
      { stream: 0, clock: 0, shape: "full", filter: {}, lastEventId: undefined },
    );
  });
}

test("a feed takes filters, the shape of prompts, and where to go on", async (t) => {
  const { get, asked } = await feeds(t);
  await get("/api/messages/feed?thread=5&model=opus&tier=deep&q=x&direction=in", { "last-event-id": "abc:1:2" });
  assert.deepEqual(asked[0]?.filter, { threadId: [5], model: ["opus"], tier: ["deep"], q: "x", direction: ["in"] });
  assert.equal(asked[0]?.lastEventId, "abc:1:2");
  await get("/api/prompts/feed?full=0", { "last-event-id": "" });
  assert.deepEqual([asked[1]?.shape, asked[1]?.lastEventId], ["slim", undefined]);
  await get("/api/logs/queue?level=WARN");
  assert.deepEqual(asked[2]?.filter, { level: ["WARN"] });
});

test("a feed goes on after the event that came last", async (t) => {
  const { get, append, request } = await stage(t, { sse: sseAnswer });
  await append("messages", ...numbered(1, 3, { threadId: 5 }), ...numbered(4, 6, { threadId: 6 }));
  const { items } = listOf(await get("/api/messages/recent"));
  const headers = { "last-event-id": items[0]?.cursor ?? "" };
  const sink = new TextSink();
  const run = streamOf(await request("/api/messages/feed?thread=5", headers)).run(sink);
  while (!sink.text.includes('"n":3')) await sink.written();
  sink.leave(new DashboardError("client_gone", "left"));
  await run;
  const data = sink.text.split("\n").filter((line) => line.startsWith("data: "));
  const rows = data.map((line) => JSON.parse(line.slice(6)) as { n: number; cursor: string });
  assert.deepEqual(
    rows.map(({ n }) => n),
    [2, 3],
  );
  assert.deepEqual(
    rows.map(({ cursor }) => cursor),
    items.slice(1, 3).map(({ cursor }) => cursor),
  );
});

test("a feed refuses what it does not know, before it begins", async (t) => {
  const { get, asked } = await feeds(t);
  assert.deepEqual(refusalOf(await get("/api/messages/feed?n=5")), [400, "bad_parameter"]);
  assert.deepEqual(refusalOf(await get("/api/messages/feed?thread=x")), [400, "bad_parameter"]);
  assert.deepEqual(refusalOf(await get("/api/messages/feed", { "last-event-id": "a b" })), [400, "bad_cursor"]);
  assert.deepEqual(asked, []);
});

for (const type of [
  "broker",
  "..",
  "%2e%2e%2fetc",
  "telegram%00",
  "Telegram",
  "__proto__",
  "telegram%2frecent",
  "%ff",
]) {
  test(`there is no log called ${type}`, async (t) => {
    const { get } = await feeds(t);
    assert.deepEqual(refusalOf(await get(`/api/logs/${type}`)), [404, "not_found"]);
    assert.deepEqual(refusalOf(await get(`/api/logs/${type}/recent`)), [404, "not_found"]);
  });
}
