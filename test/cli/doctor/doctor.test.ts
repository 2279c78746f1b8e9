/** `doctor` as a process, with Docker's answers as recorded and the stand-ins outside. */
import assert from "node:assert/strict";
import { chmod, mkdir, readFile, rmdir, stat, writeFile } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { needsRoot } from "../../support/needs.ts";
import { repositoryRoot } from "../../support/root.ts";
import { GOOD_PERMISSIONS, openRig, program, type Rig } from "../init/rig.ts";
import { DF, GH, NO_DAEMON, READYZ, SUPERVISOR, VERSION, container } from "./recorded.ts";

/** A checkout after a good init. */
async function wellSetUp(t: TestContext): Promise<Rig> {
  const rig = await openRig(t);
  const pem = path.join(rig.home, "key.pem");
  rig.github.addInstallation({ account: "acme", repositories: [], permissions: GOOD_PERMISSIONS });
  await writeFile(pem, rig.github.addKey().privateKeyPem);
  const { status, stdout } = await rig.cli(["init"], {
    ...rig.whole,
    GITHUB_APP_ID: "77",
    GITHUB_APP_PRIVATE_KEY_FILE: pem,
  });
  assert.equal(status, 0, stdout);
  return rig;
}

interface Answers {
  readonly containers?: readonly object[];
  readonly version?: { readonly stdout: string; readonly stderr?: string };
  readonly readyz?: string;
}

const WELL = [container("broker"), container("bot"), container("dashboard")];

/** A `docker` that answers each command as a real one did. */
async function docker(
  rig: Rig,
  { containers = WELL, version = { stdout: VERSION }, readyz = READYZ }: Answers = {},
): Promise<void> {
  const release = (JSON.parse(await readFile(path.join(repositoryRoot, "package.json"), "utf8")) as { version: string })
    .version;
  const files = {
    inspect: JSON.stringify(containers),
    version: version.stdout,
    "version.err": version.stderr ?? "",
    space: DF,
    gh: GH,
    readyz,
    status: JSON.stringify({ timestamp: Date.now(), ...SUPERVISOR, version: release }),
  };
  for (const [name, text] of Object.entries(files)) await writeFile(path.join(rig.bin, name), text);
  const ids = containers.map((one) => (one as { Id: string }).Id).join("\\n");
  await program(
    rig,
    "docker",
    [
      `cd "${rig.bin}"`,
      'show() { /bin/cat "$1"; }',
      'case "$*" in',
      '  "version --format"*) show version; show version.err >&2; [ ! -s version.err ] ;;',
      "  version) [ ! -s version.err ] ;;",
      '  "compose version --short") echo 1.29.2 ;;',
      '  "info "*) echo / ;;',
      `  "ps -aq --no-trunc --filter label=com.docker.compose.project=tinyclaw") printf '%b\\n' '${ids}' ;;`,
      '  "inspect "*) show inspect ;;',
      '  "image inspect --format {{.Id}} tinyclaw-bot:latest") echo sha256:bot-image ;;',
      '  "image inspect "*) exit 1 ;;',
      '  "exec bot-id cat /app/.tinyclaw/status/supervisor.json") show status ;;',
      '  "exec bot-id sh -c "*) ;;',
      '  "exec bot-id df "*) show space ;;',
      '  "exec bot-id gh --version") show gh ;;',
      '  "exec broker-id node "*3000*) show readyz ;;',
      `  "exec dashboard-id node "*3100*) echo '{"status":"ok"}' ;;`,
      '  *) echo "unexpected: $*" >&2; exit 9 ;;',
      "esac",
    ].join("\n"),
  );
  await program(rig, "df", `exec /bin/cat "${rig.bin}/space"`);
}

const UNIT = { TINYCLAW_UNIT: "enabled active", TINYCLAW_OLD_UNITS: "" };

// secrets/ belongs to the broker after an init of root's.
const skip = needsRoot("to give files away");

test("a stack that is well has no line that is marked ✗, and status 0", { skip }, async (t) => {
  const rig = await wellSetUp(t);
  await docker(rig);
  const { status, stdout, stderr } = await rig.cli(["doctor"], { ...rig.places, ...UNIT });
  assert.equal(stderr, "");
  assert.doesNotMatch(stdout, /✗|unexpected/);
  for (const what of ["Docker", "Container bot", "Ports", "Bot", "Broker", "Dashboard", "Data volume", "Variables"]) {
    assert.match(stdout, new RegExp(`^✓ ${what}: `, "m"));
  }
  for (const what of ["Telegram bot", "Telegram group", "Clock", "Claude", "systemd unit", "\\.env"]) {
    assert.match(stdout, new RegExp(`^✓ ${what}: `, "m"));
  }
  assert.equal(status, 0);
  assert.ok(!stdout.includes(rig.telegram.token) && !stdout.includes("PRIVATE"));
});

test("with no stack running that is said, and is no fault", { skip }, async (t) => {
  const rig = await wellSetUp(t);
  await docker(rig, { containers: [] });
  const { status, stdout } = await rig.cli(["doctor"], { ...rig.places, ...UNIT });
  assert.match(stdout, /^– Stack: does not run → \.\/tinyclaw\.sh start$/m);
  assert.equal(status, 0, stdout);
});

test("the Compose that tinyclaw.sh saw is taken for what it is", async (t) => {
  const rig = await wellSetUp(t);
  await docker(rig);
  const { stdout } = await rig.cli(["doctor"], { ...rig.places, ...UNIT, TINYCLAW_COMPOSE: "2.29.7" });
  assert.match(stdout, /^✓ Docker Compose: 2\.29\.7$/m);
});

