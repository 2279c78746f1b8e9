import assert from "node:assert/strict";
import fsPromises from "node:fs/promises";
import { link, unlink, writeFile } from "node:fs/promises";
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

/** The calls of each kind that file systems get of what is done, but for those of open files. */
async function callsOf(t: TestContext, what: () => Promise<void>): Promise<Record<string, number>> {
  const calls: Record<string, number> = {};
  for (const [name, original] of Object.entries(fsPromises)) {
    if (typeof original !== "function") continue;
    t.mock.method(fsPromises, name as "stat", (...args: unknown[]) => {
      calls[name] = (calls[name] ?? 0) + 1;
      return Reflect.apply(original, fsPromises, args) as unknown;
    });
  }
  syncBuiltinESMExports();
  try {
    await what();
  } finally {
    t.mock.restoreAll();
    syncBuiltinESMExports();
  }
  return calls;
}

/** Whatever number of messages there is: for folders and ledgers. */
const FOR_ALL = 100;

for (const { folder, what, moves } of [
  { folder: "incoming", what: "looks at none and opens none: their names say enough", moves: 0 },
  { folder: "processing", what: "moves each once, and looks at none and opens none", moves: 1 },
] as const) {
  test(`a start with messages in ${folder} ${what}`, async (t) => {
    const count = 1_000;
    const root = await temporaryFolder(t);
    await prepareQueue(root);
    await fill(join(root, folder), count);
    let waiting = 0;
    const calls = await callsOf(t, async () => {
      const sequence = sharedSequence(await prepareQueue(root));
      const consumer = incomingConsumer({ root, sequence, clock: new ManualClock(), logger: new TestLog() });
      await consumer.open();
      ({ waiting } = consumer.depth());
      await consumer.close();
    });
    assert.equal(waiting, count);
    t.diagnostic(JSON.stringify(calls));
    assert.ok((calls["readdir"] ?? 0) > 0, "calls are seen");
    const { rename = 0, ...others } = calls;
    assert.equal(rename, moves * count);
    for (const [name, times] of Object.entries(others)) assert.ok(times <= FOR_ALL, `${name} ${times} times`);
  });
}
