import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import { openScene } from "./scene.ts";

const SERVICES = ["broker", "bot", "dashboard"];
const env = { VOLUMES: "tinyclaw_tinyclaw-data tinyclaw_agent-home", RUNNING: SERVICES.join(" ") };
const names = (from: string, to: string) =>
  SERVICES.map((name) => `docker image tag tinyclaw-${name}:${from} tinyclaw-${name}:${to}`);
const forgets = (tag: string) => SERVICES.map((name) => `docker image rm -- tinyclaw-${name}:${tag}`);

/** The calls without what differs from run to run. */
const short = (calls: string[]) =>
  calls.map((call) =>
    call
      .replace(/^docker compose .*--project-name tinyclaw/, "compose")
      .replace(/^docker run .*main\.js (\w+).*/, "$1"),
  );

test("upgrade builds, backs up, checks the backup, renames the images and replaces the containers", async (t) => {
  const scene = await openScene(t);
  const { status, stderr } = await scene.run(["upgrade"], { env });
  assert.equal(status, 0, stderr);
  assert.match(stderr, /the new images run, and all is healthy\n$/);
  assert.deepEqual(short(await scene.changes()), [
    "compose build",
    "backup",
    "restore",
    ...forgets("latest-previous"),
    ...names("latest", "latest-previous"),
    ...names("latest-next", "latest"),
    "compose up -d --no-build",
    ...forgets("latest-next"),
  ]);
  assert.match((await readdir(path.join(scene.home, "backups"))).join(" "), /^tinyclaw-\d{8}-\d{6}\.tar\.gz$/);
});

test("an upgrade whose build or backup fails changes nothing", async (t) => {
  for (const failing of [" build", " backup ", " restore "]) {
    const scene = await openScene(t);
    const { status } = await scene.run(["upgrade"], { env: { ...env, FAILING: failing } });
    assert.notEqual(status, 0);
    const changes = short(await scene.changes());
    assert.ok(!changes.some((change) => / tag | up | rm /.test(change)), changes.join("\n"));
  }
});

test("an upgrade that is not healthy in time brings the images from before back, and says where the backup is", async (t) => {
  for (const ill of [{ FAILING: " up -d" }, { HEALTH: "unhealthy" }]) {
    const scene = await openScene(t);
    await scene.program("sleep", "true");
    // Half a minute goes by between two looks.
    await scene.program(
      "date",
      'echo . >>"$SCENE/looks"; mapfile -t looks <"$SCENE/looks"; echo $((30 * ${#looks[@]}))',
    );
    const { status, stderr } = await scene.run(["upgrade"], { env: { ...env, ...ill } });
    assert.equal(status, 1);
    assert.match(stderr, /going back to the images from before\n/);
    assert.match(stderr, /are not healthy either: .*; the data as it was is in backups\/tinyclaw-.*\.tar\.gz\n$/);
    const changes = short(await scene.changes());
    const at = changes.indexOf("compose up -d --no-build");
    assert.deepEqual(changes.slice(at + 1), [...names("latest-previous", "latest"), "compose up -d --no-build"]);
  }
});

test("an upgrade of a stopped stack leaves it stopped", async (t) => {
  const scene = await openScene(t);
  const { status, stderr } = await scene.run(["upgrade"], { env: { ...env, RUNNING: "" } });
  assert.equal(status, 0, stderr);
  assert.ok(!short(await scene.changes()).some((change) => change.includes(" up ")));
});
