/**
 * A queue under load on an ext4 whose power is cut: not even the journal is written from then on. After the mount that
 * follows, all that was acknowledged before the cut is there once. Cuts: 20, with FAULTS=full 200.
 */
import assert from "node:assert/strict";
import { randomInt } from "node:crypto";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { after, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { eventually } from "../support/eventually.ts";
import { tempDir } from "../support/temp-dir.ts";
import { count } from "./support/counts.ts";
import { makeExt4, noPowerCut } from "./support/queue-ext4.ts";
import { checkAfterCut, toldBefore } from "./support/queue-power.ts";
import { startRunner } from "./support/queue-trace.ts";

const skip = noPowerCut;
const CUTS = count(20, 200);
const timeout = 30_000 + CUTS * 15_000;
const MOUNTS = ["defaults", "commit=1", "noauto_da_alloc"] as const;
/** Longest life of a queue, ms. */
const LIFE_MS = 900;

const counted: string[] = [];
after(() => process.stdout.write(counted.map((line) => `# ${line}\n`).join("")));

test(`after ${CUTS} power failures everything acknowledged is there once`, { skip, timeout }, async (t) => {
  let disk: Awaited<ReturnType<typeof makeExt4>> | undefined;
  // Before its folder is removed.
  t.after(() => disk?.remove());
  disk = await makeExt4(await tempDir(t));
  const sum = { published: 0, answered: 0, finished: 0 };
  for (let cut = 0; cut < CUTS; cut += 1) {
    const options = MOUNTS[cut % MOUNTS.length] ?? "defaults";
    disk.mount(options);
    const root = join(disk.path, "queue");
    const runner = startRunner("load", root);
    t.after(() => runner.child.kill("SIGKILL"));
    await eventually("a queue at work", () => (runner.text().includes("published") ? true : undefined));
    await pause(randomInt(LIFE_MS));
    const cutAt = disk.cutPower();
    runner.child.kill("SIGKILL");
    const told = toldBefore((await runner.ended).told, cutAt);
    await disk.unmount();
    disk.mount(options);
    const had = await checkAfterCut(root, told).catch((error: unknown) => {
      throw new Error(`cut ${cut + 1} of an ext4 with ${options}`, { cause: error });
    });
    sum.published += had.published;
    sum.answered += had.answered;
    sum.finished += had.finished;
    await rm(root, { recursive: true });
    await disk.unmount();
  }
  assert.ok(sum.published > CUTS && sum.answered > 0 && sum.finished > 0, JSON.stringify(sum));
  counted.push(
    `power failures: ${CUTS} (${MOUNTS.join(", ")} in turns); acknowledged before them: ${sum.published} messages, ` +
      `${sum.answered} answers, ${sum.finished} ends; lost none, repeated none`,
  );
});
