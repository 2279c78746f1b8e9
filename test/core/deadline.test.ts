import assert from "node:assert/strict";
import { test } from "node:test";
import { withDeadline } from "../../src/core/deadline.ts";

const never = new AbortController().signal;
const untilAborted = (signal: AbortSignal): Promise<string> =>
  new Promise((_resolve, reject) => {
    signal.addEventListener("abort", () => {
      reject(signal.reason as Error);
    });
  });

test("a task that ends in time is none the wiser", async () => {
  const result = await withDeadline(60_000, never, (signal) => Promise.resolve(signal.aborted));
  assert.equal(result, false);
});

test("a task that is late is aborted, also while garbage is collected", async () => {
  const garbage = setInterval(() => Array.from({ length: 10_000 }, () => ({})), 1);
  try {
    await assert.rejects(withDeadline(200, never, untilAborted), /no end within 200 ms/);
  } finally {
    clearInterval(garbage);
  }
});

test("a task is aborted with the caller, before or while it runs", async () => {
  const caller = new AbortController();
  const late = withDeadline(60_000, caller.signal, untilAborted);
  caller.abort(new Error("the caller left"));
  await assert.rejects(late, /the caller left/);
  const gone = withDeadline(60_000, caller.signal, (signal) => Promise.resolve(signal.aborted));
  assert.equal(await gone, true);
});
