import assert from "node:assert/strict";
import { test } from "node:test";
import { DashboardError } from "../../../src/dashboard/errors.ts";
import { heldBack, listOf, numbered, refusalOf, stage, streamOf } from "./stage.ts";
import type { Got } from "./stage.ts";

const NDJSON = { accept: "application/x-ndjson" };

function linesOf({ status, text }: Got): Record<string, unknown>[] {
  assert.equal(status, 200, text);
  return text
    .split("\n")
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

function numbers(got: Got): unknown[] {
  return linesOf(got).map(({ n }) => n);
}

function upTo(last: number): number[] {
  return Array.from({ length: last }, (_, index) => index + 1);
}

test("an export has every row, one a line, by header or by format", async (t) => {
  const { append, get } = await stage(t);
  await append("messages", ...numbered(1, 1_200));
  const got = await get("/api/messages/recent", { accept: "text/html;q=0.5, Application/X-NDJSON;q=0.9" });
  assert.deepEqual(numbers(got), upTo(1_200));
  assert.equal(got.headers["content-type"], "application/x-ndjson; charset=utf-8");
  assert.equal(got.headers["content-disposition"], 'attachment; filename="messages.ndjson"');
  assert.match(got.headers["cache-control"] ?? "", /no-transform/);
  assert.deepEqual(numbers(await get("/api/messages/recent?format=ndjson")), upTo(1_200));
  listOf(await get("/api/messages/recent?format=json", NDJSON));
});

test("the name of an export of a log has no slash", async (t) => {
  const { get } = await stage(t);
  const { headers, text } = await get("/api/logs/queue/recent", NDJSON);
  assert.equal(headers["content-disposition"], 'attachment; filename="logs-queue.ndjson"');
  assert.equal(text, "");
});

test("an export goes on from after, and keeps to its filters", async (t) => {
  const { append, get } = await stage(t);
  await append("messages", ...numbered(1, 4, { threadId: 5 }), ...numbered(5, 8, { threadId: 6 }));
  const { items } = listOf(await get("/api/messages/recent"));
  assert.deepEqual(numbers(await get(`/api/messages/recent?after=${items[1]?.cursor}`, NDJSON)), [3, 4, 5, 6, 7, 8]);
  assert.deepEqual(numbers(await get("/api/messages/recent?thread=5", NDJSON)), [1, 2, 3, 4]);
  assert.deepEqual(
    numbers(await get("/api/messages/recent?from=1760000000003&to=1760000000006", NDJSON)),
    [3, 4, 5, 6],
  );
  assert.deepEqual(numbers(await get(`/api/messages/recent?n=2&before=${items[3]?.cursor}`, NDJSON)), [2, 3]);
  assert.deepEqual(refusalOf(await get(`/api/messages/recent?before=${items[3]?.cursor}`, NDJSON)), [
    400,
    "bad_parameter",
  ]);
});

test("an export from what is no cursor is refused, and not begun", async (t) => {
  const { get } = await stage(t);
  assert.deepEqual(refusalOf(await get("/api/messages/recent?after=a%20b", NDJSON)), [400, "bad_cursor"]);
});

test("a page of an export ends when the client leaves", async (t) => {
  const { append, request } = await stage(t);
  await append("messages", ...numbered(1, 40, { message: "x".repeat(100 * 1024) }));
  const { sink, run } = await heldBack(await request("/api/messages/recent?n=40", NDJSON));
  sink.leave(new DashboardError("client_gone", "left"));
  sink.release();
  await assert.rejects(run, { code: "client_gone" });
  assert.equal(sink.pieces.length, 1);
});

test("a gap is a line of its own", async (t) => {
  const { append, get } = await stage(t);
  await append("messages", ...numbered(1, 1));
  const [gap, row] = linesOf(await get("/api/messages/recent?after=elsewhere", NDJSON));
  assert.deepEqual(Object.keys(gap ?? {}), ["gap"]);
  assert.equal(row?.["n"], 1);
});

test("what is appended while an export is written is not in it", async (t) => {
  const { append, request } = await stage(t);
  await append("messages", ...numbered(1, 900));
  const answer = streamOf(await request("/api/messages/recent", NDJSON));
  const { sink, run } = await heldBack(answer);
  await append("messages", ...numbered(901, 910));
  sink.release();
  await run;
  assert.deepEqual(numbers({ status: 200, headers: {}, text: sink.text }), upTo(900));
});

test("the last row is there also when it alone does not fit into a step any more", async (t) => {
  const { append, get } = await stage(t);
  await append("messages", ...numbered(1, 3, { message: "x".repeat(200 * 1024) }));
  assert.deepEqual(numbers(await get("/api/messages/recent", NDJSON)), [1, 2, 3]);
});

test("a client that does not read holds an export up, and no more than a step of it is in memory", async (t) => {
  const { append, request } = await stage(t);
  await append("messages", ...numbered(1, 40, { message: "x".repeat(100 * 1024) }));
  const { sink, run } = await heldBack(await request("/api/messages/recent", NDJSON));
  for (let turn = 0; turn < 50; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  assert.equal(sink.pieces.length, 1);
  assert.ok(sink.text.length < 600 * 1024, String(sink.text.length));
  sink.release();
  await run;
  assert.deepEqual(numbers({ status: 200, headers: {}, text: sink.text }), upTo(40));
});

for (const code of ["client_gone", "server_stopping"] as const) {
  test(`an export is cut off, and not ended, at ${code}`, async (t) => {
    const { append, request, logged } = await stage(t);
    await append("messages", ...numbered(1, 40, { message: "x".repeat(100 * 1024) }));
    const { sink, run } = await heldBack(await request("/api/messages/recent", NDJSON));
    sink.leave(new DashboardError(code, "over"));
    sink.release();
    await assert.rejects(run, { code });
    assert.equal(sink.pieces.length, 1);
    assert.deepEqual(logged, []);
  });
}
