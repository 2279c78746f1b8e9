/** What an operator does to the data and to the images, on a machine without Node: each command runs in a container. */
import assert from "node:assert/strict";
import { appendFile, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { postedIn, waitForPost } from "../support/bot.ts";
import { docker, noEngine } from "./support/docker.ts";
import type { Outcome } from "./support/docker.ts";
import { SERVICES, Stack } from "./support/stack.ts";

describe("the upkeep of a stack", { skip: noEngine, concurrency: 1 }, () => {
  let stack: Stack;
  let folder: string;
  let archive: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "tinyclaw-upkeep-"));
    archive = join(folder, "backup.tar.gz");
    // A tag of its own, which an upgrade gives to other images.
    stack = await Stack.open("upkeep");
    await stack.up();
  });
  after(async () => {
    await stack.close();
    const made = SERVICES.flatMap((name) => ["", "-next", "-previous"].map((end) => `${stack.image(name)}${end}`));
    await docker("image", "rm", ...made).catch(() => undefined);
    await rm(folder, { recursive: true, force: true });
  });

  const ask = async (topic: number, text: string): Promise<void> => {
    stack.telegram.sendText(topic, stack.agent.userOf(stack.telegram), text);
    await waitForPost(stack, topic, new RegExp(`^heard ${text}$`));
  };
  const well = async (...words: string[]): Promise<Outcome> => {
    const outcome = await stack.tinyclaw(...words);
    assert.equal(outcome.status, 0, outcome.stderr);
    return outcome;
  };
  const imageOf = (name: string): Promise<string> => docker("image", "inspect", "--format", "{{.Id}}", name);
  const sessionOf = async (topic: number): Promise<unknown> =>
    (JSON.parse(await stack.readData("threads.json")) as Record<string, Record<string, unknown>>)[topic]?.["sessionId"];

  test("settings and queue are those of the running stack", async () => {
    await well("settings", "set", "timezone", "Europe/Vienna");
    assert.equal((await well("settings", "get", "timezone")).stdout.trim(), "Europe/Vienna");
    assert.equal((JSON.parse(await stack.readData("settings.json")) as { timezone: string }).timezone, "Europe/Vienna");
    await well("queue", "list");
  });

  test("a backup of the running stack, restored on a machine without its volumes, brings threads and sessions back", async () => {
    const topic = stack.telegram.createTopic("Archive");
    await ask(topic, "one");
    const session = await sessionOf(topic);
    await well("backup", archive);
    assert.equal((await stat(archive)).mode & 0o777, 0o600);
    assert.equal((await stack.tinyclaw("restore", archive)).status, 1, "the stack runs");
    await stack.compose("down", "--volumes");
    await well("restore", archive);
    await stack.up();
    assert.match(await stack.readData("message-history.jsonl"), /heard one/);
    await ask(topic, "two");
    assert.equal(await sessionOf(topic), session);
    assert.equal(postedIn(stack, topic).filter((text) => text === "heard one").length, 1);
  });

  test("a damaged backup is refused, and nothing is changed", async () => {
    await well("stop");
    const bytes = await readFile(archive);
    const damaged = join(folder, "damaged.tar.gz");
    await writeFile(damaged, bytes.subarray(0, bytes.length - 1000));
    const { status, stderr } = await stack.tinyclaw("restore", damaged);
    assert.equal(status, 1, stderr);
    await stack.up();
    assert.match(await stack.readData("message-history.jsonl"), /heard two/);
  });

  test("init, from inside the image and without a terminal, keeps what is there", async () => {
    const before = await readFile(join(stack.checkout, ".env"), "utf8");
    await well("init");
    assert.equal(await readFile(join(stack.checkout, ".env"), "utf8"), before);
  });

  test("doctor finds the stack from inside the image", async () => {
    const { stdout, stderr } = await stack.tinyclaw("doctor");
    for (const service of SERVICES) assert.match(stdout, new RegExp(`✓ Container ${service}: healthy`), stderr);
  });

  test("upgrade replaces the containers by those of new images, and keeps the old images and a backup", async () => {
    const before = await imageOf(stack.image("dashboard"));
    await appendFile(join(stack.checkout, "Dockerfile"), '\nLABEL upgraded="1"\n');
    // The bot's is the last stage, and so the one that the label goes to.
    const { stderr } = await well("upgrade");
    assert.match(stderr, /the new images run, and all is healthy\n$/);
    assert.equal(await imageOf(`${stack.image("dashboard")}-previous`), before);
    assert.equal(await stack.inspect("bot", '{{index .Config.Labels "upgraded"}}'), "1");
    assert.equal(await stack.inspect("bot", "{{.Image}}"), await imageOf(stack.image("bot")));
  });

  test("an upgrade to images that are not healthy goes back, says so, and the stack answers", async () => {
    const good = await imageOf(stack.image("broker"));
    await appendFile(join(stack.checkout, "Dockerfile.broker"), '\nCMD ["false"]\n');
    const { status, stderr } = await stack.tinyclaw("upgrade");
    assert.equal(status, 1);
    assert.match(stderr, /the upgrade failed and the images from before run again; .* the data as it was in backups\//);
    assert.equal(await imageOf(stack.image("broker")), good);
    await stack.healthy();
    const topic = stack.telegram.createTopic("Afterwards");
    await ask(topic, "still there");
  });
});
