import assert from "node:assert/strict";
import { mkdir, rm } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import { openScene } from "./scene.ts";

test("send reaches the queue of the running bot through its container", async (t) => {
  const scene = await openScene(t);
  await mkdir(path.join(scene.home, ".tinyclaw"));
  const env = { RUNNING: "bot", VOLUMES: "tinyclaw_tinyclaw-data" };
  await scene.run(["send", "--thread", "5", "two words"], { env });
  await scene.run(["send", "-"], { env, input: "from here" });
  await scene.run(["settings", "get", "timezone"], { env });
  await scene.run(["queue", "list"], { env });
  assert.deepEqual(await scene.changes(), [
    "docker exec id-bot node /app/dist/src/cli/main.js send --thread 5 two words",
    "docker exec --interactive id-bot node /app/dist/src/cli/main.js send -",
    "docker exec id-bot node /app/dist/src/cli/main.js settings get timezone",
    "docker exec id-bot node /app/dist/src/cli/main.js queue list",
  ]);
});

test("the status of a command in the container is that of the script", async (t) => {
  const scene = await openScene(t);
  assert.equal((await scene.run(["queue", "list"], { env: { RUNNING: "bot", FAILING: "queue list" } })).status, 1);
});

test("with the stack stopped, its volume is written by a container of its own, without a network", async (t) => {
  const scene = await openScene(t);
  await scene.run(["send", "later"], { env: { VOLUMES: "tinyclaw_tinyclaw-data" } });
  assert.deepEqual(await scene.changes(), [
    "docker run --rm --init --network none --cap-drop ALL --user 0:10000 --volume tinyclaw_tinyclaw-data:/app/.tinyclaw " +
      "tinyclaw-bot:latest node /app/dist/src/cli/main.js send later",
  ]);
});

test("where the packages are installed a command runs on this machine's Node", async (t) => {
  const scene = await openScene(t);
  for (const folder of ["node_modules", "dist", "test", "bench"]) await mkdir(path.join(scene.home, folder));
  for (const file of ["package.json", "package-lock.json", "tsconfig.json"]) await scene.file(file, "{}");
  for (const mark of ["node_modules/.package-lock.json", "dist/.built"]) await scene.file(mark, "");
  await scene.program("node", '[[ "$*" != "-p process.versions.node" ]] || { echo 22.21.1; exit; }; echo "node $*"');
  assert.equal((await scene.run(["watch", "--all"])).stdout, "node dist/src/cli/main.js watch --all\n");
  const local = await scene.run(["send", "hi"], { env: { TINYCLAW_DIR: "data", RUNNING: "bot" } });
  assert.equal(
    local.stdout,
    "node dist/src/cli/main.js send hi\n",
    "an explicit data directory goes before the stack's",
  );
  assert.deepEqual(await scene.changes(), []);
});

test("without Node a command runs in the bot's image, as the operator and in the checkout", async (t) => {
  const scene = await openScene(t);
  await rm(path.join(scene.root, "tools", "node"));
  const env = { IMAGES: "", TELEGRAM_BOT_TOKEN: "123:abc", UNRELATED: "x", TZ: "Europe/Vienna" };
  const { status, stderr } = await scene.run(["init"], { env });
  assert.equal(status, 0, stderr);
  const [build, run] = await scene.changes();
  assert.match(build ?? "", / build bot$/);
  const user = `${process.getuid?.()}:${process.getgid?.()}`;
  assert.match(
    run ?? "",
    new RegExp(`^docker run --rm --init --interactive --network host --user ${user} --env HOME=/tmp `),
  );
  assert.match(run ?? "", / --env TELEGRAM_BOT_TOKEN .*--env TZ /);
  // The image has values of its own for these, which are not the operator's.
  assert.match(run ?? "", / --env TINYCLAW_DIR --env WORKSPACE_ROOT --env AGENT_UID --env AGENT_GID /);
  assert.match(run ?? "", / --env TINYCLAW_UNIT /);
  assert.doesNotMatch(run ?? "", /UNRELATED|123:abc|--tty/);
  assert.match(run ?? "", new RegExp(`--volume ${scene.home}:${scene.home} --workdir ${scene.home} `));
  assert.match(run ?? "", / tinyclaw-bot:latest node \/app\/dist\/src\/cli\/main\.js init$/);
});
