import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { listOf, numbered, numbersOf, refusalOf, stage } from "./stage.ts";

const THREADS = {
  "1": { name: "General", isMaster: true, status: "idle" },
  "5": { name: "</script><img onerror=x>", cwd: "/w/api", status: "running", systemPrompt: 'a "quote"' },
};

async function withThreads(...given: Parameters<typeof stage>): ReturnType<typeof stage> {
  const staged = await stage(...given);
  await mkdir(staged.dir, { recursive: true });
  await writeFile(join(staged.dir, "threads.json"), JSON.stringify(THREADS));
  return staged;
}

test("the table of threads is as the file has it, and is sent once", async (t) => {
  const { get } = await withThreads(t);
  const got = await get("/api/threads");
  assert.deepEqual(JSON.parse(got.text), THREADS);
  const again = await get("/api/threads", { "if-none-match": got.headers["etag"] ?? "" });
  assert.deepEqual([again.status, again.text], [304, ""]);
});

test("without a file there are no threads", async (t) => {
  const { get } = await stage(t);
  assert.equal((await get("/api/threads")).text, "{}");
});

test("a thread comes with its id and its totals", async (t) => {
  const { get } = await withThreads(t);
  const got = await get("/api/threads/5");
  assert.deepEqual(JSON.parse(got.text), { ...THREADS["5"], id: 5, totals: { messages: 50 } });
});

const NO_IDS = [
  "6",
  "0",
  "05",
  "5x",
  "-5",
  "5.0",
  "1e0",
  "..%2f..%2fetc",
  "%35%00",
  "%ff",
  "__proto__",
  "9".repeat(17),
];

for (const id of NO_IDS) {
  test(`there is no thread ${id}`, async (t) => {
    const { get } = await withThreads(t);
    assert.deepEqual(refusalOf(await get(`/api/threads/${id}`)), [404, "not_found"]);
    assert.deepEqual(refusalOf(await get(`/api/threads/${id}/messages`)), [404, "not_found"]);
  });
}

test("a thread's messages are its own, however busy the others are", async (t) => {
  const { get, append } = await withThreads(t);
  await append("messages", ...numbered(1, 2, { threadId: 5 }), ...numbered(3, 300, { threadId: 1 }));
  const list = listOf(await get("/api/threads/5/messages?n=10"));
  assert.deepEqual([numbersOf(list), list.more], [[1, 2], false]);
  assert.deepEqual(numbersOf(listOf(await get("/api/threads/5/messages?to=1760000000001"))), [1]);
});

test("a path's thread is not to be changed by a parameter", async (t) => {
  const { get } = await withThreads(t);
  assert.deepEqual(refusalOf(await get("/api/threads/5/messages?thread=1")), [400, "bad_parameter"]);
});

test("a thread that is in no table any more still has its messages", async (t) => {
  const { get, append } = await withThreads(t);
  await append("messages", ...numbered(1, 2, { threadId: 77 }));
  const list = listOf(await get("/api/threads/77/messages"));
  assert.deepEqual(numbersOf(list), [1, 2]);
  assert.deepEqual(numbersOf(listOf(await get(`/api/threads/77/messages?after=${list.last}`))), []);
  assert.deepEqual(refusalOf(await get("/api/threads/77")), [404, "not_found"]);
});

test("a known thread without messages has an empty list", async (t) => {
  const { get } = await withThreads(t);
  assert.deepEqual(listOf(await get("/api/threads/1/messages")).items, []);
});
