import assert from "node:assert/strict";
import { test } from "node:test";
import { parseSupervisorRecord } from "../../src/core/supervisor-record.ts";

const whole = {
  timestamp: 1_760_000_000_000,
  instance: "a",
  state: "running",
  startedAt: 1_750_000_000_000,
  workers: [
    { name: "queue", state: "running", startedAt: 1_755_000_000_000, lastBeat: 1_760_000_000_000, inFlight: 2 },
  ],
  broker: { state: "ok", checkedAt: 5, startedAt: 4 },
  agents: [],
};

test("what is needed is read, and the whole kept as it was written", () => {
  const record = parseSupervisorRecord(whole);
  assert.deepEqual(record?.whole, whole);
  assert.deepEqual(
    [record.timestamp, record.state, record.startedAt, record.workers[0]?.name, record.broker?.state],
    [whole.timestamp, "running", whole.startedAt, "queue", "ok"],
  );
});

test("an older record's ts is its timestamp", () => {
  assert.equal(parseSupervisorRecord({ ts: 7, state: "running" })?.timestamp, 7);
});

test("a part that is missing or odd does not spoil the rest", () => {
  const { whole: _, ...record } = parseSupervisorRecord({
    timestamp: 7,
    state: 5,
    startedAt: "then",
    workers: [null, { name: "queue" }, { name: "telegram", state: "idle", lastBeat: "x" }],
    broker: "down",
  }) ?? { whole: {} };
  assert.deepEqual(record, {
    timestamp: 7,
    state: "unknown",
    startedAt: undefined,
    workers: [{ name: "telegram", state: "idle", lastBeat: undefined }],
    broker: undefined,
  });
});

for (const value of [null, 5, "running", [], {}, { state: "running" }, { timestamp: "now" }, { timestamp: -1 }]) {
  test(`${JSON.stringify(value)} is no record`, () => {
    assert.equal(parseSupervisorRecord(value), undefined);
  });
}
