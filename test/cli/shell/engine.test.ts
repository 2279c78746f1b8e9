import assert from "node:assert/strict";
import { mkdir } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import { openScene } from "./scene.ts";

const STACK = (home: string) => `docker compose --project-directory ${home} --project-name tinyclaw`;

test("start, stop, restart and logs are docker compose's", async (t) => {
  const scene = await openScene(t);
  const stack = STACK(scene.home);
  const running = { env: { RUNNING: "broker bot" } };
  const { stderr } = await scene.run(["start"]);
  assert.equal(stderr, "tinyclaw: the dashboard: http://127.0.0.1:1\n");
  await scene.run(["stop"]);
  await scene.run(["restart"], running);
  await scene.run(["restart", "bot"], running);
  await scene.run(["logs"]);
  await scene.run(["logs", "broker"]);
  assert.deepEqual(await scene.changes(), [
    `${stack} up -d`,
    `${stack} down --remove-orphans`,
    `${stack} restart`,
    `${stack} restart bot`,
    `${stack} logs -f`,
    `${stack} logs -f broker`,
  ]);
});

test("status asks for the figures of this stack's running containers alone", async (t) => {
  const scene = await openScene(t);
  await scene.run(["status"], { env: { RUNNING: "broker bot" } });
  assert.deepEqual(await scene.changes(), [`${STACK(scene.home)} ps`, "docker stats --no-stream id-broker id-bot"]);
  const { status, stderr } = await scene.run(["status"]);
  assert.equal(status, 0);
  assert.equal(stderr, "tinyclaw: nothing runs: ./tinyclaw.sh start\n");
});

test("containers of another stack are none of ours", async (t) => {
  const scene = await openScene(t);
  await scene.run(["status"], { env: { RUNNING: "bot", PROJECT: "other" } });
  assert.deepEqual(await scene.changes(), [`${STACK(scene.home)} ps`]);
});

test("images that are missing are built before the start, and no others", async (t) => {
  const scene = await openScene(t);
  await scene.run(["start"], { env: { IMAGES: "tinyclaw-bot:latest" } });
  const stack = STACK(scene.home);
  assert.deepEqual(await scene.changes(), [`${stack} build broker dashboard`, `${stack} up -d`]);
});

test("build makes the images where there is Docker", async (t) => {
  const scene = await openScene(t);
  await scene.run(["build"]);
  await scene.run(["build", "images"]);
  const build = `${STACK(scene.home)} build`;
  assert.deepEqual(await scene.changes(), [build, build]);
});

test("compose's standard variables name another stack, with paths from where the caller stands", async (t) => {
  const scene = await openScene(t);
  const cwd = path.join(scene.root, "elsewhere");
  await mkdir(cwd);
  const env = {
    COMPOSE_FILE: `${scene.home}/compose.yaml:override.yaml`,
    COMPOSE_PROJECT_NAME: "other",
    COMPOSE_ENV_FILES: "../check out/.env",
  };
  const { status, stderr } = await scene.run(["start"], { env, cwd });
  assert.equal(status, 0, stderr);
  assert.deepEqual(await scene.changes(), [
    `docker compose --project-directory ${scene.home} --project-name other --file ${scene.home}/compose.yaml ` +
      `--file ${cwd}/override.yaml --env-file ${cwd}/../check out/.env up -d`,
  ]);
});

test("project and tag may stand in .env, quoted, exported and said twice", async (t) => {
  const scene = await openScene(t);
  await scene.file(
    ".env",
    "TELEGRAM_BOT_TOKEN = '1:a' # theirs\nTELEGRAM_CHAT_ID=-1 # ours\nBROKER_SECRET=x\nANTHROPIC_API_KEY=k\n" +
      'COMPOSE_PROJECT_NAME=first\nexport COMPOSE_PROJECT_NAME="mine"\r\nTINYCLAW_TAG=v2\nDASHBOARD_PORT=1\n',
  );
  const images = "tinyclaw-broker:v2 tinyclaw-bot:v2 tinyclaw-dashboard:v2";
  const { status, stderr } = await scene.run(["start"], { env: { IMAGES: images } });
  assert.equal(status, 0, stderr);
  assert.deepEqual(await scene.changes(), [`${STACK(scene.home).replace(/tinyclaw$/, "mine")} up -d`]);
});
