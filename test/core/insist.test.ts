import assert from "node:assert/strict";
import { test } from "node:test";
import { systemClock } from "../../src/core/clock.ts";
import { CodedError, SyncError } from "../../src/core/errors.ts";
import { insist } from "../../src/core/insist.ts";
import { memoryLog } from "../support/memory-log.ts";

const full = Object.assign(new Error("write"), { code: "ENOSPC" });
const readOnly = Object.assign(new Error("write"), { code: "EROFS" });

/** Fails with each of `errors`, then works; `pauses` is what it waited. */
async function run(
  errors: readonly Error[],
  signal = new AbortController().signal,
  onPause: (pauses: number) => void = () => undefined,
) {
  const { log, lines } = memoryLog();
  const suspected: unknown[] = [];
  const pauses: number[] = [];
  let tries = 0;
  const act = (): Promise<void> => {
    const error = errors[tries];
    tries += 1;
    return error === undefined ? Promise.resolve() : Promise.reject(error);
  };
  const clock = {
    ...systemClock,
    sleep: (ms: number, until?: AbortSignal) => {
      pauses.push(ms);
      const slept = systemClock.sleep(ms, until);
      onPause(pauses.length);
      return slept;
    },
  };
  const works = await insist(act, {
    clock,
    disk: { suspect: (error) => void suspected.push(error) },
    log,
    what: "it failed",
    mark: { messageId: "u1" },
    signal,
    pauseMs: (failures) => failures + 1,
    final: ["queue_not_open"],
  }).catch((error: unknown) => error);
  const said = lines.map(({ level, fields }) => `${level} ${JSON.stringify(fields)}`);
  return { works, tries, suspected, pauses, said };
}

test("what fails is tried again after its pauses until it works, and the disk is told of each failure", async () => {
  const { works, tries, suspected, pauses } = await run([full, full, readOnly]);
  assert.deepEqual([works, tries, suspected, pauses], [true, 4, [full, full, readOnly], [1, 2, 3]]);
});

test("a fault that stays is logged once, and another one as well", async () => {
  const { said } = await run([full, full, readOnly, readOnly]);
  assert.deepEqual(said, [
    'error {"messageId":"u1","error":"Error ENOSPC: write"}',
    'error {"messageId":"u1","error":"Error EROFS: write"}',
  ]);
});

test("a failed sync, and what no further try would change, are thrown at once", async () => {
  const sync = new CodedError("queue_commit_failed", "lost", { cause: new SyncError("ledger.jsonl", full) });
  const closed = new CodedError("queue_not_open", "closed");
  for (const error of [sync, closed]) {
    const { works, tries, suspected } = await run([error]);
    assert.deepEqual([works, tries, suspected], [error, 1, []]);
  }
});

test("it is tried once at least, and a signal ends it at once, also in a pause", async () => {
  const before = await run([full], AbortSignal.abort());
  assert.deepEqual([before.works, before.tries, before.pauses], [false, 1, []]);
  const controller = new AbortController();
  const failing = Array.from({ length: 10 }, () => full);
  const during = await run(failing, controller.signal, (pauses) => {
    if (pauses === 3) controller.abort();
  });
  assert.deepEqual([during.works, during.tries], [false, 3]);
  assert.equal((await run([], AbortSignal.abort())).works, true);
});
