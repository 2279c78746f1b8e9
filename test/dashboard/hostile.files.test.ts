import assert from "node:assert/strict";
import { mkdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { eventually } from "../support/eventually.ts";
import { tempDir } from "../support/temp-dir.ts";
import { jsonOf, put, start } from "./support/rig.ts";
import type { List } from "./support/rig.ts";
import { connect } from "./support/socket-client.ts";

/** JSON that can be parsed, and is nested too deep to be written again. */
const DEEP = `${"[".repeat(20_000)}${"]".repeat(20_000)}`;
const SECRET = "what is not ours to show";

test("what is nested too deep to be written again is as good as unreadable, and ends nothing", async (t) => {
  const running = await start(t);
  const now = Date.now();
  await put(running.dir, "threads.json", `{"5":{"name":"x","a":${DEEP}}}`);
  await put(running.dir, "status/supervisor.json", `{"timestamp":${now},"state":"running","a":${DEEP}}`);
  const socket = await connect(t, running.url);
  socket.say({ type: "subscribe", id: "s", topic: "status" });
  await eventually("a state", () => socket.frames.find(({ type }) => type === "state"));
  assert.deepEqual(await jsonOf(running.get("/api/threads")), {});
  assert.equal((await running.get("/api/status")).status, 200);
  assert.equal(running.child.exitCode, null);
});

test("a row nested too deep is passed on raw, and the rows around it as they are", async (t) => {
  const running = await start(t);
  const deep = `{"cursor":1,"a":${DEEP}}`;
  await put(running.dir, "message-history.jsonl", `{"n":1}\n${deep}\n{"n":2}\n`);
  const list = await eventually("three rows", async () => {
    const found = await jsonOf<List>(running.get("/api/messages/recent"));
    return found.items.length === 3 ? found : undefined;
  });
  assert.deepEqual(
    list.items.map(({ n, raw }) => n ?? raw),
    [1, deep, 2],
  );
  const socket = await connect(t, running.url);
  socket.say({ type: "subscribe", id: "a", topic: "messages", from: "tail:10" });
  const rows = await eventually("rows", () => socket.frames.find(({ type }) => type === "rows"));
  assert.equal(rows.rows?.length, 3);
});

test("a file of the queue nested too deep is shown as it lies there, and the others as ever", async (t) => {
  const running = await start(t);
  const folder = join(running.dir, "queue/corrupt");
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, "a.json"), `{"a":${DEEP}}`);
  await writeFile(join(folder, "b.json"), "{}");
  const { items } = await jsonOf<List>(running.get("/api/queue/corrupt"));
  assert.deepEqual(
    items.map(({ name, raw }) => [name, typeof raw]),
    [
      ["a.json", "string"],
      ["b.json", "undefined"],
    ],
  );
});

test("links lead nowhere, but for the logs' own", async (t) => {
  const elsewhere = await tempDir(t);
  const secret = join(elsewhere, "secret");
  await writeFile(secret, `${JSON.stringify({ 5: { name: SECRET } })}\n`);
  const running = await start(t);
  const { dir } = running;
  await mkdir(join(dir, "logs/telegram"), { recursive: true });
  await mkdir(join(dir, "queue"), { recursive: true });
  await writeFile(join(dir, "logs/telegram/telegram.1"), '{"msg":"ours"}\n');
  await symlink("telegram/telegram.1", join(dir, "logs/telegram.log"));
  await symlink(secret, join(dir, "logs/queue.log"));
  await symlink(secret, join(dir, "message-history.jsonl"));
  await symlink(secret, join(dir, "threads.json"));
  await symlink(elsewhere, join(dir, "queue/corrupt"));
  await eventually("our own log", async () => {
    const { items } = await jsonOf<List>(running.get("/api/logs/telegram/recent"));
    return items[0]?.["msg"] === "ours" ? true : undefined;
  });
  for (const path of [
    "/api/messages/recent",
    "/api/logs/queue/recent",
    "/api/threads",
    "/api/status",
    "/api/queue/corrupt",
    "/api/search?q=ours",
  ]) {
    const text = await (await running.get(path)).text();
    assert.ok(!text.includes(SECRET) && !text.includes('"secret"'), path);
  }
});

test("the feed after the hundred and twenty-eighth is refused, and whole answers are not", async (t) => {
  const running = await start(t);
  const end = new AbortController();
  const open = (): Promise<Response> => running.get("/api/messages/feed", { signal: end.signal });
  const feeds = await Promise.all(Array.from({ length: 128 }, open));
  assert.ok(feeds.every(({ status }) => status === 200));
  const more = await open();
  assert.equal(more.status, 429);
  assert.equal(((await more.json()) as { error: string }).error, "too_many");
  assert.equal((await running.get("/api/status")).status, 200);
  end.abort();
  await eventually("room again", async () => {
    const again = await running.get("/api/messages/feed");
    await again.body?.cancel();
    return again.status === 200 ? true : undefined;
  });
});

test("threads without number, and numbers without measure, are counted no further than memory reaches", async (t) => {
  const running = await start(t);
  const rows = Array.from({ length: 20_000 }, (_, n) => `{"threadId":${n + 1},"direction":"in"}`);
  const odd = ['{"threadId":{"toString":1},"direction":"in"}', '{"threadId":-1,"direction":"in"}'];
  await put(running.dir, "threads.json", '{"5":{"name":"five"}}');
  await put(running.dir, "message-history.jsonl", `${[...odd, ...rows].join("\n")}\n`);
  const turn = (costUsd: number): string => JSON.stringify({ threadId: 5, kind: "turn_end", costUsd });
  await put(running.dir, "activity.jsonl", `${[turn(1e308), turn(-3), turn(2)].join("\n")}\n`);
  const totals = await eventually("totals", async () => {
    const { totals: found } = await jsonOf<{ totals: Record<string, unknown> }>(running.get("/api/threads/5"));
    return found["turns"] === 3 && (found["messages"] as { in: number }).in === 1 ? found : undefined;
  });
  assert.equal(totals["costUsd"], 2);
  const found = await jsonOf<List>(running.get("/api/messages/recent?thread=7"));
  assert.equal(found.items.length, 1, "the index is not thrown off by what is no id");
});
