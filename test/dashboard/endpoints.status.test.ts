import assert from "node:assert/strict";
import { test } from "node:test";
import { eventually } from "../support/eventually.ts";
import { jsonOf, put, refusalOf, start } from "./support/rig.ts";
import type { Item } from "./support/rig.ts";

const NOW = Date.now();

test("status, metrics, the queue's failures, health and the page", async (t) => {
  const running = await start(t);
  const { dir } = running;
  await t.test("before the bot has left its record it waits for it", async () => {
    assert.deepEqual(await jsonOf(running.get("/healthz")), { status: "ok" });
    const ready = await running.get("/readyz");
    assert.equal(ready.status, 200);
    assert.deepEqual(await jsonOf(ready), { status: "waiting" });
  });

  const supervisor = {
    timestamp: Date.now(),
    instance: "i",
    pid: 1,
    startedAt: NOW - 5_000,
    version: "1",
    state: "running",
    workers: [
      { name: "telegram", state: "running", startedAt: NOW - 4_000, restarts: 0, lastBeat: Date.now() },
      { name: "queue", state: "backoff", startedAt: NOW - 4_000, restarts: 3, lastBeat: 0 },
    ],
    agents: [],
    broker: { state: "up", checkedAt: NOW, startedAt: NOW - 3_000 },
    disk: { level: "ok" },
  };
  await put(dir, "status/supervisor.json", supervisor);
  await put(dir, "queue/incoming/1.json", "{}");
  await put(
    dir,
    "queue/dead-letter/0001.json",
    `{"threadId":5,"messageId":"u1","message":"<script>"}\n{"crc32":"0"}\n`,
  );
  await put(dir, "queue/dead-letter/0001.json.why", { reason: "the agent failed three times" });
  await put(dir, "queue/corrupt/odd name", "no JSON");
  await put(dir, "queue/corrupt/odd name.why", { reason: "not JSON" });

  await t.test("status", async () => {
    assert.deepEqual(await jsonOf(running.get("/readyz")), { status: "ok" });
    const status = await eventually("the record", async () => {
      const found = await jsonOf<Record<string, Record<string, unknown>>>(running.get("/api/status"));
      return found["supervisor"] === null || found["queue"]?.["incoming"] === 0 ? undefined : found;
    });
    assert.deepEqual(Object.keys(status), ["services", "queue", "threads", "messages", "metrics", "supervisor"]);
    const { services } = status;
    assert.deepEqual(services?.["supervisor"], { state: "up", since: NOW - 5_000 });
    assert.deepEqual(services["telegram"], { state: "up", since: NOW - 4_000 });
    assert.equal((services["queue"] as { state: string }).state, "down");
    assert.deepEqual(services["broker"], { state: "up", since: NOW - 3_000 });
    assert.equal((services["dashboard"] as { state: string }).state, "up");
    assert.deepEqual(status["queue"], { incoming: 1, processing: 0, outgoing: 0, deadLetter: 1, corrupt: 1 });
    assert.deepEqual(status["supervisor"], supervisor);
  });

  await t.test("metrics, now and before", async () => {
    const metrics = await eventually("a sample", async () => {
      const found = await jsonOf<Record<string, Record<string, unknown>>>(running.get("/api/metrics"));
      return found["cpu"]?.["percent"] === null ? undefined : found;
    });
    for (const name of ["timestamp", "cpu", "memory", "load", "disk", "uptime", "pressure", "containers"]) {
      assert.ok(name in metrics, name);
    }
    assert.deepEqual(Object.keys(metrics["containers"] ?? {}), ["bot", "broker", "dashboard"]);
    const { memory } = metrics;
    assert.ok(Number(memory?.["used"]) > 0 && Number(memory?.["used"]) < Number(memory?.["total"]));
    const history = await jsonOf<{ step: number; timestamp: number[]; series: Record<string, unknown[]> }>(
      running.get(`/api/metrics/history?from=${NOW - 60_000}&step=1`),
    );
    assert.equal(history.step, 1);
    assert.ok(history.timestamp.length >= 1);
    for (const column of Object.values(history.series)) assert.equal(column.length, history.timestamp.length);
    assert.deepEqual(await refusalOf(running.get("/api/metrics/history?step=2")), [400, "bad_parameter"]);
  });

  await t.test("the queue's failures", async () => {
    const dead = await jsonOf<{ items: Item[]; more: boolean }>(running.get("/api/queue/dead-letter"));
    assert.equal(dead.more, false);
    assert.equal(dead.items[0]?.["name"], "0001.json");
    assert.equal(dead.items[0]["reason"], "the agent failed three times");
    assert.deepEqual(dead.items[0]["message"], { threadId: 5, messageId: "u1", message: "<script>" });
    const corrupt = await jsonOf<{ items: Item[] }>(running.get("/api/queue/corrupt"));
    assert.equal(corrupt.items[0]?.["raw"], "no JSON");
    assert.equal(corrupt.items[0]["reason"], "not JSON");
  });

  await t.test("Prometheus' text", async () => {
    const response = await running.get("/metrics");
    assert.match(response.headers.get("content-type") ?? "", /^text\/plain; version=0\.0\.4/);
    const body = await response.text();
    assert.match(body, /^tinyclaw_service_up\{service="supervisor"\} 1$/m);
    assert.match(body, /^tinyclaw_queue_messages\{folder="deadLetter"\} 1$/m);
    assert.match(body, /^tinyclaw_http_requests_total\{status="400"\} 1$/m);
  });

  await t.test("paths that are none", async () => {
    for (const path of [
      "/nope",
      "/api",
      "/api/",
      "/api/status/",
      "/api/logs/other",
      "/api/logs/other/recent",
      "/api/logs/..%2f..%2fthreads.json",
      "/%2e%2e/%2e%2e/etc/passwd",
      "/lib/",
      "/.env",
    ]) {
      assert.deepEqual(await refusalOf(running.get(path)), [404, "not_found"], path);
    }
    assert.deepEqual(await refusalOf(running.get("/ws")), [426, "upgrade_required"]);
  });

  await t.test("other methods", async () => {
    for (const method of ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"]) {
      const response = await running.get("/api/status", { method });
      assert.equal(response.headers.get("allow"), "GET, HEAD");
      assert.deepEqual(await refusalOf(Promise.resolve(response)), [405, "method_not_allowed"]);
    }
  });

  await t.test("HEAD", async () => {
    for (const path of ["/healthz", "/readyz", "/metrics", "/api/status", "/api/threads", "/api/metrics"]) {
      const head = await running.get(path, { method: "HEAD" });
      assert.equal(head.status, 200, path);
      assert.ok(Number(head.headers.get("content-length")) > 0, path);
      assert.equal(await head.text(), "");
    }
    for (const path of ["/api/metrics/history", "/api/queue/dead-letter", "/api/queue/corrupt", "/api/search?q=x"]) {
      const head = await running.get(path, { method: "HEAD" });
      assert.equal(head.status, 200, path);
      assert.equal(await head.text(), "");
    }
    assert.equal((await running.get("/nope", { method: "HEAD" })).status, 404);
  });
});
