/** The whole bot on a file system that the test fills, and what is to be seen of it from outside. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdir, readFile, readdir, rename, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { promisify } from "node:util";
import { Stage } from "../../../src/cli/demo/stage.ts";
import { postedIn, waitForPost } from "../../support/bot.ts";
import { eventually } from "../../support/eventually.ts";
import { mountSmallDisk } from "../../support/small-disk.ts";

export const run = promisify(execFile);
const LEVEL_CHANGED = "the disk's level has changed";

/** A stage whose data directory is a file system of its own; `unmount` is called when the bot has ended. */
export async function openStage(t: TestContext, unmount: (stage: Stage) => Promise<void>) {
  const held = new Map<string, Promise<void>>();
  const stage = await Stage.open({
    script: async ({ userText }) => {
      const said = /\]: (.*)$/.exec(userText)?.[1] ?? "";
      await held.get(said);
      return { text: `re: ${said}` };
    },
  });
  t.after(async () => {
    const hasFailed = (t as { passed?: boolean }).passed === false;
    await stage.endBot("SIGKILL");
    if (hasFailed) t.diagnostic(stage.output.split("\n").slice(-40).join("\n"));
    await unmount(stage);
    await stage.close();
  });
  const user = stage.telegram.addUser({ firstName: "Tester" });
  return {
    stage,
    held,
    user,
    topics: [stage.telegram.createTopic("North"), stage.telegram.createTopic("South")] as const,
    answers: (topic: number) => postedIn(stage, topic).filter((text) => text.startsWith("re: ")),
    notices: () => postedIn(stage, 1).filter((text) => /^(⚠️ The disk|✅ There is room)/.test(text)),
    names: async (folder: string) =>
      (await readdir(join(stage.dir, "queue", folder))).filter((name) => name.endsWith(".json")),
    status: async () =>
      JSON.parse(await readFile(join(stage.dir, "status", "supervisor.json"), "utf8")) as {
        readonly disk: { readonly level: string };
        readonly workers: readonly { readonly name: string; readonly restarts: number }[];
      },
    /** The levels that each thread's log tells of, one after the other. A line of it that is torn is an error. */
    levels: async (): Promise<string[][]> =>
      Promise.all(
        ["supervisor", "queue", "telegram"].map(async (source) => {
          const text = await readFile(join(stage.dir, "logs", `${source}.log`), "utf8");
          const lines = text.split("\n").slice(0, -1);
          const told = lines.map((line) => JSON.parse(line) as { readonly msg: string; readonly to?: string });
          return told.flatMap(({ msg, to }) => (msg === LEVEL_CHANGED && to !== undefined ? [to] : []));
        }),
      ),
  };
}

type Scene = Awaited<ReturnType<typeof openStage>>;

export async function onSmallDisk(t: TestContext, inodes?: number) {
  let unmount: () => Promise<void> = () => Promise.resolve();
  const scene = await openStage(t, () => unmount());
  const disk = await mountSmallDisk({ at: scene.stage.dir, ...(inodes === undefined ? {} : { inodes }) });
  unmount = () => disk.remove();
  await scene.stage.startBot();
  await ballastIs(scene, (size) => size > 0);
  return { ...scene, disk };
}

export function ballastIs({ stage }: Pick<Scene, "stage">, wanted: (size: number) => boolean): Promise<true> {
  return eventually("the ballast", async () =>
    wanted((await stat(join(stage.dir, "status", "ballast"))).size) ? true : undefined,
  );
}

/** Every thread has found the disk full, or not full. */
export function allAre(scene: Scene, isFull: boolean): Promise<true> {
  return eventually(`threads that find the disk ${isFull ? "full" : "roomy"}`, async () =>
    (await scene.levels()).every((levels) => (levels.at(-1) === "hard") === isFull) ? true : undefined,
  );
}

export function told(scene: Scene, many: number): Promise<true> {
  return eventually(`notice ${many}`, () => (scene.notices().length >= many ? true : undefined));
}

/** What is written while the disk is full stays with Telegram and is begun by nobody. */
export async function writeMeanwhile(scene: Scene, texts: readonly string[]): Promise<void> {
  const { stage, topics, user, names, answers } = scene;
  const before = topics.map((topic) => answers(topic).length);
  for (const text of texts) for (const topic of topics) stage.telegram.sendText(topic, user, `${text} in ${topic}`);
  const dropped = join(stage.dir, "queue", "tmp", "dropped");
  await writeFile(dropped, JSON.stringify({ message: `dropped ${texts[0]}`, messageId: `d-${texts[0]}`, threadId: 1 }));
  await rename(dropped, join(stage.dir, "queue", "incoming", "dropped.json"));
  // Longer than a turn takes, and than the queue's own look through its folder.
  await pause(7_000);
  assert.equal(stage.telegram.pendingUpdates, texts.length * topics.length);
  assert.equal((await names("incoming")).length, 1);
  assert.deepEqual([await names("processing"), topics.map((topic) => answers(topic).length)], [[], before]);
}

export async function allAnswered(scene: Scene, texts: readonly string[]): Promise<void> {
  const { stage, topics, answers } = scene;
  const last = texts.at(-1) ?? "";
  for (const topic of topics) await waitForPost(stage, topic, new RegExp(`^re: ${last} in ${topic}$`));
  for (const topic of topics)
    assert.deepEqual(
      answers(topic),
      texts.map((text) => `re: ${text} in ${topic}`),
    );
  await eventually("updates that are confirmed", () => (stage.telegram.pendingUpdates === 0 ? true : undefined));
}
/** A file with an ext4 in it, which takes no more space than is written to it. */
export async function makeImage({ root, dir }: Stage, size: string): Promise<string> {
  const image = join(root, "image");
  await run("truncate", ["-s", size, image]);
  await run("mkfs.ext4", ["-q", "-m", "0", image]);
  await mkdir(dir);
  return image;
}

export async function mountImage(image: string, { dir }: Stage): Promise<void> {
  await run("mount", ["-o", "loop", image, dir]);
}

export async function unmount(dir: string): Promise<unknown> {
  return eventually("the unmount", async () => {
    await run("umount", [dir]);
    return true;
  });
}

export function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
