import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import assert from "node:assert/strict";
import { readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { systemClock } from "../../src/core/clock.ts";
import { Stage, type Status } from "./stage.ts";

const timeout = 30_000;

test("the status has the members that its readers count on", { timeout }, async (t) => {
  const before = Date.now();
  const stage = await Stage.open(t, { queue: "plain", telegram: "plain" });
  void stage.supervisor.run();
  const status = (await stage.statusWhere(({ state }) => state === "running")) as unknown as Record<string, unknown>;
  const { timestamp, startedAt, instance, workers, broker, disk, ...rest } = status;
  assert.deepEqual(rest, { pid: process.pid, version: "1.2.3", state: "running", agents: [] });
  assert.match(String(instance), /^[0-9a-f-]{36}$/);
  for (const time of [timestamp, startedAt]) assert.ok(Number(time) >= before && Number(time) <= Date.now());
  const [queue] = workers as Record<string, unknown>[];
  const { startedAt: workerStartedAt, lastBeat, eventLoopUtilization, ...others } = queue ?? {};
  assert.deepEqual(others, { name: "queue", state: "running", restarts: 0, inFlight: 0 });
  assert.ok(Number(workerStartedAt) >= before && Number(lastBeat) >= before);
  const share = eventLoopUtilization as number;
  assert.ok(share >= 0 && share <= 1, String(share));
  const { state, checkedAt } = broker as Record<string, unknown>;
  assert.deepEqual([state, Number(checkedAt) >= before], ["not_configured", true]);
  assert.ok(["ok", "soft", "hard"].includes((disk as { level: string }).level));
});

test("what a write of the status that was killed has left is removed", { timeout }, async (t) => {
  const stage = await Stage.open(t, { queue: "plain" });
  const left = ".supervisor.json.0b9e2f0c-3c1d-4f1a-9a7e-5d2c8b6a1f00.tmp";
  await writeFile(join(stage.statusDir, left), "half");
  void stage.supervisor.run();
  await stage.statusWhere(({ state }) => state === "running");
  assert.ok(!(await readdir(stage.statusDir)).includes(left));
});

test("the broker's own word on itself is passed on, and one that is away is down", { timeout }, async (t) => {
  const server = createServer((request, response) => {
    assert.equal(request.url, "/readyz");
    response.end(JSON.stringify({ status: "degraded", started_at: 7, problems: ["GitHub does not answer."] }));
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  const at = async (url: string): Promise<Record<string, unknown>> => {
    const stage = await Stage.open(t, { queue: "plain", environment: { CREDENTIAL_BROKER_URL: url } });
    void stage.supervisor.run();
    const brokerOf = (status: unknown) => (status as { broker: Record<string, unknown> }).broker;
    const status = await stage.statusWhere((one) => brokerOf(one)["state"] !== "unknown");
    await stage.supervisor.stop();
    const { checkedAt, ...told } = brokerOf(status);
    assert.ok(Number(checkedAt) > 0);
    return told;
  };
  const here = await at(`http://127.0.0.1:${port}`);
  assert.deepEqual(here, { state: "degraded", startedAt: 7, detail: "GitHub does not answer." });
  assert.equal((await at("http://127.0.0.1:1"))["state"], "down");
});

test("the processes of agents are listed with their memory, and gone with their worker", { timeout }, async (t) => {
  const stage = await Stage.open(t, { queue: "plain" });
  void stage.supervisor.run();
  await stage.saw("queue", "ready");
  stage.order("queue", "agent");
  const { agents } = await stage.statusWhere((status) => status.agents.length > 0);
  const { since, rssBytes, ...rest } = agents[0] ?? {};
  assert.deepEqual(rest, { threadId: 5, pid: process.pid, state: "running" });
  assert.ok(Number(since) > 0);
  assert.ok(Number(rssBytes) > 1024 * 1024, String(rssBytes));
  stage.order("queue", "die");
  await stage.statusWhere((status) => status.agents.length === 0);
});

test("the status is written anew every two seconds at least, though nothing changes", { timeout }, async (t) => {
  const stage = await Stage.open(t, { queue: "plain", clock: systemClock });
  void stage.supervisor.run();
  let last: Status = await stage.statusWhere(({ state }) => state === "running");
  const gaps: number[] = [];
  for (let n = 0; n < 3; n += 1) {
    const next = await stage.statusWhere(({ timestamp }) => timestamp > last.timestamp);
    gaps.push(next.timestamp - last.timestamp);
    last = next;
  }
  // A busy machine may delay one of them.
  assert.ok(Math.min(...gaps) <= 2_000 && Math.max(...gaps) <= 10_000, `${gaps.join(", ")} ms`);
});

test("a status that cannot be written is told in the log, and nothing stops for it", { timeout }, async (t) => {
  const stage = await Stage.open(t, { queue: "plain" });
  await rm(stage.statusDir, { recursive: true });
  const status = stage.supervisor.run();
  await stage.saw("queue", "ready");
  await stage.supervisor.stop();
  assert.equal(await status, 0);
  const said = stage.lines.find(({ message }) => message.includes("status could not be written"));
  assert.match(said?.message ?? "", /ENOENT/);
});
