import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { access, mkdir, readFile, readdir, rename, writeFile } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { needsProgram } from "../../support/needs.ts";
import { repositoryRoot } from "../../support/root.ts";
import { openScene } from "./scene.ts";
import type { Scene } from "./scene.ts";

/** Answers as systemd does, and writes down what it is asked to change; `enable --now`, `start` and `stop` take effect. */
const SYSTEMCTL = `
case "$*" in
  is-system-running) echo "\${SYSTEMD:-running}" ;;
  "is-active "*) [[ "$*" == *tinyclaw.service ]] || exit 3; cat "$SCENE/active" 2>/dev/null || { echo inactive; exit 3; } ;;
  "is-enabled "*) cat "$SCENE/enabled" 2>/dev/null || { echo disabled; exit 1; } ;;
  "cat docker.service") [[ -z "\${NO_DOCKER_UNIT:-}" ]] || exit 1 ;;
  "show "*) sed -n 's/^WorkingDirectory=//p' "$SYSTEMD_UNIT_PATH/tinyclaw.service" ;;
  *) printf 'systemctl %s\\n' "$*" >>"$SCENE/changes" ;;
esac
case "$*" in
  "start "* | "restart "* | "enable --now tinyclaw.service") echo active >"$SCENE/active" ;;
  "stop "* | "disable --now tinyclaw.service") echo inactive >"$SCENE/active" ;;
esac
`;

async function openUnitScene(t: TestContext): Promise<{ scene: Scene; units: string; env: Record<string, string> }> {
  const scene = await openScene(t);
  const units = path.join(scene.root, "units");
  await mkdir(units);
  await scene.program("systemctl", SYSTEMCTL);
  await scene.program("sudo", 'printf "sudo " >>"$SCENE/changes"; shift; exec "$@"');
  // The machine's own verdict is another test's.
  await scene.program("systemd-analyze", 'printf "%s\\n" "${VERDICT:-}"; [[ -z "${VERDICT:-}" ]]');
  return { scene, units, env: { SYSTEMD_UNIT_PATH: units } };
}

const asked = async (scene: Scene): Promise<string[]> =>
  (await scene.changes()).map((line) => line.replace(/^sudo /, ""));

test("install fills in the checkout and docker, and enables the unit", async (t) => {
  const { scene, units, env } = await openUnitScene(t);
  const { status, stderr } = await scene.run(["install"], { env });
  assert.equal(status, 0, stderr);
  const text = await readFile(path.join(units, "tinyclaw.service"), "utf8");
  assert.match(text, new RegExp(`^WorkingDirectory=${scene.home}$`, "m"));
  assert.match(text, new RegExp(`^ExecStart=${scene.root}/bin/docker compose up `, "m"));
  assert.doesNotMatch(text, /__/);
  assert.deepEqual(await asked(scene), [
    "systemctl daemon-reload",
    "systemctl enable tinyclaw.service",
    "systemctl restart tinyclaw.service",
  ]);
});

test("install a second time changes nothing, and restarts where the unit's text changed", async (t) => {
  const { scene, units, env } = await openUnitScene(t);
  await scene.run(["install"], { env });
  const before = (await asked(scene)).length;
  await scene.run(["install"], { env });
  assert.deepEqual((await asked(scene)).slice(before), ["systemctl enable --now tinyclaw.service"]);
  await writeFile(path.join(units, "tinyclaw.service"), "[Service]\n");
  await scene.run(["install"], { env });
  assert.equal((await asked(scene)).at(-1), "systemctl restart tinyclaw.service");
});

test("install removes the units of the older TinyClaw before its own starts", async (t) => {
  const { scene, units, env } = await openUnitScene(t);
  for (const name of ["tinyclaw-telegram", "tinyclaw-queue"]) await writeFile(path.join(units, `${name}.service`), "");
  const { stderr } = await scene.run(["install"], { env });
  assert.match(stderr, /removing the unit tinyclaw-telegram\.service .*\n.*removing the unit tinyclaw-queue\.service/);
  assert.deepEqual(await readdir(units), ["tinyclaw.service"]);
  assert.deepEqual((await asked(scene)).slice(0, 2), [
    "systemctl disable --now tinyclaw-telegram.service",
    "systemctl disable --now tinyclaw-queue.service",
  ]);
});

test("uninstall stops, disables and removes the unit, and says when there is none", async (t) => {
  const { scene, units, env } = await openUnitScene(t);
  assert.match(
    (await scene.run(["uninstall"], { env })).stderr,
    /there is no .*tinyclaw\.service, so nothing is installed/,
  );
  await scene.run(["install"], { env });
  const before = (await asked(scene)).length;
  assert.equal((await scene.run(["uninstall"], { env })).status, 0);
  assert.deepEqual((await asked(scene)).slice(before), [
    "systemctl disable --now tinyclaw.service",
    "systemctl daemon-reload",
  ]);
  assert.deepEqual(await readdir(units), []);
});

test("with the unit installed, start, stop and restart go through systemctl, one service's restart does not", async (t) => {
  const { scene, env } = await openUnitScene(t);
  await scene.run(["install"], { env });
  const before = (await asked(scene)).length;
  const running = { env: { ...env, RUNNING: "bot" } };
  await scene.run(["restart"], running);
  await scene.run(["restart", "bot"], running);
  await scene.run(["stop"], running);
  // Stopped, it is still what starts the stack again.
  await scene.run(["start"], { env });
  assert.deepEqual(
    (await asked(scene))
      .slice(before)
      .map((line) => line.replace(/^docker compose .* tinyclaw restart/, "compose restart")),
    [
      "systemctl restart tinyclaw.service",
      "compose restart bot",
      "systemctl stop tinyclaw.service",
      "systemctl start tinyclaw.service",
    ],
  );
});

