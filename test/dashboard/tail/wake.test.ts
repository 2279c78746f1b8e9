import assert from "node:assert/strict";
import { appendFile, mkdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { Wake } from "../../../src/dashboard/tail/wake.ts";
import { ManualClock } from "../../core/queue/support.ts";
import { PATIENCE_MS } from "../../support/eventually.ts";
import { temporaryFolder } from "./support.ts";

const POLL_MS = 1_000_000;

interface Started {
  clock: ManualClock;
  looks: () => number;
  /** Waits, and lets the clock go on, until there were so many looks. */
  noticed: (looks: number) => Promise<void>;
}

function start(
  t: TestContext,
  folder: string,
  look?: () => Promise<void>,
  concerns?: (folder: string, name: string) => boolean,
): Started {
  const clock = new ManualClock();
  let looks = 0;
  const count = async (): Promise<void> => {
    looks += 1;
    await look?.();
  };
  const wake = new Wake({
    folders: () => [folder],
    look: count,
    clock,
    pollMs: POLL_MS,
    ...(concerns === undefined ? {} : { concerns }),
  });
  wake.start();
  t.after(() => wake.close());
  const looked = (): number => looks;
  const noticed = async (wanted: number): Promise<void> => {
    const deadline = performance.now() + PATIENCE_MS;
    for (; looked() < wanted; clock.advance(1)) {
      assert.ok(performance.now() < deadline, "no notice");
      await new Promise((done) => setTimeout(done, 1));
    }
  };
  return { clock, looks: looked, noticed };
}

test("each poll is a look, and no look is taken after the end", async (t) => {
  const folder = await temporaryFolder(t);
  const clock = new ManualClock();
  let looks = 0;
  const look = async (): Promise<void> => {
    looks += 1;
    await Promise.resolve();
  };
  const wake = new Wake({ folders: () => [folder], look, clock, pollMs: 250 });
  wake.start();
  for (let n = 1; n <= 3; n += 1) {
    clock.advance(250);
    await new Promise(setImmediate);
    assert.equal(looks, n);
  }
  wake.close();
  clock.advance(1000);
  assert.equal(looks, 3);
});

test("a notice is a look at once, four times; the many that follow are one more, 8 ms later", async (t) => {
  const folder = await temporaryFolder(t);
  const { clock, looks } = start(t, folder);
  for (let n = 0; n < 50; n += 1) {
    await writeFile(join(folder, "a"), String(n));
    await new Promise((done) => setTimeout(done, 1));
  }
  await new Promise((done) => setTimeout(done, 50));
  assert.equal(looks(), 4);
  clock.advance(7);
  assert.equal(looks(), 4);
  clock.advance(1);
  assert.equal(looks(), 5);
  await new Promise((done) => setTimeout(done, 20));
  clock.advance(100);
  assert.equal(looks(), 5);
});

test("a notice just after a poll waits for nothing", async (t) => {
  const folder = await temporaryFolder(t);
  await writeFile(join(folder, "a"), "");
  const { clock, looks } = start(t, folder);
  for (let n = 1; n <= 5; n += 1) {
    clock.advance(POLL_MS);
    await new Promise(setImmediate);
    assert.equal(looks(), 2 * n - 1);
    await appendFile(join(folder, "a"), "1");
    const deadline = performance.now() + PATIENCE_MS;
    while (looks() < 2 * n) {
      assert.ok(performance.now() < deadline, "no notice");
      await new Promise((done) => setTimeout(done, 1));
    }
  }
});

test("a name that has nothing to do with the stream is no notice", async (t) => {
  const folder = await temporaryFolder(t);
  const { clock, looks, noticed } = start(t, folder, undefined, (_folder, name) => name.startsWith("a"));
  await writeFile(join(folder, "b"), "");
  await new Promise((done) => setTimeout(done, 50));
  clock.advance(100);
  assert.equal(looks(), 0);
  await writeFile(join(folder, "a"), "");
  await noticed(1);
});

test("a folder that comes later, or in the place of another, is watched from the next poll on", async (t) => {
  const folder = join(await temporaryFolder(t), "later");
  const { clock, looks, noticed } = start(t, folder);
  for (let n = 0; n < 2; n += 1) {
    await mkdir(folder);
    clock.advance(POLL_MS);
    const before = looks();
    await writeFile(join(folder, "a"), "");
    await noticed(before + 1);
    await rename(folder, `${folder}.old`);
    await rm(`${folder}.old`, { recursive: true });
  }
});

test("a notice during a look leads to another look", async (t) => {
  const folder = await temporaryFolder(t);
  let release: (() => void) | undefined;
  const { noticed, looks } = start(t, folder, () => new Promise((resolve) => (release = resolve)));
  await writeFile(join(folder, "a"), "");
  await noticed(1);
  await writeFile(join(folder, "b"), "");
  await new Promise((done) => setTimeout(done, 20));
  assert.equal(looks(), 1);
  release?.();
  await noticed(2);
  release?.();
});
