import assert from "node:assert/strict";
import { mkdir, readdir, rm, symlink, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test, type TestContext } from "node:test";
import { readBallast } from "../../src/core/ballast.ts";
import { systemClock } from "../../src/core/clock.ts";
import type { DiskLevel } from "../../src/core/disk.ts";
import type { OutgoingMessage } from "../../src/core/queue/message.ts";
import { DiskKeeper } from "../../src/supervisor/disk-keeper.ts";
import { pruneLogs } from "../../src/supervisor/prune-logs.ts";
import { eventually } from "../support/eventually.ts";
import { memoryLog } from "../support/memory-log.ts";
import { noSmallDisk, smallDisk, type SmallDisk } from "../support/small-disk.ts";
import { tempDir } from "../support/temp-dir.ts";

const MIB = 1024 * 1024;
const skip = noSmallDisk;

/** Looks twenty times a second. */
const clock = { ...systemClock, after: (ms: number, task: () => void) => systemClock.after(ms / 100, task) };

interface Saying {
  readonly key: string;
  readonly message: OutgoingMessage;
  readonly ballast: string;
}

async function keep(t: TestContext, disk: SmallDisk, said: Saying[] = [], publish?: () => Promise<void>) {
  await mkdir(join(disk.path, "status"), { recursive: true });
  await mkdir(join(disk.path, "logs"), { recursive: true });
  const { log, lines } = memoryLog();
  const keeper = new DiskKeeper({
    dir: disk.path,
    outgoing: {
      async publish(message, key = "") {
        await publish?.();
        said.push({ key, message, ballast: (await readBallast(disk.path)).state });
      },
    },
    clock,
    log,
    onChange: () => undefined,
  });
  t.after(() => keeper.stop());
  keeper.start();
  const until = (level: DiskLevel, ballast: string): Promise<true> =>
    eventually(`${level} with the ballast ${ballast}`, async () =>
      keeper.level === level && (await readBallast(disk.path)).state === ballast ? true : undefined,
    );
  return { keeper, lines, said, until };
}

test(
  "a full disk costs the ballast and is told once; with room again that is told, and the ballast is back",
  { skip },
  async (t) => {
    const disk = await smallDisk(t);
    const { said, until } = await keep(t, disk);
    await until("ok", "whole");
    await disk.fill(2 * MIB);
    await until("hard", "spent");
    await eventually("the notice", () => (said.length > 0 ? true : undefined));
    // Several looks long nothing more is said, and the space won is not taken for the end of it.
    await new Promise((resolve) => setTimeout(resolve, 500));
    assert.equal(said.length, 1);
    await disk.clear();
    await until("ok", "whole");
    const [short, roomy, ...more] = said;
    assert.deepEqual(more, []);
    assert.match(short?.message.message ?? "", /^⚠️ The disk is nearly full: \d MiB and room for \d+ files are left/);
    assert.match(roomy?.message.message ?? "", /^✅ There is room on the disk again/);
    assert.deepEqual([short?.message.threadId, short?.message.kind, roomy?.message.threadId], [1, "notice", 1]);
    assert.deepEqual([short?.ballast, roomy?.ballast], ["spent", "spent"]);
    assert.equal(short?.key.replace("full", "free"), roomy?.key);
  },
);

test("a bot that starts while the disk is full says it under the key it has said it with", { skip }, async (t) => {
  const disk = await smallDisk(t);
  const first = await keep(t, disk);
  await first.until("ok", "whole");
  await disk.fill(2 * MIB);
  await eventually("the notice", () => (first.said.length > 0 ? true : undefined));
  await first.keeper.stop();
  const second = await keep(t, disk);
  await eventually("the notice again", () => (second.said.length > 0 ? true : undefined));
  assert.equal(second.said[0]?.key, first.said[0]?.key);
  await disk.clear();
  await second.until("ok", "whole");
  await disk.fill(2 * MIB);
  await eventually("a notice of its own", () => (second.said.length > 2 ? true : undefined));
  assert.notEqual(second.said[2]?.key, first.said[0]?.key);
});

