import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { test } from "node:test";
import { systemClock } from "../../src/core/clock.ts";

test("the wall clock tells epoch milliseconds and the monotonic one never goes back", () => {
  const before = Date.now();
  const now = systemClock.now();
  assert.ok(before <= now && now <= Date.now());
  const first = systemClock.monotonic();
  assert.ok(systemClock.monotonic() >= first);
});

test("a sleep lasts as long as asked and leaves no listener behind", async () => {
  const { signal } = new AbortController();
  const started = systemClock.monotonic();
  await systemClock.sleep(20, signal);
  assert.ok(systemClock.monotonic() - started >= 19);
  assert.equal(getEventListeners(signal, "abort").length, 0);
});

test("an abort ends a sleep with the signal's reason", async () => {
  const controller = new AbortController();
  const reason = new Error("stopped");
  const sleeping = systemClock.sleep(60_000, controller.signal);
  controller.abort(reason);
  await assert.rejects(sleeping, reason);
});

test("a sleep under a signal that is aborted already never begins", async () => {
  const reason = new Error("stopped before");
  await assert.rejects(systemClock.sleep(60_000, AbortSignal.abort(reason)), reason);
});

test("a task runs after its time, and a cancelled one never", async () => {
  const ran: string[] = [];
  const cancel = systemClock.after(1, () => ran.push("cancelled"));
  cancel();
  await new Promise<void>((resolve) => {
    systemClock.after(10, () => {
      ran.push("kept");
      resolve();
    });
  });
  assert.deepEqual(ran, ["kept"]);
});
