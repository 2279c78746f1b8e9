/** A queue whose thread was busy while more names changed than the kernel keeps hints of. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import type { TestContext } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { systemClock } from "../../src/core/clock.ts";
import { incomingConsumer, prepareQueue } from "../../src/core/queue/file-queue.ts";
import { sharedSequence } from "../../src/core/queue/sequence.ts";
import { eventually } from "../support/eventually.ts";
import { tempDir } from "../support/temp-dir.ts";
import { RUNNER } from "./support/queue-trace.ts";
import { quiet } from "./support/queue-walk.ts";

const LIMIT = "/proc/sys/fs/inotify/max_queued_events";
const HOUR_MS = 3_600_000;
const skip = process.platform === "linux" ? false : "inotify is Linux's";
const timeout = 120_000;

const counted: string[] = [];
after(() => process.stdout.write(counted.map((line) => `# ${line}\n`).join("")));

/** A consumer that has lost the hints of a hundred messages. */
async function overflown(t: TestContext, rescanMs: number | undefined) {
  let close = (): Promise<void> => Promise.resolve();
  // Before its folder is removed.
  t.after(() => close());
  const root = join(await tempDir(t), "queue");
  const sequence = sharedSequence(await prepareQueue(root));
  const rescan = rescanMs === undefined ? {} : { rescanMs };
  const consumer = incomingConsumer({ root, sequence, clock: systemClock, logger: quiet, ...rescan });
  await consumer.open();
  close = () => consumer.close();
  // The loop stands still meanwhile, so that nobody reads the hints. A rename is two of them.
  const renames = Math.ceil(Number(readFileSync(LIMIT, "utf8")) / 2) + 500;
  const { status, stderr } = spawnSync(process.execPath, [RUNNER, "churn", root, String(renames)]);
  assert.equal(status, 0, stderr.toString());
  return { consumer, renames };
}

test("hints that were lost are made up for by the next look, at most 5 s later", { skip, timeout }, async (t) => {
  const { consumer, renames } = await overflown(t, undefined);
  const start = performance.now();
  await eventually("a hundred messages", () => (consumer.depth().waiting === 100 ? true : undefined));
  const tookMs = performance.now() - start;
  assert.ok(tookMs < 7_000, `${tookMs} ms`);
  for (let n = 0; n < 100; n += 1) {
    const claim = await consumer.claim();
    assert.equal(claim?.key, `u${n}`);
    await consumer.commit(claim);
  }
  counted.push(`${renames} renames, hints lost: 100 messages found after ${Math.round(tookMs)} ms`);
});

test("without that look they would not be found: the hints are lost indeed", { skip, timeout }, async (t) => {
  const { consumer } = await overflown(t, HOUR_MS);
  await pause(2_000);
  assert.equal(consumer.depth().waiting, 0);
});
