import assert from "node:assert/strict";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { refusalOf, stage } from "./stage.ts";

test("the status is the whole snapshot", async (t) => {
  const { dir, get } = await stage(t);
  await mkdir(join(dir, "status"), { recursive: true });
  await mkdir(join(dir, "queue", "incoming"), { recursive: true });
  await writeFile(join(dir, "queue", "incoming", "1.json"), "");
  await writeFile(join(dir, "threads.json"), '{"5":{"name":"API"}}');
  const record = { timestamp: Date.now(), state: "running", startedAt: 3, workers: [], extra: "kept" };
  await writeFile(join(dir, "status", "supervisor.json"), JSON.stringify(record));
  const status = JSON.parse((await get("/api/status")).text) as Record<string, unknown>;
  assert.deepEqual(Object.keys(status).sort(), ["messages", "metrics", "queue", "services", "supervisor", "threads"]);
  assert.deepEqual(status["threads"], [{ name: "API", id: 5 }]);
  assert.deepEqual(status["queue"], { incoming: 1, processing: 0, outgoing: 0, deadLetter: 0, corrupt: 0 });
  assert.deepEqual(status["supervisor"], record);
  assert.deepEqual(refusalOf(await get("/api/status?thread=5")), [400, "bad_parameter"]);
});

test("the dashboard lives, whatever it is asked with", async (t) => {
  const { get } = await stage(t);
  const got = await get("/healthz?cache=1");
  assert.deepEqual([got.status, got.text], [200, '{"status":"ok"}']);
});

test("it waits until the bot has left its record, and again when that is taken away", async (t) => {
  const { dir, get } = await stage(t);
  const ready = async (): Promise<string> => (await get("/readyz")).text;
  assert.equal(await ready(), '{"status":"waiting"}');
  await mkdir(join(dir, "status"), { recursive: true });
  assert.equal(await ready(), '{"status":"waiting"}');
  await writeFile(join(dir, "status", "supervisor.json"), "{}");
  assert.equal(await ready(), '{"status":"ok"}');
  await rm(dir, { recursive: true });
  assert.equal(await ready(), '{"status":"waiting"}');
});

test("metrics are text for Prometheus, of the server's own counters too", async (t) => {
  const counters = {
    requestsByStatus: () => new Map([[200, 7]]),
    sockets: () => 2,
    subscriptions: () => 5,
    openAnswers: () => 3,
  };
  const { get, append } = await stage(t, { counters, loopDelay: () => ({ mean: 0.001, p99: 0.002, max: 0.003 }) });
  await append("messages", { n: 1 });
  const { headers, text } = await get("/metrics");
  assert.equal(headers["content-type"], "text/plain; version=0.0.4; charset=utf-8");
  assert.match(text, /^tinyclaw_http_requests_total\{status="200"\} 7$/m);
  assert.match(text, /^tinyclaw_websockets 2$/m);
  assert.match(text, /^tinyclaw_subscriptions 5$/m);
  assert.match(text, /^tinyclaw_http_open_answers 3$/m);
  assert.match(text, /^tinyclaw_stream_bytes\{topic="messages"\} 8$/m);
  assert.match(text, /^tinyclaw_process_event_loop_delay_seconds\{stat="p99"\} 0.002$/m);
  assert.match(text, /^tinyclaw_build_info\{version="1\.2\.3",node="[\d.]+"\} 1$/m);
});
