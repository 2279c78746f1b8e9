import assert from "node:assert/strict";
import { test } from "node:test";
import { DashboardError } from "../../../src/dashboard/errors.ts";
import type { RouteDeps } from "../../../src/dashboard/routes.ts";
import type { SearchEvent, SearchQuery } from "../../../src/dashboard/scan/search.ts";
import { FileRow } from "../../../src/dashboard/tail/row.ts";
import { TOPIC_NAMES } from "../../../src/dashboard/topics.ts";
import { TextSink, heldBack, refusalOf, stage, streamOf } from "./stage.ts";

function searchOf(asked: SearchQuery[], events: (query: SearchQuery) => SearchEvent[]): RouteDeps["search"] {
  return async function* (query) {
    asked.push(query);
    yield* events(query);
  };
}

test("a search is lines of matches and progress, and one that says it is done", async (t) => {
  const asked: SearchQuery[] = [];
  const text = '{"cursor":"forged","message":"</script>"}';
  const row = new FileRow({ gen: "abc", offset: 1, check: 2 }, 0, text, 0);
  const search = searchOf(asked, ({ topic }) => [
    { type: "progress", scanned: 1, total: 2 },
    { type: "match", topic, row },
    { type: "done" },
  ]);
  const { get } = await stage(t, { search });
  const got = await get("/api/search?q=Caf%C3%A9%20%22x%22&topic=logs/queue");
  assert.equal(got.headers["content-type"], "application/x-ndjson; charset=utf-8");
  assert.deepEqual(asked, [{ q: 'Café "x"', topic: "logs/queue" }]);
  const lines = got.text.split("\n").map((line) => (line === "" ? null : (JSON.parse(line) as object)));
  assert.deepEqual(lines, [
    { type: "progress", topic: "logs/queue", scanned: 1, total: 2 },
    { type: "match", topic: "logs/queue", row: { cursor: "abc:1:2", message: "</script>" } },
    { type: "done" },
    null,
  ]);
});

test("without a topic all are searched, one after another, and done comes once", async (t) => {
  const asked: SearchQuery[] = [];
  const { get } = await stage(t, { search: searchOf(asked, () => [{ type: "done" }]) });
  assert.equal((await get("/api/search?q=x")).text, '{"type":"done"}\n');
  assert.deepEqual(
    asked,
    TOPIC_NAMES.map((topic) => ({ q: "x", topic })),
  );
});

test("a search needs a text, and a topic that exists", async (t) => {
  const { get } = await stage(t);
  for (const query of ["", "?q=", `?q=${"x".repeat(401)}`, "?q=a&q=b", "?q=a&topic=broker", "?q=a&topic=__proto__"]) {
    assert.deepEqual(refusalOf(await get(`/api/search${query}`)), [400, "bad_parameter"], query);
  }
  assert.deepEqual(refusalOf(await get("/api/search?q=a&topics=queue")), [400, "bad_parameter"]);
});

test("a search ends when the client leaves, and is not called done", async (t) => {
  let isOver = false;
  let signalled: AbortSignal | undefined;
  const search: RouteDeps["search"] = async function* (_query, signal) {
    signalled = signal;
    try {
      for (let scanned = 0; ; scanned += 1) yield { type: "progress", scanned, total: 1e9 };
    } finally {
      isOver = true;
    }
  };
  const { request, logged } = await stage(t, { search });
  const { sink, run } = await heldBack(await request("/api/search?q=x"));
  sink.leave(new DashboardError("client_gone", "left"));
  sink.release();
  await assert.rejects(run, { code: "client_gone" });
  assert.deepEqual([isOver, signalled?.aborted, sink.pieces.length], [true, true, 1]);
  assert.deepEqual(logged, []);
});

test("a search that ends early because its signal aborted is not called done", async (t) => {
  const search: RouteDeps["search"] = async function* (_query, signal) {
    yield { type: "progress", scanned: 0, total: 1 };
    if (signal.aborted) return;
    await new Promise((resolve) => {
      signal.addEventListener("abort", resolve, { once: true });
    });
  };
  const { request } = await stage(t, { search });
  const sink = new TextSink();
  const begun = sink.written();
  const run = streamOf(await request("/api/search?q=x&topic=messages")).run(sink);
  await begun;
  sink.leave(new DashboardError("server_stopping", "stop"));
  await assert.rejects(run, { code: "server_stopping" });
  assert.doesNotMatch(sink.text, /done/);
});

test("a search that fails is cut off, and told of in the log", async (t) => {
  const search: RouteDeps["search"] = async function* () {
    yield { type: "progress", scanned: 0, total: 1 };
    throw new Error("disk");
  };
  const { request, logged } = await stage(t, { search });
  await assert.rejects(streamOf(await request("/api/search?q=x")).run(new TextSink()), /disk/);
  assert.deepEqual([logged.length, logged[0]?.level, logged[0]?.fields["error"]], [1, "error", "Error: disk"]);
});
