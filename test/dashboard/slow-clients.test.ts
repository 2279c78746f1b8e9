import assert from "node:assert/strict";
import { fork } from "node:child_process";
import { once } from "node:events";
import { test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { eventually } from "../support/eventually.ts";
import { HistoryFollower } from "./support/follower.ts";
import type { Report } from "./support/follower.ts";
import { HistoryLoad } from "./support/history-load.ts";
import { start } from "./support/rig.ts";
import type { Running } from "./support/rig.ts";

const MIB = 1024 * 1024;
const CLIENT = fileURLToPath(new URL("support/follower-process.js", import.meta.url));
const STOPPED_MS = 10_000;
/** With room, V8 collects so late that what it has not collected yet hides what is held, MiB. */
const HEAP = "--max-old-space-size=64";

/** The largest of what it holds over a time, bytes. */
async function largestRss(running: Running, ms: number): Promise<number> {
  let largest = 0;
  for (const end = performance.now() + ms; performance.now() < end;) {
    largest = Math.max(largest, await running.rss());
    await pause(100);
  }
  return largest;
}

function percentile(values: readonly number[], share: number): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length * share)] ?? Number.NaN;
}

test("a client that is stopped for 10 s gets every row once and in order, and costs nobody else anything", async (t) => {
  const running = await start(t, { nodeArgs: [HEAP] });
  const load = new HistoryLoad({ dir: running.dir, rowsPerSecond: 10_000, rowBytes: 300, rollBytes: 16 * MIB });
  t.after(() => load.stop());
  let delays: number[] = [];
  const observer = new HistoryFollower(running.url, ({ at }) => {
    delays.push(performance.timeOrigin + performance.now() - at);
  });
  t.after(() => observer.close());
  const client = fork(CLIENT, [running.url]);
  t.after(() => client.kill("SIGKILL"));
  await once(client, "message");
  await observer.ready;

  load.start();
  await pause(1_500);
  const before = await largestRss(running, 2_000);
  delays = [];
  const writtenBefore = load.written;
  client.kill("SIGSTOP");
  let during = await largestRss(running, STOPPED_MS);
  const behind = (): number => (load.written - writtenBefore) * 400;
  // More than is kept in memory is to be read again.
  while (behind() < 32 * MIB) during = Math.max(during, await largestRss(running, 1_000));
  const delaysDuring = delays;
  delays = [];
  client.kill("SIGCONT");
  await pause(500);
  const written = await load.stop();

  const reported = once(client, "message") as Promise<[Report]>;
  client.send(written);
  await eventually("the observer's last row", () => observer.last >= written || undefined);
  const [report] = await reported;
  assert.deepEqual(report, { last: written, wrong: [], others: [], connections: 1 });
  assert.deepEqual(observer.report(), { last: written, wrong: [], others: [], connections: 1 });

  const p99 = percentile(delaysDuring, 0.99);
  const rise = (during - before) / MIB;
  t.diagnostic(
    `${written} rows; it fell behind by ${(behind() / MIB).toFixed(0)} MiB, memory rose by ${rise.toFixed(1)} MiB`,
  );
  t.diagnostic(`others' delay: median ${percentile(delaysDuring, 0.5).toFixed(1)} ms, p99 ${p99.toFixed(1)} ms`);
  assert.ok(delaysDuring.length > 20_000, "the other client got its rows meanwhile");
  assert.ok(p99 < 1_000, `others waited ${p99} ms`);
  assert.ok(rise < 12, `memory rose by ${rise} MiB`);
});

test("a client that is cut off 50 times gets every row once and in order", async (t) => {
  const running = await start(t);
  const load = new HistoryLoad({ dir: running.dir, rowsPerSecond: 4_000, rowBytes: 200, rollBytes: MIB });
  t.after(() => load.stop());
  const follower = new HistoryFollower(running.url);
  t.after(() => follower.close());
  await follower.ready;
  load.start();
  let seed = 7;
  for (let cut = 0; cut < 50; cut += 1) {
    const { last } = follower;
    // Each connection is cut after its first rows, at another moment: while it catches up, or when it has.
    await eventually("some more rows", () => follower.last > last || undefined);
    seed = (seed * 48_271) % 2_147_483_647;
    await pause(seed % 60);
    follower.cut();
  }
  // Of a connection that was cut nothing is taken any more: these are the next one's.
  const { last } = follower;
  await eventually("rows after the last cut", () => follower.last > last || undefined);
  const written = await load.stop();
  await eventually("the last row", () => follower.last >= written || undefined);
  assert.deepEqual(follower.report(), { last: written, wrong: [], others: [], connections: 51 });
  t.diagnostic(`${written} rows`);
});
