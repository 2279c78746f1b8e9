import assert from "node:assert/strict";
import { test } from "node:test";
import { HealthLog, judge } from "../../../src/dashboard/services/health.ts";
import { parseSupervisorRecord, type SupervisorRecord } from "../../../src/core/supervisor-record.ts";

const NOW = 1_760_000_000_000;
const EARLIER = NOW - 3_600_000;

function recordOf(change: object = {}): SupervisorRecord {
  const workers = [
    { name: "telegram", state: "running", startedAt: EARLIER + 1, lastBeat: NOW },
    { name: "queue", state: "running", startedAt: EARLIER + 2, lastBeat: NOW },
  ];
  const broker = { state: "ok", checkedAt: NOW, startedAt: EARLIER + 3 };
  const found = parseSupervisorRecord({
    timestamp: NOW,
    state: "running",
    startedAt: EARLIER,
    workers,
    broker,
    ...change,
  });
  assert.ok(found !== undefined);
  return found;
}

const worker = (state: string, more: object = {}): object => ({
  workers: [{ name: "queue", state, startedAt: EARLIER, lastBeat: NOW, ...more }],
});

test("all are up, each since its own start", () => {
  assert.deepEqual(judge(recordOf(), NOW), {
    supervisor: { state: "up", since: EARLIER },
    telegram: { state: "up", since: EARLIER + 1 },
    queue: { state: "up", since: EARLIER + 2 },
    broker: { state: "up", since: EARLIER + 3 },
  });
});

test("without a record nothing is known", () => {
  assert.deepEqual(
    Object.values(judge(undefined, NOW)).map(({ state }) => state),
    ["unknown", "unknown", "unknown", "unknown"],
  );
});

const ages: [what: string, age: number, state: string][] = [
  ["10 s old", 10_000, "up"],
  ["more than 10 s old", 10_001, "down"],
  ["a little ahead of us", -10_000, "up"],
  ["far ahead of us, written before the clock was set back", -10_001, "down"],
];
for (const [what, age, state] of ages) {
  test(`a record ${what} means ${state}`, () => {
    const { supervisor, telegram, queue, broker } = judge(recordOf(), NOW + age);
    assert.deepEqual([supervisor.state, telegram.state, queue.state], [state, state, state]);
    // Nobody has looked after the broker since.
    assert.equal(broker.state, state === "up" ? "up" : "unknown");
  });
}

test("what is down is so since the last sign of life", () => {
  assert.equal(judge(recordOf(), NOW + 60_000).queue.since, NOW);
});

for (const state of ["stopped", "gave-up"]) {
  test(`a supervisor that is ${state} is down at once, and its workers with it`, () => {
    const { supervisor, queue } = judge(recordOf({ state }), NOW);
    assert.deepEqual([supervisor.state, queue.state], ["down", "down"]);
  });
}

for (const state of ["starting", "running", "stopping", "unknown"]) {
  test(`a supervisor that is ${state} is up`, () => {
    assert.equal(judge(recordOf({ state }), NOW).supervisor.state, "up");
  });
}

const workers: [what: string, change: object, state: string][] = [
  ["idle", worker("idle"), "unknown"],
  ["starting", worker("starting"), "unknown"],
  ["running", worker("running"), "up"],
  ["draining", worker("draining"), "up"],
  ["terminating", worker("terminating"), "down"],
  ["stopped", worker("stopped"), "down"],
  ["in backoff", worker("backoff"), "down"],
  ["failed", worker("failed"), "down"],
  ["in a state of a later version", worker("hibernating"), "unknown"],
  ["running and has not beaten yet", worker("running", { lastBeat: 0 }), "up"],
  ["running and has not beaten for 10 s", worker("running", { lastBeat: NOW - 10_000 }), "up"],
  ["running and has not beaten for longer", worker("running", { lastBeat: NOW - 10_001 }), "down"],
  ["not in the record", { workers: [] }, "unknown"],
];
for (const [what, change, state] of workers) {
  test(`a worker that is ${what} is ${state}`, () => {
    assert.equal(judge(recordOf(change), NOW).queue.state, state);
  });
}

const brokers: [state: string, health: string][] = [
  ["ok", "up"],
  ["up", "up"],
  ["degraded", "up"],
  ["down", "down"],
  ["unreachable", "down"],
  ["not_configured", "unknown"],
  ["unknown", "unknown"],
];
for (const [state, health] of brokers) {
  test(`a broker that the supervisor found "${state}" is ${health}`, () => {
    assert.equal(judge(recordOf({ broker: { state, checkedAt: NOW } }), NOW).broker.state, health);
  });
}

test("a state whose beginning nobody tells began when it was first seen, and lasts until another one", () => {
  const log = new HealthLog(EARLIER);
  const at = (now: number, state: string): unknown =>
    log.observe(recordOf({ timestamp: now, ...worker(state, { startedAt: undefined, lastBeat: now }) }), now).queue;
  assert.deepEqual(at(NOW, "backoff"), { state: "down", since: NOW });
  assert.deepEqual(at(NOW + 2_000, "failed"), { state: "down", since: NOW });
  assert.deepEqual(at(NOW + 4_000, "running"), { state: "up", since: NOW + 4_000 });
  assert.deepEqual(at(NOW + 6_000, "backoff"), { state: "down", since: NOW + 6_000 });
});

test("the dashboard is up since its own start", () => {
  assert.deepEqual(new HealthLog(EARLIER).observe(undefined, NOW).dashboard, { state: "up", since: EARLIER });
});