test(
  "a disk that is full again before the ballast is back is told anew, after a kill too, and then its end is",
  { skip },
  async (t) => {
    const disk = await smallDisk(t);
    const first = await keep(t, disk);
    const { said } = first;
    await first.until("ok", "whole");
    const saidOf = (wanted: number): Promise<true> =>
      eventually(`${wanted} notices`, () => (said.length >= wanted ? true : undefined));
    await disk.fill(2 * MIB);
    await saidOf(1);
    // The ballast cannot be taken back: its place is taken.
    const inTheWay = join(disk.path, "status", "ballast.tmp");
    await mkdir(join(inTheWay, "folder"), { recursive: true });
    await disk.clear();
    await saidOf(2);
    await disk.fill(2 * MIB);
    await saidOf(3);
    await disk.clear();
    await saidOf(4);
    await first.keeper.stop();
    await disk.fill(2 * MIB);
    const second = await keep(t, disk, said);
    await saidOf(5);
    await second.keeper.stop();
    // What a start says again, it says under the key that the chat knows.
    await keep(t, disk, said);
    await saidOf(6);
    await rm(inTheWay, { recursive: true });
    await disk.clear();
    await second.until("hard", "whole");
    await saidOf(7);
    const seen = [...new Set(said.map(({ key }) => key))].map((key) => key.replace(/\d+$/, ""));
    assert.deepEqual(seen, ["disk-full-", "disk-free-", "disk-full-", "disk-free-", "disk-full-", "disk-free-"]);
    assert.equal(said[4]?.key, said[5]?.key);
    assert.equal(said[4]?.key.replace("full", "free"), said[6]?.key);
  },
);

test("a notice that cannot be stored is tried again", { skip }, async (t) => {
  const disk = await smallDisk(t);
  let failures = 3;
  const publish = (): Promise<void> => {
    failures -= 1;
    return failures >= 0 ? Promise.reject(new Error("no room")) : Promise.resolve();
  };
  const { said, until } = await keep(t, disk, [], publish);
  await until("ok", "whole");
  await disk.fill(2 * MIB);
  await eventually("the notice", () => (said.length > 0 ? true : undefined));
});

test(
  "without room for it at the first start, a ballast is not made, and the moment is kept all the same",
  { skip },
  async (t) => {
    const disk = await smallDisk(t);
    await disk.fill(2 * MIB);
    const { said, until } = await keep(t, disk);
    await until("hard", "spent");
    await eventually("the notice", () => (said.length > 0 ? true : undefined));
  },
);

test(
  "a read-only file system ends nothing and says nothing, and is well when it is writable again",
  { skip },
  async (t) => {
    const disk = await smallDisk(t);
    const { said, keeper, until } = await keep(t, disk);
    await until("ok", "whole");
    await disk.readOnly(true);
    await eventually("the level", () => (keeper.level === "hard" ? true : undefined));
    await disk.readOnly(false);
    await until("ok", "whole");
    assert.deepEqual(said, []);
  },
);

test("rolled logs go when the disk is short, but for the two newest of each source", { skip }, async (t) => {
  const disk = await smallDisk(t);
  const { until } = await keep(t, disk);
  await until("ok", "whole");
  const folder = join(disk.path, "logs", "queue");
  await mkdir(folder);
  for (const n of [1, 2, 3, 4]) {
    await writeFile(join(folder, `queue.2026-01-0${n}.1`), "line");
    // By a clock that was set back, the newest seem to be the oldest.
    await utimes(join(folder, `queue.2026-01-0${n}.1`), 10 - n, 10 - n);
  }
  await disk.fill(6 * MIB);
  await until("soft", "whole");
  const left = await eventually("the deletion", async () => {
    const names = await readdir(folder);
    return names.length === 2 ? names : undefined;
  });
  assert.deepEqual(left.toSorted(), ["queue.2026-01-03.1", "queue.2026-01-04.1"]);
});

test("the file being written is not deleted, though by the clock's day it is the oldest", async (t) => {
  const dir = await tempDir(t);
  const folder = join(dir, "queue");
  await mkdir(folder);
  for (const day of ["01", "02", "03", "04"]) await writeFile(join(folder, `queue.2026-01-${day}.1.log`), "");
  await symlink("queue/queue.2026-01-01.1.log", join(dir, "queue.log"));
  await pruneLogs(dir);
  assert.deepEqual((await readdir(folder)).toSorted(), ["queue.2026-01-01.1.log", "queue.2026-01-04.1.log"]);
});

test("what is no log of its source is not deleted", async (t) => {
  const dir = await tempDir(t);
  const folder = join(dir, "queue");
  await mkdir(join(folder, "queue.folder"), { recursive: true });
  await writeFile(join(dir, "prompts.jsonl"), "");
  for (const name of ["notes.1", "notes.2", "notes.3", "queue.1", "queue.2"]) await writeFile(join(folder, name), "");
  assert.deepEqual(await pruneLogs(dir), []);
  await rm(folder, { recursive: true });
  assert.deepEqual(await pruneLogs(dir), []);
});
