import assert from "node:assert/strict";
import { test } from "node:test";
import { LiveStates } from "../../../src/dashboard/live-states.ts";
import { ManualClock } from "../host/manual-clock.ts";
import { Desk } from "./support.ts";

function told(states: LiveStates): { topic: string; rev: number; data: unknown }[] {
  const frames: { topic: string; rev: number; data: unknown }[] = [];
  states.onChange((topic, text) => {
    const { type, ...frame } = JSON.parse(text) as { type: string; topic: string; rev: number; data: unknown };
    assert.deepEqual([type, frame.topic], ["state", topic]);
    frames.push(frame);
  });
  return frames;
}

test("a status that is as it was is not told again; metrics are told each time", () => {
  const clock = new ManualClock(0);
  const states = new LiveStates(clock);
  const frames = told(states);
  for (let n = 0; n < 3; n += 1) {
    states.set("status", { up: true });
    states.set("metrics", { cpu: 1 });
    clock.advance(1000);
  }
  assert.deepEqual(frames, [
    { topic: "status", rev: 1, data: { up: true } },
    { topic: "metrics", rev: 1, data: { cpu: 1 } },
    { topic: "metrics", rev: 2, data: { cpu: 1 } },
    { topic: "metrics", rev: 3, data: { cpu: 1 } },
  ]);
});

test("a status that keeps changing is told four times a second, the newest last", () => {
  const clock = new ManualClock(0);
  const states = new LiveStates(clock);
  const frames = told(states);
  for (let n = 0; n <= 100; n += 1) {
    states.set("status", { n });
    if (n < 100) clock.advance(10);
  }
  clock.advance(1000);
  const wanted = [{ n: 0 }, { n: 24 }, { n: 49 }, { n: 74 }, { n: 99 }, { n: 100 }];
  assert.deepEqual(
    frames.map(({ data }) => data),
    wanted,
  );
  assert.equal(states.current("status")?.rev, 6);
  assert.equal(clock.timers, 0);
});

test("what was told last is what a late follower is given", () => {
  const clock = new ManualClock(0);
  const states = new LiveStates(clock);
  assert.equal(states.current("status"), undefined);
  states.set("status", { n: 1 });
  states.set("status", { n: 2 });
  assert.deepEqual(states.current("status")?.data, { n: 1 }, "the second is told, and then given, later");
  states.close();
  assert.equal(clock.timers, 0);
});

test("a state comes whole at once, and is followed as long as one id wants it", async (t) => {
  const desk = await Desk.open(t);
  const client = desk.connect();
  const { connection } = client;
  client.say({ type: "subscribe", id: "early", topic: "metrics" });
  assert.deepEqual(connection.of("state"), []);
  assert.deepEqual([...connection.followed], ["metrics"]);
  desk.states.set("status", { up: true });
  client.say({ type: "subscribe", id: "a", topic: "status" });
  assert.deepEqual(connection.of("state"), [{ type: "state", topic: "status", rev: 1, data: { up: true } }]);
  client.say({ type: "subscribe", id: "b", topic: "status" });
  assert.equal(connection.of("state").length, 2);
  client.say({ type: "unsubscribe", id: "a" });
  assert.ok(connection.followed.has("status"));
  client.say({ type: "unsubscribe", id: "b" });
  assert.ok(!connection.followed.has("status"));
  client.say({ type: "subscribe", id: "a", topic: "status" });
  assert.ok(connection.followed.has("status"));
});
