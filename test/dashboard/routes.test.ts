import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { DashboardError } from "../../src/dashboard/errors.ts";
import { History } from "../../src/dashboard/history.ts";
import { loadPage } from "../../src/dashboard/page.ts";
import { createRoutes } from "../../src/dashboard/routes.ts";
import { tempDir } from "../support/temp-dir.ts";
import { listOf, numbered, read, refusalOf, requestOf, stage, wholeOf } from "./api/stage.ts";

for (const method of ["POST", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "get", ""]) {
  test(`${JSON.stringify(method)} is not allowed anywhere`, async (t) => {
    const { request } = await stage(t);
    for (const path of ["/", "/api/status", "/nowhere"]) {
      const answer = wholeOf(await request(path, {}, method));
      assert.deepEqual(refusalOf(await read(answer)), [405, "method_not_allowed"]);
      assert.equal(answer.headers["allow"], "GET, HEAD");
    }
  });
}

test("HEAD is answered as GET", async (t) => {
  const { request, get } = await stage(t);
  const head = await read(await request("/api/threads", {}, "HEAD"));
  assert.deepEqual(head, await get("/api/threads"));
});

const NOWHERE = [
  "",
  "//",
  "/api",
  "/api/",
  "/api/status/",
  "//api/status",
  "/api//status",
  "/API/status",
  "/api/%73tatus",
  "/api/threads/",
  "/api/threads//messages",
  "/api/threads/..%2f..%2fetc",
  "/api/threads/../../etc/passwd",
  "/api/threads/5/messages/",
  "/api/messages/recent\0",
  "/api/prompts/",
  "/api/prompts/a/b",
  "/api/logs",
  "/api/logs//recent",
  "/api/logs/telegram/x",
  "/api/queue",
  "/api/queue/dead-letter/x.json",
  "/constructor",
  "/__proto__",
  "/.env",
  "/lib/../package.json",
  "/%2e%2e/%2e%2e/etc/passwd",
  "/%",
  "/api/logs/%",
];

for (const path of NOWHERE) {
  test(`${JSON.stringify(path)} is nowhere`, async (t) => {
    const { get } = await stage(t);
    assert.deepEqual(refusalOf(await get(path)), [404, "not_found"]);
  });
}

test("the page answers what the interface does not", async (t) => {
  const dir = await tempDir(t);
  await mkdir(join(dir, "api"));
  await writeFile(join(dir, "index.html"), "hello");
  await writeFile(join(dir, "api", "status"), "shadow");
  const { get } = await stage(t, { page: loadPage(dir) });
  assert.equal((await get("/")).text, "hello");
  assert.doesNotMatch((await get("/api/status")).text, /shadow/);
});

test("without a page the root says so", async (t) => {
  const { get } = await stage(t);
  const got = await get("/");
  assert.deepEqual(refusalOf(got), [404, "not_found"]);
  assert.match(got.text, /not installed/);
});

test("a plain request of the WebSocket is told to upgrade", async (t) => {
  const { get } = await stage(t);
  assert.deepEqual(refusalOf(await get("/ws")), [426, "upgrade_required"]);
});

test("a fault tells the client an id, and the log the rest", async (t) => {
  const failure = new Error("EACCES: /srv/secret/place");
  const { get, logged } = await stage(t, { history: { page: () => Promise.reject(failure) } });
  const got = await get("/api/messages/recent");
  assert.deepEqual(refusalOf(got), [500, "internal"]);
  assert.doesNotMatch(got.text, /secret|EACCES|\bat /);
  const { id, error, path } = logged[0]?.fields ?? {};
  assert.match(String(id), /^[0-9a-f]{8}$/);
  assert.ok(got.text.includes(String(id)));
  assert.deepEqual([error, path], ["Error: EACCES: /srv/secret/place", "/api/messages/recent"]);
});

test("errors of reading are told without the file they are about", async (t) => {
  let code: DashboardError["code"] = "file_unreadable";
  const page = (): Promise<never> => Promise.reject(new DashboardError(code, "reading /srv/secret failed"));
  const { get, logged } = await stage(t, { history: { page } });
  const unreadable = await get("/api/messages/recent");
  assert.deepEqual(refusalOf(unreadable), [500, "internal"]);
  assert.doesNotMatch(unreadable.text, /secret/);
  assert.equal(logged.length, 1);
  code = "stream_closed";
  const closed = await get("/api/messages/recent");
  assert.deepEqual(refusalOf(closed), [503, "unavailable"]);
  assert.doesNotMatch(closed.text, /secret/);
  assert.equal(logged.length, 1);
});

test("a handler that throws at once is a fault like another", async (t) => {
  const { get, logged } = await stage(t);
  assert.deepEqual(refusalOf(await get("/api/messages/feed")), [500, "internal"]);
  assert.equal(logged[0]?.fields["error"], "Error: not followed");
});

test("a list is not read on for a client that has left", async (t) => {
  const { deps, append } = await stage(t);
  await append("messages", ...numbered(1, 3));
  const history = new History(deps.streams);
  const abort = new AbortController();
  abort.abort(new DashboardError("client_gone", "left"));
  const routes = createRoutes({ ...deps, history });
  const got = await read(await routes(requestOf("/api/messages/recent"), abort.signal));
  assert.equal(got.status, 503);
  assert.equal(listOf(await read(await routes(requestOf("/api/messages/recent")))).items.length, 3);
});
