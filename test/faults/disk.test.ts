/**
 * The whole bot on a file system that is filled to the brim and emptied again: what is written meanwhile stays with Telegram,
 * the general topic is told once of each end, nothing is lost, nothing is answered twice. Rounds of filling: 2, with
 * FAULTS=full 12.
 */
import assert from "node:assert/strict";
import { appendFile, rm, statfs, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { spendBallast } from "../../src/core/ballast.ts";
import { waitForPost } from "../support/bot.ts";
import { eventually } from "../support/eventually.ts";
import { noSmallDisk } from "../support/small-disk.ts";
import { count } from "./support/counts.ts";
import {
  allAnswered,
  allAre,
  ballastIs,
  isAlive,
  makeImage,
  mountImage,
  onSmallDisk,
  openStage,
  run,
  told,
  unmount,
  writeMeanwhile,
} from "./support/disk-scene.ts";

const timeout = 600_000;
const skip = noSmallDisk;
const MIB = 1024 * 1024;
const ROUNDS = count(2, 12);

const counted: string[] = [];
after(() => process.stdout.write(counted.map((line) => `# ${line}\n`).join("")));

test(
  "filled and emptied, again and again: told once each, all answered once and in order",
  { skip, timeout },
  async (t) => {
    const scene = await onSmallDisk(t);
    const { stage, disk, status, notices, answers } = scene;
    const texts: string[] = [];
    for (let round = 1; round <= ROUNDS; round += 1) {
      // At once to the brim: a disk that agents fill does not wait for the next look.
      await disk.fill(round % 2 === 1 ? 0 : 2 * MIB);
      await ballastIs(scene, (size) => size === 0);
      await allAre(scene, true);
      await told(scene, 2 * round - 1);
      await eventually("the level", async () => ((await status()).disk.level === "hard" ? true : undefined));
      const fresh = [`first ${round}`, `second ${round}`, `third ${round}`];
      texts.push(...fresh);
      await writeMeanwhile(scene, fresh);
      await disk.clear();
      await allAre(scene, false);
      await allAnswered(scene, texts);
      await waitForPost(stage, 1, new RegExp(`^re: dropped first ${round}$`));
      await told(scene, 2 * round);
      await ballastIs(scene, (size) => size > 0);
    }
    const wanted = Array.from({ length: ROUNDS }, () => ["⚠️", "✅"]).flat();
    assert.deepEqual(
      notices().map((text) => text.slice(0, 2).trim()),
      wanted.map((sign) => sign.slice(0, 2)),
    );
    assert.equal(answers(1).length, ROUNDS);
    await eventually("the level", async () => ((await status()).disk.level === "ok" ? true : undefined));
    for (const levels of await scene.levels()) assert.equal(levels.filter((level) => level === "hard").length, ROUNDS);
    assert.deepEqual(
      (await status()).workers.map(({ restarts }) => restarts),
      [0, 0],
    );
    counted.push(
      `filled and emptied: ${ROUNDS} rounds, ${texts.length * 2} messages held by Telegram and answered once`,
    );
  },
);

test("a turn that is under way is answered while the disk is full to the brim", { skip, timeout }, async (t) => {
  const scene = await onSmallDisk(t);
  const { stage, disk, held, user, topics, names } = scene;
  let answer = (): void => undefined;
  held.set("long work", new Promise<void>((resolve) => (answer = resolve)));
  stage.telegram.sendText(topics[0], user, "long work");
  await eventually("the turn", async () => ((await names("processing")).length === 1 ? true : undefined));
  await disk.fill(0);
  await allAre(scene, true);
  answer();
  await waitForPost(stage, topics[0], /^re: long work$/);
  await eventually("the level", async () => ((await scene.status()).disk.level === "hard" ? true : undefined));
  await eventually("its end", async () => ((await names("processing")).length === 0 ? true : undefined));
  await disk.clear();
  await allAre(scene, false);
  assert.deepEqual(scene.answers(topics[0]), ["re: long work"]);
});

test("started while the disk is full to the brim it comes up, waits, and answers all", { skip, timeout }, async (t) => {
  const scene = await onSmallDisk(t);
  const { stage, disk, user, topics } = scene;
  stage.telegram.sendText(topics[0], user, "before");
  await waitForPost(stage, topics[0], /^re: before$/);
  await stage.endBot("SIGKILL");
  const queue = join(stage.dir, "queue");
  // So that the start finds them worth a shorter text, for which there is no room.
  const done = Array.from(
    { length: 1_500 },
    () => `${JSON.stringify({ timestamp: Date.now(), key: "k", event: "done" })}\n`,
  );
  await appendFile(join(queue, "ledger.jsonl"), done.join(""));
  await appendFile(join(queue, "deliveries.jsonl"), done.join("").replaceAll('"key"', '"chunk":"all","key"'));
  await disk.fill(0);
  await spendBallast(stage.dir);
  await disk.fill(0);
  for (const text of ["one", "two"]) stage.telegram.sendText(topics[0], user, text);
  let isUp = false;
  const starting = stage.startBot().then(() => (isUp = true));
  await pause(10_000);
  // It cannot say so yet: its status is a file as well.
  assert.deepEqual([isUp, stage.telegram.pendingUpdates, scene.answers(topics[0])], [false, 2, ["re: before"]]);
  await disk.clear();
  await starting;
  await waitForPost(stage, topics[0], /^re: two$/);
  assert.deepEqual(scene.answers(topics[0]), ["re: before", "re: one", "re: two"]);
  assert.deepEqual(
    (await scene.status()).workers.map(({ restarts }) => restarts),
    [0, 0],
  );
});

test("without inodes the same holds", { skip, timeout }, async (t) => {
  const scene = await onSmallDisk(t, 2_000);
  const { disk, notices } = scene;
  await disk.fillInodes(15);
  await allAre(scene, true);
  await told(scene, 1);
  await writeMeanwhile(scene, ["one", "two"]);
  await disk.clear();
  await allAre(scene, false);
  await allAnswered(scene, ["one", "two"]);
  await told(scene, 2);
  assert.equal(notices().length, 2);
});

test(
  "killed while the disk is full, the bot says it once all the same, and answers all",
  { skip, timeout },
  async (t) => {
    const scene = await onSmallDisk(t);
    const { stage, disk, notices } = scene;
    await disk.fill(2 * MIB);
    await allAre(scene, true);
    await told(scene, 1);
    await writeMeanwhile(scene, ["one", "two"]);
    await stage.endBot("SIGKILL");
    // Between the floor and its double: full only for who knows that it was.
    await disk.clear();
    await disk.fill(5 * MIB);
    await stage.startBot();
    await pause(7_000);
    assert.deepEqual([stage.telegram.pendingUpdates, notices().length], [4, 1]);
    await disk.clear();
    await allAnswered(scene, ["one", "two"]);
    await told(scene, 2);
    assert.equal(notices().length, 2);
  },
);

test(
  "on a large file system it is full under 64 MiB, and roomy again from 128 MiB on",
  { skip, timeout },
  async (t) => {
    const scene = await openStage(t, async (stage) => void (await unmount(stage.dir)));
    const { stage } = scene;
    await mountImage(await makeImage(stage, "2G"), stage);
    await stage.startBot();
    await ballastIs(scene, (size) => size === 8 * MIB);
    const fill = async (name: string, leaveMib: number): Promise<void> => {
      const { bavail, bsize } = await statfs(stage.dir);
      await run("fallocate", ["-l", String(bavail * bsize - leaveMib * MIB), join(stage.dir, name)]);
    };
    await fill("filler", 100);
    await fill("more", 40);
    await allAre(scene, true);
    await told(scene, 1);
    // With the ballast's 8 MiB some 108 are free: over the floor, and not over its double.
    await rm(join(stage.dir, "more"));
    await writeMeanwhile(scene, ["one"]);
    await rm(join(stage.dir, "filler"));
    await allAnswered(scene, ["one"]);
    await told(scene, 2);
    assert.equal(scene.notices().length, 2);
    await ballastIs(scene, (size) => size === 8 * MIB);
  },
);

test(
  "made read-only under the bot, it stays up and does not loop; on a sound disk all is answered",
  { skip, timeout },
  async (t) => {
    const scene = await openStage(t, (stage) => unmount(stage.dir).then(() => undefined));
    const { stage, user, topics } = scene;
    const image = await makeImage(stage, "256M");
    await mountImage(image, stage);
    await stage.startBot();
    stage.telegram.sendText(topics[0], user, "before");
    await waitForPost(stage, topics[0], /^re: before$/);
    // A sync that is under way would end its worker once more.
    for (const folder of ["processing", "outgoing"]) {
      await eventually(`an empty ${folder}`, async () => ((await scene.names(folder)).length === 0 ? true : undefined));
    }
    await pause(500);
    // As the kernel does it after a fault of the disk.
    await run("mount", ["-o", "remount,abort", stage.dir]).catch(() => undefined);
    await assert.rejects(writeFile(join(stage.dir, "probe"), ""), /EROFS|EIO/);
    for (const text of ["one", "two"]) stage.telegram.sendText(topics[0], user, text);
    await pause(20_000);
    const deaths = stage.output.split("a worker ended unasked").length - 1;
    assert.ok(stage.botPid !== undefined && isAlive(stage.botPid), "the bot has ended");
    assert.ok(deaths <= 2, `${deaths} workers ended`);
    assert.deepEqual([stage.telegram.pendingUpdates, scene.answers(topics[0])], [2, ["re: before"]]);
    await stage.endBot("SIGKILL");
    await unmount(stage.dir);
    await run("e2fsck", ["-fy", image]).catch(() => undefined);
    await mountImage(image, stage);
    await stage.startBot();
    await waitForPost(stage, topics[0], /^re: two$/);
    assert.deepEqual(scene.answers(topics[0]), ["re: before", "re: one", "re: two"]);
    counted.push(`read-only: ${deaths} deaths of workers in 20 s`);
  },
);
