import assert from "node:assert/strict";
import { test } from "node:test";
import { DashboardError } from "../../../src/dashboard/errors.ts";
import { MetricsHistory } from "../../../src/dashboard/host/history.ts";
import { unknownMetrics } from "../../../src/dashboard/host/metrics.ts";
import { refusalOf, stage, streamOf, TextSink } from "./stage.ts";

function filled(): MetricsHistory {
  const history = new MetricsHistory();
  for (let second = 1; second <= 40; second += 1) {
    const metrics = unknownMetrics(second * 1_000);
    history.add({ ...metrics, load: [second, null, null], cpu: { ...metrics.cpu, cores: [second, null] } });
  }
  return history;
}

test("the host as it is now", async (t) => {
  const metrics = { ...unknownMetrics(7), uptime: 12 };
  const { get } = await stage(t, { sampler: { current: () => metrics } });
  const got = await get("/api/metrics");
  assert.deepEqual(JSON.parse(got.text), metrics);
  assert.equal(got.headers["cache-control"], "no-store");
  assert.deepEqual(refusalOf(await get("/api/metrics?step=1")), [400, "bad_parameter"]);
});

test("the history is columns, in the step and from the time asked", async (t) => {
  const metricsHistory = filled();
  const { get } = await stage(t, { metricsHistory });
  const all = await get("/api/metrics/history");
  assert.equal(all.headers["content-type"], "application/json; charset=utf-8");
  assert.deepEqual(JSON.parse(all.text), metricsHistory.columns());
  assert.deepEqual(
    JSON.parse((await get("/api/metrics/history?from=38000")).text),
    metricsHistory.columns({ from: 38_000 }),
  );
  const coarse = JSON.parse((await get("/api/metrics/history?from=0&step=15")).text) as { timestamp: number[] };
  assert.deepEqual(coarse.timestamp, [0, 15_000, 30_000]);
  const { cores } = JSON.parse((await get("/api/metrics/history?from=39000&cores=1")).text) as { cores: unknown };
  assert.deepEqual(cores, [
    [39, 40],
    [null, null],
  ]);
  assert.equal((await get("/api/metrics/history?cores=0")).text.includes("cores"), false);
});

for (const query of [
  "step=2",
  "step=",
  "step=015",
  "from=-1",
  "from=x",
  "from=1&from=2",
  "to=5",
  "cores=2",
  "cores=",
]) {
  test(`a history with ${query} is refused`, async (t) => {
    const { get } = await stage(t);
    assert.deepEqual(refusalOf(await get(`/api/metrics/history?${query}`)), [400, "bad_parameter"]);
  });
}

test("others have their turn between two columns", async (t) => {
  const { request } = await stage(t, { metricsHistory: filled() });
  const sink = new TextSink();
  let turns = 0;
  let isOver = false;
  const count = (): void => {
    turns += 1;
    if (!isOver) setImmediate(count);
  };
  setImmediate(count);
  await streamOf(await request("/api/metrics/history")).run(sink);
  isOver = true;
  assert.ok(turns >= sink.pieces.length, `${turns} turns, ${sink.pieces.length} pieces`);
});

test("a client that leaves ends the writing", async (t) => {
  const { request } = await stage(t, { metricsHistory: filled() });
  const sink = new TextSink();
  const begun = sink.written();
  const run = streamOf(await request("/api/metrics/history")).run(sink);
  await begun;
  sink.leave(new DashboardError("client_gone", "left"));
  await assert.rejects(run, { code: "client_gone" });
  assert.equal(sink.pieces.length, 1);
});
