import assert from "node:assert/strict";
import { mkdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { Wake } from "../../../src/dashboard/tail/wake.ts";
import { ManualClock } from "../../core/queue/support.ts";
import { temporaryFolder } from "./support.ts";

const POLL_MS = 1_000_000;

interface Started {
  clock: ManualClock;
  looks: () => number;
  /** Waits until notices have led to a look. */
  noticed: () => Promise<void>;
}

function start(t: TestContext, folder: string, look?: () => Promise<void>): Started {
  const clock = new ManualClock();
  let looks = 0;
  const count = async (): Promise<void> => {
    looks += 1;
    await look?.();
  };
  const wake = new Wake({ folders: () => [folder], look: count, clock, pollMs: POLL_MS });
  wake.start();
  t.after(() => wake.close());
  const isSince = (before: number): boolean => looks > before;
  const noticed = async (): Promise<void> => {
    const deadline = performance.now() + 10_000;
    const before = looks;
    for (; !isSince(before); clock.advance(1)) {
      assert.ok(performance.now() < deadline, "no notice in 10 s");
      await new Promise((done) => setTimeout(done, 1));
    }
  };
  return { clock, looks: () => looks, noticed };
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

test("a notice is a look; many at once are one", async (t) => {
  const folder = await temporaryFolder(t);
  const { noticed, looks } = start(t, folder);
  for (let n = 0; n < 50; n += 1) await writeFile(join(folder, "a"), String(n));
  await noticed();
  await new Promise((done) => setTimeout(done, 20));
  assert.equal(looks(), 1);
});

test("a folder that comes later, or in the place of another, is watched from the next poll on", async (t) => {
  const folder = join(await temporaryFolder(t), "later");
  const { clock, noticed } = start(t, folder);
  for (let n = 0; n < 2; n += 1) {
    await mkdir(folder);
    clock.advance(POLL_MS);
    await writeFile(join(folder, "a"), "");
    await noticed();
    await rename(folder, `${folder}.old`);
    await rm(`${folder}.old`, { recursive: true });
  }
});

test("a notice during a look leads to another look", async (t) => {
  const folder = await temporaryFolder(t);
  let release: (() => void) | undefined;
  const { noticed, looks } = start(t, folder, () => new Promise((resolve) => (release = resolve)));
  await writeFile(join(folder, "a"), "");
  await noticed();
  await writeFile(join(folder, "b"), "");
  await new Promise((done) => setTimeout(done, 20));
  assert.equal(looks(), 1);
  release?.();
  await noticed();
  release?.();
});
