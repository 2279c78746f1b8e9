import assert from "node:assert/strict";
import { totalmem } from "node:os";
import { test } from "node:test";
import { systemClock } from "../../src/core/clock.ts";
import type { AgentNotice } from "../../src/core/channel/protocol.ts";
import { AgentMemory, longestIdle } from "../../src/supervisor/agent-memory.ts";
import { memoryLog } from "../support/memory-log.ts";

const MIB = 1024 * 1024;
const agent = (pid: number, state: "idle" | "running", since: number): AgentNotice => ({
  threadId: pid,
  pid,
  state,
  since,
});

/** A look at each call, with agents of `mib(pid)` each. */
function watch(agents: () => readonly AgentNotice[], mib: () => number, ceilingMb: number | undefined) {
  const ended: number[] = [];
  const { log, lines } = memoryLog();
  let due = (): void => undefined;
  let waiting = (): void => undefined;
  const memory = new AgentMemory({
    agents,
    ceilingMb: () => Promise.resolve(ceilingMb),
    end: ({ pid }) => ended.push(pid),
    clock: {
      ...systemClock,
      after(_ms, task) {
        due = task;
        waiting();
        return () => undefined;
      },
    },
    log,
    measure: () => Promise.resolve(mib() * MIB),
  });
  memory.start();
  const look = (): Promise<void> =>
    new Promise((resolve) => {
      waiting = resolve;
      due();
    });
  return { look, ended, lines };
}

test("the longest idle is the one that has not changed for the longest time, and never one at work", () => {
  const agents = [agent(1, "running", 1), agent(2, "idle", 30), agent(3, "idle", 20)];
  assert.equal(longestIdle(agents)?.pid, 3);
  assert.equal(longestIdle([agent(1, "running", 1)]), undefined);
});

test("over the ceiling idle agents are ended, the longest idle first, until the rest fits", async () => {
  const there = [agent(1, "running", 1), agent(2, "idle", 30), agent(3, "idle", 20), agent(4, "idle", 40)];
  const { look, ended, lines } = watch(
    () => there.filter(({ pid }) => !ended.includes(pid)),
    () => 100,
    250,
  );
  for (let n = 0; n < 5; n += 1) await look();
  assert.deepEqual(ended, [3, 2]);
  assert.deepEqual(lines[0]?.fields, { agents: 4, takenMb: 400, ceilingMb: 250, threadId: 3, pid: 3 });
});

test("where all are at work none is ended, and that is said once until there was room again", async () => {
  let mib = 300;
  const { look, ended, lines } = watch(
    () => [agent(1, "running", 1)],
    () => mib,
    250,
  );
  await look();
  await look();
  assert.equal(lines.length, 1);
  assert.match(lines[0]?.message ?? "", /all are at work/);
  mib = 200;
  await look();
  mib = 300;
  await look();
  assert.equal(lines.length, 2);
  assert.deepEqual(ended, []);
});

test("without a setting three quarters of what this machine has are the ceiling", async () => {
  const limit = process.constrainedMemory();
  const whole = Math.min(totalmem(), limit > 0 ? limit : Infinity) / MIB;
  let mib = whole * 0.74;
  const { look, ended } = watch(
    () => [agent(1, "idle", 1)],
    () => mib,
    undefined,
  );
  await look();
  assert.deepEqual(ended, []);
  mib = whole * 0.76;
  await look();
  assert.deepEqual(ended, [1]);
});