test("without Docker the rest is looked at, and status is 1", async (t) => {
  const rig = await wellSetUp(t);
  const { status, stdout } = await rig.cli(["doctor"], { ...rig.places, ...UNIT });
  assert.match(stdout, /^✗ Docker: is not installed/m);
  assert.match(stdout, /^✓ Telegram bot: /m);
  assert.equal(status, 1);
});

const FAULTS: [title: string, spoil: (rig: Rig) => Promise<unknown>, line: RegExp][] = [
  ["a daemon that does not run", (rig) => docker(rig, { version: NO_DAEMON }), /^✗ Docker: does not answer/m],
  [
    "a .env that others may read",
    (rig) => chmod(path.join(rig.home, ".env"), 0o644),
    /^✗ \.env: others may read it \(mode 644\) → chmod 600 \.env$/m,
  ],
  [
    "a variable that does not parse",
    (rig) => writeFile(path.join(rig.home, ".env"), "TELEGRAM_BOT_TOKEN=x\n", { mode: 0o600 }),
    /^✗ Variables of the telegram worker: TELEGRAM_BOT_TOKEN does not parse/m,
  ],
  [
    "an App without the broker's secret",
    (rig) => edit(rig, /BROKER_SECRET=.*\n/, ""),
    /^✗ Variables of the broker: BROKER_SECRET is missing, and GITHUB_APP_ID is set/m,
  ],
  [
    "a token that Telegram refuses",
    (rig) => edit(rig, /TELEGRAM_BOT_TOKEN=.*/, "TELEGRAM_BOT_TOKEN=7:other"),
    /^✗ Telegram bot: Telegram refuses the token/m,
  ],
  ["Telegram out of reach", (rig) => rig.telegram.stop(), /^✗ Telegram bot: not checked, 127.*cannot be reached/m],
  [
    "a credential that Claude refuses",
    async (rig) => (rig.claude.accepted = []),
    /^✗ Claude: Claude's API refuses it/m,
  ],
  ["rights that are gone", async (rig) => rig.telegram.setStanding({ managesTopics: false }), /^✗ Telegram topics: /m],
  [
    "secrets that others may read",
    (rig) => chmod(path.join(rig.home, "secrets"), 0o755),
    /^✗ secrets\/: everybody on this machine may read the folder/m,
  ],
  [
    "an ill broker",
    (rig) => docker(rig, { readyz: '{"status":"failed","problems":["the key is cut off"]}' }),
    /^✗ Broker: failed: the key is cut off/m,
  ],
  [
    "a stopped bot",
    (rig) =>
      docker(rig, {
        containers: [
          container("broker"),
          container("bot", { state: { Running: false, Status: "exited", ExitCode: 0 } }),
          container("dashboard"),
        ],
      }),
    /^✗ Container bot: is stopped/m,
  ],
];
for (const [title, spoil, line] of FAULTS) {
  test(`${title}: a line with its remedy, status 1`, async (t) => {
    const rig = await wellSetUp(t);
    await docker(rig);
    await spoil(rig);
    const { status, stdout } = await rig.cli(["doctor"], { ...rig.places, ...UNIT });
    assert.match(stdout, line);
    assert.equal(status, 1);
  });
}

test("a directory where the key should be is told by its remedy", async (t) => {
  const rig = await openRig(t);
  await rig.cli(["init"], rig.whole);
  await mkdir(path.join(rig.home, "secrets", "github-app.pem"));
  await edit(rig, /$/, "GITHUB_APP_ID=77\n");
  const { stdout } = await rig.cli(["doctor"], rig.places);
  assert.match(
    stdout,
    /^✗ secrets\/github-app\.pem: is a directory, which Docker makes where a file is missing → rmdir secrets\/github-app\.pem/m,
  );
  await rmdir(path.join(rig.home, "secrets", "github-app.pem"));
  const again = await rig.cli(["doctor"], rig.places);
  assert.match(again.stdout, /^✗ secrets\/github-app\.pem: is missing → \.\/tinyclaw\.sh init/m);
});

test("a secret by its path is told, since no container gets it so", async (t) => {
  const rig = await openRig(t);
  await rig.cli(["init"], rig.whole);
  const file = path.join(rig.home, "token");
  await writeFile(file, rig.telegram.token);
  await edit(rig, /TELEGRAM_BOT_TOKEN=.*/, `TELEGRAM_BOT_TOKEN_FILE=${file}`);
  const { stdout } = await rig.cli(["doctor"], rig.places);
  assert.match(stdout, /^– Variables: TELEGRAM_BOT_TOKEN_FILE reach no container by compose\.yaml/m);
});

test("without .env that is told, and nothing else is complained of that comes from it", async (t) => {
  const rig = await openRig(t);
  const { status, stdout } = await rig.cli(["doctor"], rig.places);
  assert.match(stdout, /^✗ \.env: is missing → \.\/tinyclaw\.sh init$/m);
  assert.doesNotMatch(stdout, /Variables|Telegram/);
  assert.equal(status, 1);
});

test("doctor writes nothing", async (t) => {
  const rig = await wellSetUp(t);
  await docker(rig);
  const before = (await stat(rig.home)).mtimeMs;
  await rig.cli(["doctor"], { ...rig.places, ...UNIT });
  assert.equal((await stat(rig.home)).mtimeMs, before);
});

async function edit(rig: Rig, what: RegExp, by: string): Promise<void> {
  const file = path.join(rig.home, ".env");
  await writeFile(file, (await rig.read(".env")).replace(what, by), { mode: 0o600 });
}
