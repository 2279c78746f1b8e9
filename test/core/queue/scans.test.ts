import assert from "node:assert/strict";
import fsPromises from "node:fs/promises";
import { link, readdir, stat, unlink, writeFile } from "node:fs/promises";
import { syncBuiltinESMExports } from "node:module";
import { join } from "node:path";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { encodeEnvelope } from "../../../src/core/queue/envelope.ts";
import { formatFileName } from "../../../src/core/queue/file-name.ts";
import { incomingConsumer, prepareQueue } from "../../../src/core/queue/file-queue.ts";
import { PERSON } from "../../../src/core/queue/rank.ts";
import { sharedSequence } from "../../../src/core/queue/sequence.ts";
import { boot } from "./file-support.ts";
import { withoutHints } from "./no-hints.ts";
import { ManualClock, TestLog, closeAfter, message, temporaryFolder } from "./support.ts";

/** Counts the looks at folders until the test ends. */
function countLooks(t: TestContext): () => number {
  let looks = 0;
  const original = fsPromises.readdir;
  t.mock.method(fsPromises, "readdir", (...args: Parameters<typeof original>) => {
    looks += 1;
    return original(...args);
  });
  syncBuiltinESMExports();
  t.after(() => {
    t.mock.restoreAll();
    syncBuiltinESMExports();
  });
  return () => looks;
}

/** Messages of forty threads, under the names that a queue gives them. */
async function fill(folder: string, count: number): Promise<void> {
  const first = join(folder, "first");
  await writeFile(first, encodeEnvelope(message("u1")));
  for (let at = 0; at < count; at += 200) {
    const names = Array.from({ length: 200 }, (_, n) => at + n + 1).map((seq) =>
      formatFileName({ seq, lane: 1 + (seq % 40), rank: PERSON, key: `u${seq}` }),
    );
    await Promise.all(names.map((name) => link(first, join(folder, name))));
  }
  await unlink(first);
}

test("no claim, and no ending of one, looks through a folder", async (t) => {
  const looks = countLooks(t);
  const clock = withoutHints(t);
  const { root, sequence, log } = await boot(t);
  await fill(join(root, "incoming"), 200);
  const consumer = incomingConsumer({ root, sequence, clock, logger: log });
  closeAfter(t, () => consumer.close());
  const before = looks();
  await consumer.open();
  const atOpen = looks();
  assert.ok(atOpen > before, "the start looks, and is seen to");
  for (let n = 0; n < 200; n += 1) {
    const claim = await consumer.claim();
    assert.ok(claim);
    if (n % 3 === 0) await consumer.bury(claim, "refused");
    else await consumer.commit(claim);
  }
  assert.equal(await consumer.claim(), undefined);
  assert.equal(looks(), atOpen);
});

/** What a mere list of the folder takes, with a look at each file; and what the start of a queue takes. */
async function measure(t: TestContext, folder: "incoming" | "processing", count: number) {
  const root = await temporaryFolder(t);
  await prepareQueue(root);
  await fill(join(root, folder), count);
  const begun = performance.now();
  for (const name of await readdir(join(root, folder))) await stat(join(root, folder, name));
  const listed = performance.now();
  const sequence = sharedSequence(await prepareQueue(root));
  const consumer = incomingConsumer({ root, sequence, clock: new ManualClock(), logger: new TestLog() });
  await consumer.open();
  const opened = performance.now();
  const { waiting } = consumer.depth();
  await consumer.close();
  assert.equal(waiting, count);
  return { list: Math.round(listed - begun), open: Math.round(opened - listed) };
}

for (const [folder, times] of [
  ["incoming", 2],
  ["processing", 4],
] as const) {
  test(`a start with 10 000 messages in ${folder} takes at most ${times} times a look at each of them`, async (t) => {
    // On a machine that others use too the best of some measurements counts.
    const found = [];
    for (let n = 0; n < 3; n += 1) {
      const { list, open } = await measure(t, folder, 10_000);
      t.diagnostic(`the start: ${open} ms; looking at each: ${list} ms`);
      found.push(open / list);
      if (open <= times * list) return;
    }
    assert.fail(found.join(", "));
  });
}
