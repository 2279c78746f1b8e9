import assert from "node:assert/strict";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import path from "node:path";
import { test } from "node:test";
import { ENV_FILE, openScene } from "./scene.ts";
import type { Scene } from "./scene.ts";

interface Refusal {
  readonly when: string;
  readonly says: RegExp;
  readonly prepare?: (scene: Scene) => Promise<unknown>;
  readonly env?: Record<string, string>;
  readonly words?: readonly string[];
}

const PERMISSION =
  'permission denied while trying to connect to the Docker daemon socket at unix:///var/run/docker.sock: Get "http://%2Fvar%2Frun%2Fdocker.sock/v1.24/version": dial unix /var/run/docker.sock: connect: permission denied';
const NO_DAEMON = "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?";

const without = (name: string) => (scene: Scene) =>
  scene.file(".env", ENV_FILE.replace(new RegExp(`^${name}=.*$`, "m"), `${name}=`));

const refusals: Refusal[] = [
  {
    when: "there is no Docker",
    says: /no docker on the PATH: install Docker Engine 20\.10 or newer/,
    prepare: (scene) => rm(path.join(scene.root, "bin", "docker")),
  },
  {
    when: "the socket is closed to the user",
    says: /no permission on Docker's socket: .*usermod -aG docker/,
    env: { DOCKER_FAULT: PERMISSION },
  },
  {
    when: "the daemon does not run",
    says: /daemon does not answer; 'sudo systemctl start docker'.*Is the docker daemon running/,
    env: { DOCKER_FAULT: NO_DAEMON },
  },
  { when: "the engine is old", says: /Engine 19\.03\.15 is too old: install 20\.10/, env: { ENGINE: "19.03.15" } },
  {
    when: "compose is missing",
    says: /install the package docker-compose-plugin, 2\.4 or newer/,
    env: { COMPOSE: "" },
  },
  { when: "compose is old", says: /compose 2\.3\.3 is too old: .* 2\.4 or newer/, env: { COMPOSE: "2.3.3" } },
  { when: "compose is older still", says: /compose 1\.28\.0 is too old/, env: { COMPOSE: "1.28.0" } },
  {
    when: "there is no .env",
    says: /no \.env: '\.\/tinyclaw\.sh init'/,
    prepare: (scene) => rm(path.join(scene.home, ".env")),
  },
  {
    when: ".env is a directory",
    says: /\.env is a directory/,
    prepare: async (scene) => {
      await rm(path.join(scene.home, ".env"));
      await mkdir(path.join(scene.home, ".env"));
    },
  },
  {
    when: "the files that the environment names are missing",
    says: /no \/nowhere\/\.env/,
    env: { COMPOSE_ENV_FILES: "/nowhere/.env" },
  },
  {
    when: "the bot token is empty",
    says: /in \.env: TELEGRAM_BOT_TOKEN\. .*init/,
    prepare: without("TELEGRAM_BOT_TOKEN"),
  },
  { when: "the broker's secret is empty", says: /in \.env: BROKER_SECRET\./, prepare: without("BROKER_SECRET") },
  { when: "the environment empties the chat", says: /in \.env: TELEGRAM_CHAT_ID\./, env: { TELEGRAM_CHAT_ID: "" } },
  {
    when: "several values are missing",
    says: /in \.env: TELEGRAM_BOT_TOKEN, TELEGRAM_CHAT_ID, BROKER_SECRET, ANTHROPIC_API_KEY or CLAUDE_CODE_OAUTH_TOKEN\./,
    prepare: (scene) =>
      scene.file(".env", "# TELEGRAM_BOT_TOKEN=123:abc\nTELEGRAM_CHAT_ID=''\nBROKER_SECRET=  # later\n"),
  },
  {
    when: "a directory lies where the App's key should",
    says: /secrets\/github-app\.pem is a directory .*rmdir secrets\/github-app\.pem/,
    prepare: (scene) => mkdir(path.join(scene.home, "secrets", "github-app.pem"), { recursive: true }),
  },
  {
    when: "a directory lies where the second key should",
    says: /secrets\/new\.pem is a directory/,
    prepare: (scene) => mkdir(path.join(scene.home, "secrets", "new.pem"), { recursive: true }),
    env: { GITHUB_APP_PRIVATE_KEY_FILE: "/secrets/old.pem, /secrets/new.pem" },
  },
  {
    when: "a directory lies where the policy should",
    says: /secrets\/policy\.yaml is a directory/,
    prepare: (scene) => mkdir(path.join(scene.home, "secrets", "policy.yaml"), { recursive: true }),
  },
  {
    when: "the App has no key",
    says: /GITHUB_APP_ID is set, and secrets\/github-app\.pem is missing or empty/,
    env: { GITHUB_APP_ID: "1" },
  },
  {
    when: "the App's key is empty",
    says: /github-app\.pem is missing or empty/,
    env: { GITHUB_APP_ID: "1" },
    prepare: async (scene) => {
      await mkdir(path.join(scene.home, "secrets"));
      await scene.file("secrets/github-app.pem", "");
    },
  },
  {
    when: "secrets is a file",
    says: /secrets is no directory/,
    prepare: (scene) => scene.file("secrets", ""),
  },
  {
    when: "the workspace is missing",
    says: /WORKSPACE_ROOT is \.\/work, and there is no such folder: 'sudo install -d -o 10002 -g 10002 \.\/work'/,
    env: { WORKSPACE_ROOT: "./work" },
  },
  { when: "the workspace is no path", says: /WORKSPACE_ROOT is no folder/, env: { WORKSPACE_ROOT: "work" } },
  {
    when: "the disk is full",
    says: /has 41 MiB left, and the stack needs 256: free some/,
    prepare: (scene) =>
      scene.program("df", "echo Filesystem 1024-blocks Used Available; echo /dev/vda 100000 58000 42000 58% /"),
  },
  {
    when: "there is room to run but not to build",
    says: /has 1024 MiB left, and building the images needs 3072/,
    env: { IMAGES: "" },
    prepare: (scene) =>
      scene.program("df", "echo Filesystem 1024-blocks Used Available; echo /dev/vda 9000000 1 1048576 58% /"),
  },
  { when: "the port is none", says: /DASHBOARD_PORT is no port: give a number/, env: { DASHBOARD_PORT: "http" } },
  {
    when: "the service is unknown",
    says: /no service 'bots': the stack has bot broker dashboard/,
    words: ["restart", "bots"],
    env: { RUNNING: "bot" },
  },
  { when: "the service of the logs is unknown", says: /no service '-f'/, words: ["logs", "-f"] },
  { when: "nothing runs that could be restarted", says: /nothing runs that could be restarted/, words: ["restart"] },
];

