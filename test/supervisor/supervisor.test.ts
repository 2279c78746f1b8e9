import assert from "node:assert/strict";
import { test } from "node:test";
import { Stage } from "./stage.ts";

const timeout = 30_000;

test("the second worker starts when the first is ready, and not before", { timeout }, async (t) => {
  const stage = await Stage.open(t, { queue: "gated", telegram: "plain" });
  void stage.supervisor.run();
  await stage.saw("queue", "started");
  const waiting = await stage.statusWhere(({ workers }) => workers[0]?.state === "starting");
  assert.deepEqual([waiting.state, waiting.workers[1]?.state], ["starting", "idle"]);
  stage.order("queue", "ready");
  await stage.saw("telegram", "ready");
  assert.deepEqual(stage.story("started", "ready"), [
    "queue started",
    "queue ready",
    "telegram started",
    "telegram ready",
  ]);
  await stage.statusWhere(({ state }) => state === "running");
  stage.order("queue", "end");
});

test("the first worker that dies is started again, and the second one left alone", { timeout }, async (t) => {
  const stage = await Stage.open(t, { queue: "plain", telegram: "plain" });
  void stage.supervisor.run();
  const telegram = await stage.saw("telegram", "ready");
  stage.order("queue", "die");
  const again = await stage.saw("queue", "ready", 2);
  assert.notEqual(again.thread, (await stage.saw("queue", "ready")).thread);
  const status = await stage.statusWhere(({ workers }) => workers[0]?.state === "running" && workers[0].restarts > 0);
  assert.deepEqual(
    status.workers.map(({ name, state, restarts, lastError }) => [name, state, restarts, lastError]),
    [
      ["queue", "running", 1, "ended with status 3"],
      ["telegram", "running", 0, undefined],
    ],
  );
  assert.deepEqual(
    stage.events.filter(({ worker, event }) => worker === "telegram" && event === "started").map((seen) => seen.thread),
    [telegram.thread],
  );
});

test("each worker hears the other, also over the line drawn after a restart", { timeout }, async (t) => {
  const stage = await Stage.open(t, { queue: "plain", telegram: "plain" });
  void stage.supervisor.run();
  const talk = async (nth: number): Promise<void> => {
    await Promise.all([stage.saw("queue", "wired", nth), stage.saw("telegram", "wired", nth)]);
    stage.order("queue", "speak");
    await stage.saw("telegram", "heard", nth);
    stage.order("telegram", "speak");
    await stage.saw("queue", "heard", nth);
  };
  await talk(1);
  stage.order("telegram", "die");
  await talk(2);
  stage.order("queue", "throw");
  await talk(3);
  assert.equal(stage.story("heard").length, 6, "something was heard twice");
});

test("a worker that says a new start is no use stays down, and the other goes on", { timeout }, async (t) => {
  const stage = await Stage.open(t, { queue: "plain", telegram: "hopeless" });
  const status = stage.supervisor.run();
  const { state, workers } = await stage.statusWhere(({ state }) => state === "running");
  assert.deepEqual([state, workers[0]?.state, workers[1]?.state], ["running", "running", "failed"]);
  assert.deepEqual([workers[1]?.restarts, workers[1]?.lastError], [0, "token_refused: The token was refused."]);
  assert.equal(await stage.supervisor.stop(), 0);
  assert.equal(await status, 0);
  assert.equal(stage.story("started").length, 2);
});

test("a first worker that is no use keeps the second one from nothing", { timeout }, async (t) => {
  const stage = await Stage.open(t, { queue: "hopeless", telegram: "plain" });
  void stage.supervisor.run();
  await stage.saw("telegram", "ready");
  const { workers } = await stage.statusWhere(({ state }) => state === "running");
  assert.deepEqual(
    workers.map(({ state }) => state),
    ["failed", "running"],
  );
});

test("eight starts in a row that never got healthy end the program with status 70", { timeout }, async (t) => {
  const stage = await Stage.open(t, { queue: "plain", telegram: "stillborn" });
  assert.equal(await stage.supervisor.run(), 70);
  assert.equal(stage.story("started").filter((line) => line === "telegram started").length, 8);
  assert.deepEqual(stage.story("stopping"), ["queue stopping"]);
  const status = await stage.status();
  assert.equal(status?.state, "gave-up");
  assert.match(status?.workers[1]?.lastError ?? "", /RangeError: stillborn/);
  assert.equal(await stage.supervisor.stop(), 70, "a stop that comes late hides why it ended");
});

test("workers are told to stop all at once, and none waits for another", { timeout }, async (t) => {
  const stage = await Stage.open(t, { queue: "plain", telegram: "gated" });
  const status = stage.supervisor.run();
  await stage.saw("telegram", "started");
  stage.order("telegram", "ready");
  await stage.statusWhere(({ state }) => state === "running");
  const stopped = stage.supervisor.stop();
  await stage.saw("telegram", "stopping");
  const during = await stage.statusWhere(({ workers }) => workers[0]?.state === "stopped");
  assert.deepEqual([during.state, during.workers[1]?.state], ["stopping", "draining"]);
  stage.order("telegram", "end");
  assert.deepEqual(await Promise.all([status, stopped]), [0, 0]);
  assert.deepEqual(stage.story("ended"), ["queue ended", "telegram ended"]);
  const after = await stage.status();
  assert.deepEqual(
    [after?.state, ...(after?.workers.map(({ state }) => state) ?? [])],
    ["stopped", "stopped", "stopped"],
  );
});

test("a second stop is the first one: no worker is asked twice", { timeout }, async (t) => {
  const stage = await Stage.open(t, { queue: "plain", telegram: "plain" });
  const status = stage.supervisor.run();
  await stage.saw("telegram", "ready");
  const stops = [stage.supervisor.stop(), stage.supervisor.stop(), status];
  assert.deepEqual(await Promise.all(stops), [0, 0, 0]);
  assert.equal(await stage.supervisor.stop(), 0);
  assert.deepEqual(stage.story("stopping").toSorted(), ["queue stopping", "telegram stopping"]);
});

test("a stop while a worker starts leaves the others unstarted", { timeout }, async (t) => {
  const stage = await Stage.open(t, { queue: "gated", telegram: "plain" });
  void stage.supervisor.run();
  await stage.saw("queue", "started");
  const stopped = stage.supervisor.stop();
  await stage.saw("queue", "stopping");
  stage.order("queue", "end");
  assert.equal(await stopped, 0);
  assert.deepEqual(stage.story("started"), ["queue started"]);
});