test("while systemd waits to start the stack again, stop still goes through it", async (t) => {
  const { scene, env } = await openUnitScene(t);
  await scene.run(["install"], { env });
  await writeFile(path.join(scene.root, "active"), "activating\n");
  await scene.run(["stop"], { env });
  assert.equal((await asked(scene)).at(-1), "systemctl stop tinyclaw.service");
});

test("a stack that the environment names is not the unit's", async (t) => {
  const { scene, env } = await openUnitScene(t);
  await scene.run(["install"], { env });
  const other = { ...env, COMPOSE_PROJECT_NAME: "other" };
  await scene.run(["stop"], { env: other });
  assert.match((await asked(scene)).at(-1) ?? "", /^docker compose .* other down/);
  assert.match((await scene.run(["install"], { env: other })).stderr, /the unit runs with \.env alone/);
});

test("another checkout's unit is not commanded", async (t) => {
  const { scene, units, env } = await openUnitScene(t);
  await scene.run(["install"], { env });
  await writeFile(path.join(units, "tinyclaw.service"), "WorkingDirectory=/opt/other\n");
  const { status, stderr } = await scene.run(["stop"], { env });
  assert.equal(status, 1);
  assert.match(stderr, /runs the stack of \/opt\/other: use \/opt\/other\/tinyclaw\.sh/);
});

test("install and uninstall say in one line what keeps them", async (t) => {
  const { scene, units, env } = await openUnitScene(t);
  const cases: [Record<string, string>, RegExp][] = [
    [{ SYSTEMD: "offline" }, /^tinyclaw: no systemd runs here, .*Docker itself brings the stack back.*\n$/],
    [{ NO_DOCKER_UNIT: "1" }, /^tinyclaw: systemd has no docker\.service .*\n$/],
    [{ VERDICT: "tinyclaw.service: Command is not executable" }, /\ntinyclaw: systemd does not take the unit; .*\n$/],
    [{ TELEGRAM_BOT_TOKEN: "" }, /^tinyclaw: missing or empty in \.env: TELEGRAM_BOT_TOKEN\..*\n$/],
  ];
  for (const [extra, says] of cases) {
    const { status, stderr } = await scene.run(["install"], { env: { ...env, ...extra } });
    assert.equal(status, 1);
    assert.match(stderr, says);
  }
  assert.match(
    (await scene.run(["uninstall"], { env: { ...env, SYSTEMD: "offline" } })).stderr,
    /no systemd runs here/,
  );
  assert.deepEqual(await scene.changes(), []);
  assert.deepEqual(await readdir(units), []);
  const other = await scene.run(["install"], { env: { ...env, VERDICT: "other.service: is off" } });
  assert.equal(other.status, 0, "another unit's fault is not ours");
});

for (const name of ["100% a\"b'c & d", "tab\there", "back\\slash", "space "]) {
  test(`a checkout at ${JSON.stringify(name)} is filled in as systemd reads it, or refused`, async (t) => {
    const { scene, units, env } = await openUnitScene(t);
    const home = path.join(scene.root, name);
    await rename(scene.home, home);
    const outcome = spawnSync(path.join(home, "tinyclaw.sh"), ["install"], {
      encoding: "utf8",
      env: { ...env, PATH: `${scene.root}/bin:${scene.root}/tools`, HOME: scene.root, SCENE: scene.root },
    });
    if (name.startsWith("100%")) {
      assert.equal(outcome.status, 0, outcome.stderr);
      const text = await readFile(path.join(units, "tinyclaw.service"), "utf8");
      assert.ok(text.includes(`\nWorkingDirectory=${home.replaceAll("%", "%%")}\n`), text);
    } else {
      assert.equal(outcome.status, 1);
      assert.match(outcome.stderr, /^tinyclaw: systemd cannot be told of a directory with such a name: move/);
      await assert.rejects(access(path.join(units, "tinyclaw.service")));
    }
  });
}

const noAnalyze = needsProgram("systemd-analyze", "apt-get install systemd");

test("systemd-analyze finds nothing in the unit, filled in for an odd path", { skip: noAnalyze }, async (t) => {
  const scene = await openScene(t);
  const units = path.join(scene.root, "units");
  await mkdir(units);
  const folder = path.join(scene.root, '100% "odd" & it\'s');
  await mkdir(folder);
  const template = await readFile(path.join(repositoryRoot, "systemd", "tinyclaw.service"), "utf8");
  const text = template
    .replaceAll("__DOCKER__", "/usr/bin/env")
    .replace("__WORKING_DIR__", () => folder.replaceAll("%", "%%"));
  await writeFile(path.join(units, "tinyclaw.service"), text);
  for (const name of ["docker.service", "sysinit.target", "basic.target", "shutdown.target", "network-online.target"]) {
    const stub = name.endsWith(".target")
      ? "[Unit]\n"
      : "[Service]\nExecStart=/usr/bin/env\n[Unit]\nDefaultDependencies=no\n";
    await writeFile(path.join(units, name), stub);
  }
  const verdict = (file: string) =>
    spawnSync("systemd-analyze", ["verify", path.join(units, file)], {
      encoding: "utf8",
      env: { ...process.env, SYSTEMD_UNIT_PATH: `${units}:` },
    });
  const good = verdict("tinyclaw.service");
  assert.equal(good.stdout + good.stderr, "");
  assert.equal(good.status, 0);
  await writeFile(path.join(units, "tinyclaw.service"), text.replace("\nRestart=always", "\nRestart=allways"));
  assert.match(verdict("tinyclaw.service").stderr, /allways/);
});