for (const { when, says, prepare, env = {}, words = ["start"] } of refusals) {
  test(`${words[0]} is refused in one line, with nothing changed, when ${when}`, async (t) => {
    const scene = await openScene(t);
    await prepare?.(scene);
    const { status, stdout, stderr } = await scene.run(words, { env });
    assert.match(stderr, says);
    const lines = stderr
      .trimEnd()
      .split("\n")
      .filter((line) => !line.startsWith("tinyclaw: building"));
    assert.equal(lines.length, 1, stderr);
    assert.match(stderr, /^tinyclaw: /);
    assert.equal(stdout, "");
    assert.equal(status, 1);
    assert.deepEqual(await scene.changes(), []);
    assert.doesNotMatch(stderr, /123:abc|secret$/);
  });
}

test("a port that another program holds is named with that program", async (t) => {
  const scene = await openScene(t);
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  const taken = await scene.run(["start"], { env: { DASHBOARD_PORT: String(port) } });
  assert.equal(taken.status, 1);
  assert.match(
    taken.stderr,
    new RegExp(`^tinyclaw: port ${port} of 127\\.0\\.0\\.1 is taken by (node, pid ${process.pid}|another program): `),
  );
  const byDocker = await scene.run(["start"], {
    env: { DASHBOARD_PORT: String(port), PUBLISHER: "the container other" },
  });
  assert.match(byDocker.stderr, /is taken by the container other: /);
  assert.deepEqual(await scene.changes(), []);
  const own = await scene.run(["start"], { env: { DASHBOARD_PORT: String(port), RUNNING: "dashboard" } });
  assert.equal(own.status, 0, own.stderr);
});

for (const compose of ["1.29.2", "v2.4.0", "2.27.1-desktop.1", "5.0.0"]) {
  test(`compose ${compose} and engine 28 are taken`, async (t) => {
    const scene = await openScene(t);
    const { status, stderr } = await scene.run(["start"], { env: { COMPOSE: compose, ENGINE: "28.2.2" } });
    assert.equal(status, 0, stderr);
    assert.equal((await scene.changes()).length, 1);
  });
}

test("a login in the agents' home may stand in for a credential", async (t) => {
  const scene = await openScene(t);
  await without("ANTHROPIC_API_KEY")(scene);
  assert.equal((await scene.run(["start"])).status, 1);
  assert.equal((await scene.run(["start"], { env: { VOLUMES: "tinyclaw_agent-home" } })).status, 0);
});

test("a key that is there is enough, and the broker is handed it", async (t) => {
  const scene = await openScene(t);
  await mkdir(path.join(scene.home, "secrets"));
  await writeFile(path.join(scene.home, "secrets", "github-app.pem"), "key");
  const { status, stderr } = await scene.run(["start"], { env: { GITHUB_APP_ID: "1" } });
  assert.equal(status, 0, stderr);
  const [handed, up] = await scene.changes();
  assert.match(handed ?? "", /^docker run --rm --network none --user 0:0 .*chgrp -R 10001 \/secrets/);
  assert.match(up ?? "", /^docker compose .* up -d$/);
});
