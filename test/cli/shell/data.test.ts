import assert from "node:assert/strict";
import { access, mkdir, readFile, readdir, stat, writeFile } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import { openScene } from "./scene.ts";

const VOLUMES = "tinyclaw_tinyclaw-data tinyclaw_agent-home";
const ON_VOLUMES = "docker run --rm --init --interactive --network none --user 0:0";
const PROGRAM = "tinyclaw-bot:latest node /app/dist/src/cli/main.js";

test("a backup is read from both volumes and lies whole under its name, for its owner alone", async (t) => {
  const scene = await openScene(t);
  const { status, stderr } = await scene.run(["backup", "a b.tar.gz"], { env: { VOLUMES } });
  assert.equal(status, 0, stderr);
  const file = path.join(scene.root, "a b.tar.gz");
  assert.equal(await readFile(file, "utf8"), "archive\n");
  assert.equal((await stat(file)).mode & 0o777, 0o600);
  assert.deepEqual(await scene.changes(), [
    `${ON_VOLUMES} --volume tinyclaw_tinyclaw-data:/app/.tinyclaw:ro --volume tinyclaw_agent-home:/home/agent:ro ` +
      `${PROGRAM} backup --data /app/.tinyclaw --home /home/agent`,
  ]);
});

test("a backup to standard output is the archive and nothing else", async (t) => {
  const scene = await openScene(t);
  assert.deepEqual(await scene.run(["backup", "-"], { env: { VOLUMES } }), {
    status: 0,
    stdout: "archive\n",
    stderr: "",
  });
});

test("a backup that fails leaves no file", async (t) => {
  const scene = await openScene(t);
  const { status, stderr } = await scene.run(["backup", "b"], { env: { VOLUMES, FAILING: " backup " } });
  assert.equal(status, 1);
  assert.match(stderr, /^tinyclaw: the backup failed, and .*\/b was not written; .*\n$/);
  assert.deepEqual(
    (await readdir(scene.root)).filter((name) => name.startsWith("b.") || name === "b"),
    [],
  );
});

test("a backup takes no file's place, and needs a directory and data", async (t) => {
  const scene = await openScene(t);
  await writeFile(path.join(scene.root, "b"), "mine");
  const say = async (file: string, env = { VOLUMES }) => (await scene.run(["backup", file], { env })).stderr;
  assert.match(await say("b"), /\/b is there already: give another name/);
  assert.equal(await readFile(path.join(scene.root, "b"), "utf8"), "mine");
  assert.match(await say("nowhere/b"), /no directory .*nowhere to put the backup in/);
  assert.match(await say("c", { VOLUMES: "" }), /nothing to back up: no volume tinyclaw_tinyclaw-data/);
  assert.deepEqual(await scene.changes(), []);
});

test("a restore gives the file to both volumes of a stopped stack", async (t) => {
  const scene = await openScene(t);
  await writeFile(path.join(scene.root, "b"), "the archive");
  const running = await scene.run(["restore", "b"], { env: { VOLUMES, RUNNING: "dashboard" } });
  assert.match(running.stderr, /the stack is running: '\.\/tinyclaw\.sh stop'/);
  assert.match((await scene.run(["restore", "c"], { env: { VOLUMES } })).stderr, /\/c is no file that can be read/);
  assert.deepEqual(await scene.changes(), []);
  const { status, stderr } = await scene.run(["restore", "b"], { env: { VOLUMES } });
  assert.equal(status, 0, stderr);
  assert.equal(await readFile(path.join(scene.root, "restored"), "utf8"), "the archive");
  assert.deepEqual(await scene.changes(), [
    `${ON_VOLUMES} --volume tinyclaw_tinyclaw-data:/app/.tinyclaw --volume tinyclaw_agent-home:/home/agent ` +
      `${PROGRAM} restore --data /app/.tinyclaw --home /home/agent`,
  ]);
});

test("a restore on a fresh machine has compose make the volumes first", async (t) => {
  const scene = await openScene(t);
  await scene.run(["restore", "-"], { input: "piped" });
  const [made, restored] = await scene.changes();
  assert.match(made ?? "", / up --no-start$/);
  assert.match(restored ?? "", / restore --data /);
  assert.equal(await readFile(path.join(scene.root, "restored"), "utf8"), "piped");
});

test("an older directory that init has marked goes into the volume once, and is kept beside", async (t) => {
  const scene = await openScene(t);
  await scene.program("node", "exit 1");
  await mkdir(path.join(scene.home, ".tinyclaw"));
  await scene.run(["init"], { env: { VOLUMES } });
  await access(path.join(scene.home, ".tinyclaw"));
  await scene.file(".tinyclaw/takeover", "");
  const early = await scene.run(["start"], { env: { VOLUMES, RUNNING: "bot" } });
  assert.match(early.stderr, /\.tinyclaw\/ waits to be taken over, and the bot is running/);
  const failed = await scene.run(["init"], { env: { VOLUMES, FAILING: " restore " } });
  assert.equal(failed.status, 1);
  assert.match(failed.stderr, /taking \.tinyclaw\/ over failed, and it is as it was/);
  await access(path.join(scene.home, ".tinyclaw", "takeover"));
  // What init left to be mended keeps nothing from moving.
  const { status, stderr } = await scene.run(["init"], { env: { VOLUMES, FAILING: "main.js init" } });
  assert.equal(status, 1, stderr);
  assert.equal((await readdir(scene.home)).filter((name) => name.startsWith(".tinyclaw")).length, 1);
  assert.match((await readdir(scene.home)).join(" "), /\.tinyclaw\.taken-over-\d{8}-\d{6}/);
  const copies = (await scene.changes()).slice(-2).toSorted();
  assert.deepEqual(copies, [
    `${ON_VOLUMES} --volume ${scene.home}/.tinyclaw:/old:ro ${PROGRAM} backup --data /old`,
    `${ON_VOLUMES} --volume tinyclaw_tinyclaw-data:/app/.tinyclaw ${PROGRAM} restore --data /app/.tinyclaw`,
  ]);
});
