import assert from "node:assert/strict";
import { test } from "node:test";
import { HttpError } from "grammy";
import { createPersistence, type PollingDeps } from "../../../src/workers/telegram/polling.ts";
import { createLogLines, manualClock, roomyDisk, settled } from "./support.ts";

/** A poll that is answered so, one after the other, and how often it was told that polling goes on. */
function poll(answers: readonly (() => unknown)[], disk = roomyDisk()) {
  const clock = manualClock();
  let tried = 0;
  const deps: PollingDeps = {
    log: createLogLines(),
    clock,
    disk,
    scrub: (text) => text,
    stopping: new AbortController().signal,
    lastHandled: () => Promise.resolve(undefined),
    onPolled: () => undefined,
    onTried: () => void (tried += 1),
  };
  const left = [...answers];
  let calls = 0;
  const call = (): Promise<never> => {
    calls += 1;
    return Promise.resolve(left.shift()?.()) as Promise<never>;
  };
  const ended = createPersistence(deps)(call, "getUpdates", {});
  return { clock, ended, tried: () => tried, calls: () => calls };
}

const done = (): unknown => ({ ok: true, result: [] });

test("a poll that fails has ended as well: an outage is no hang", async () => {
  const away = (): never => {
    throw new HttpError("away", new Error("ECONNREFUSED"));
  };
  const { clock, ended, tried } = poll([away, away, done]);
  for (let n = 0; n < 10; n += 1) await clock.pass(1_000);
  await ended;
  assert.ok(tried() >= 3);
});

test("while Telegram asks to wait for minutes it is told each half minute that polling goes on", async () => {
  const limited = (): unknown => ({
    ok: false,
    error_code: 429,
    description: "later",
    parameters: { retry_after: 300 },
  });
  const { clock, ended, tried } = poll([limited, done]);
  await settled();
  let before = tried();
  for (let n = 0; n < 4; n += 1) {
    await clock.pass(60_000);
    assert.ok(tried() > before, `minute ${n + 1}`);
    before = tried();
  }
  await clock.pass(60_000);
  await ended;
});

test("nothing is fetched while the disk is full, and that is no hang", async () => {
  const disk = roomyDisk();
  disk.level = "hard";
  const { clock, ended, tried, calls } = poll([done], disk);
  await clock.pass(100_000);
  assert.equal(calls(), 0);
  assert.ok(tried() >= 90, `told ${tried()} times in 100 s`);
  disk.level = "soft";
  await clock.pass(1_000);
  await ended;
  assert.equal(calls(), 1);
});
