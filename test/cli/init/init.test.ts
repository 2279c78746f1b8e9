import assert from "node:assert/strict";
import { mkdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import { readBrokerConfig } from "../../../src/broker/config.ts";
import { readTelegramConfig } from "../../../src/core/config.ts";
import { needsRoot } from "../../support/needs.ts";
import { AUDIENCE, openIssuer } from "../../dashboard/access/issuer.ts";
import { GOOD_PERMISSIONS, KEY, openRig, program, readDotEnv, type Rig } from "./rig.ts";

const modeOf = async (rig: Rig, ...name: string[]): Promise<number> =>
  (await stat(path.join(rig.home, ...name))).mode & 0o777;

test("from the environment alone a whole .env comes about, closed to others, and prints no secret", async (t) => {
  const rig = await openRig(t);
  const { status, stdout, stderr } = await rig.cli(["init"], rig.whole);
  assert.deepEqual([status, stderr], [0, ""]);
  assert.equal(await modeOf(rig, ".env"), 0o600);
  assert.equal(await modeOf(rig, "secrets"), 0o700);
  const written = await readDotEnv(rig);
  assert.equal(written["TELEGRAM_BOT_TOKEN"], rig.telegram.token);
  assert.equal(written["TELEGRAM_CHAT_ID"], String(rig.telegram.chatId));
  assert.equal(written["ANTHROPIC_API_KEY"], KEY);
  assert.equal(written["TZ"], "Europe/Vienna");
  assert.match(written["BROKER_SECRET"] ?? "", /^[0-9a-f]{64}$/);
  assert.equal(written["WORKSPACE_ROOT"], undefined);
  readTelegramConfig(written);
  readBrokerConfig(written);
  for (const secret of [rig.telegram.token, KEY, written["BROKER_SECRET"] ?? ""]) assert.ok(!stdout.includes(secret));
  assert.match(stdout, /✓ Telegram bot: @sandbox_bot\n/);
  assert.match(stdout, /✓ Claude: ANTHROPIC_API_KEY is accepted\n/);
  assert.match(stdout, /\nReady: \.\/tinyclaw\.sh start\n$/);
});

test("a second run changes nothing: not the broker's secret, not a line", async (t) => {
  const rig = await openRig(t);
  await rig.cli(["init"], rig.whole);
  const before = await rig.read(".env");
  const { status, stdout } = await rig.cli(["init"], rig.places);
  assert.equal(status, 0);
  assert.match(stdout, /✓ \.env: as it was\n/);
  assert.equal(await rig.read(".env"), before);
});

test("the operator's own lines and comments stay", async (t) => {
  const rig = await openRig(t);
  const own = "# mine\nBOT_MEMORY=6g # enough\n\nexport TZ='UTC'\nTELEGRAM_CHAT_ID=-1\n";
  await writeFile(path.join(rig.home, ".env"), own, { mode: 0o644 });
  const { status } = await rig.cli(["init"], rig.whole);
  assert.equal(status, 0);
  const text = await rig.read(".env");
  assert.ok(
    text.startsWith(
      `# mine\nBOT_MEMORY=6g # enough\n\nexport TZ=Europe/Vienna\nTELEGRAM_CHAT_ID=${rig.telegram.chatId}\n`,
    ),
    text,
  );
  assert.equal(await modeOf(rig, ".env"), 0o600);
});

const REQUIRED = ["TELEGRAM_BOT_TOKEN", "TELEGRAM_CHAT_ID", "ANTHROPIC_API_KEY"];
for (const name of REQUIRED) {
  test(`without a terminal and without ${name} a line names it, status 125, and nothing is written`, async (t) => {
    const rig = await openRig(t);
    const { [name]: _left, ...env } = rig.whole;
    const { status, stderr } = await rig.cli(["init"], env);
    assert.equal(status, 125);
    assert.match(stderr, new RegExp(`^${name} is missing[^\\n]+\\n$`));
    await assert.rejects(rig.read(".env"), { code: "ENOENT" });
  });
}

const WRONG: [name: string, value: string, line: RegExp][] = [
  ["TELEGRAM_BOT_TOKEN", "nonsense", /^TELEGRAM_BOT_TOKEN does not parse/],
  ["TELEGRAM_BOT_TOKEN", "700000009:not-this-one", /^TELEGRAM_BOT_TOKEN is refused by Telegram/],
  ["TELEGRAM_CHAT_ID", "the-group", /^TELEGRAM_CHAT_ID does not parse/],
  ["TELEGRAM_ALLOWED_USERS", "me", /^TELEGRAM_ALLOWED_USERS does not parse/],
  ["ANTHROPIC_API_KEY", "sk-ant-api03-of-nobody", /^ANTHROPIC_API_KEY is refused by Claude's API/],
  ["GITHUB_APP_ID", "my app", /^GITHUB_APP_ID does not parse/],
  ["GITHUB_APP_ID", "77", /^secrets\/github-app\.pem is missing, and GITHUB_APP_PRIVATE_KEY_FILE names no other/],
  ["DASHBOARD_ALLOWED_HOSTS", "*", /^DASHBOARD_ALLOWED_HOSTS does not parse/],
  ["CF_ACCESS_TEAM_DOMAIN", "example", /^CF_ACCESS_AUD is missing/],
  ["CF_ACCESS_AUD", "abc", /^CF_ACCESS_TEAM_DOMAIN is missing/],
  ["TZ", "Vienna", /^TZ does not parse/],
];
for (const [name, value, line] of WRONG) {
  test(`${name}=${value} is refused by name, and not repeated`, async (t) => {
    const rig = await openRig(t);
    const { status, stdout, stderr } = await rig.cli(["init"], { ...rig.whole, [name]: value });
    assert.equal(status, 125);
    assert.match(stderr, line);
    if (name.includes("TOKEN") || name.includes("KEY")) assert.ok(!`${stdout}${stderr}`.includes(value));
    await assert.rejects(rig.read(".env"), { code: "ENOENT" });
  });
}

const STANDINGS: [title: string, change: Parameters<Rig["telegram"]["setStanding"]>[0], line: RegExp][] = [
  ["a group without topics", { isForum: false }, /✗ Telegram group: .* has no topics → switch topics on/],
  [
    "a bot that sees no messages",
    { readsAll: false, status: "member" },
    /✗ Telegram messages: @sandbox_bot sees only those that name it/,
  ],
  [
    "a bot that may not manage topics",
    { managesTopics: false },
    /✗ Telegram topics: @sandbox_bot may not manage them → give it the right/,
  ],
  ["a bot outside of the group", { status: "left" }, /✗ Telegram rights: @sandbox_bot is no member of the group/],
];
for (const [title, change, line] of STANDINGS) {
  test(`${title} is told with its remedy: .env is written, status 1`, async (t) => {
    const rig = await openRig(t);
    rig.telegram.setStanding(change);
    const { status, stdout } = await rig.cli(["init"], rig.whole);
    assert.equal(status, 1);
    assert.match(stdout, line);
    await rig.read(".env");
  });
}

test("a member with privacy mode off sees enough", async (t) => {
  const rig = await openRig(t);
  rig.telegram.setStanding({ status: "member" });
  const { stdout } = await rig.cli(["init"], rig.whole);
  assert.match(stdout, /✓ Telegram messages: .*\(privacy mode off\)/);
});

test("what cannot be reached is told and taken as it is", async (t) => {
  const rig = await openRig(t);
  await Promise.all([rig.telegram.stop(), rig.claude.stop()]);
  const { status, stdout } = await rig.cli(["init"], rig.whole);
  assert.equal(status, 0);
  assert.match(stdout, /– Telegram bot: not checked, 127\.0\.0\.1:\d+ cannot be reached \(ECONNREFUSED\)\n/);
  assert.match(stdout, /– Claude: not checked/);
  assert.ok(!stdout.includes(rig.telegram.token));
  await rig.read(".env");
});

test("the group is found by the one forum that wrote, and its message waits on for the bot", async (t) => {
  const rig = await openRig(t);
  rig.telegram.sendText(1, rig.telegram.addUser({ firstName: "Tester" }), "hello");
  const { TELEGRAM_CHAT_ID: _left, ...env } = rig.whole;
  const { status, stdout } = await rig.cli(["init"], env);
  assert.equal(status, 0);
  assert.match(stdout, /Found the group “Sandbox forum”/);
  assert.equal((await readDotEnv(rig))["TELEGRAM_CHAT_ID"], String(rig.telegram.chatId));
  assert.equal(rig.telegram.pendingUpdates, 1);
});

test("while another program polls, the group is not looked for", async (t) => {
  const rig = await openRig(t);
  rig.telegram.order({ method: "getUpdates", fault: { kind: "status", code: 409 }, times: 1 });
  const { TELEGRAM_CHAT_ID: _left, ...env } = rig.whole;
  const { status, stderr } = await rig.cli(["init"], env);
  assert.equal(status, 125);
  assert.match(stderr, /^TELEGRAM_CHAT_ID is missing.*another program fetches this bot's updates/);
});

test(
  "the App's key is copied, closed to others, and read by the broker",
  { skip: needsRoot("to give files away") },
  async (t) => {
    const rig = await openRig(t);
    rig.github.addInstallation({ account: "acme", repositories: [{ name: "api" }], permissions: GOOD_PERMISSIONS });
    const pem = path.join(rig.home, "..", "downloaded.pem");
    await writeFile(pem, rig.github.addKey().privateKeyPem);
    const env = { ...rig.whole, GITHUB_APP_ID: "77", GITHUB_APP_PRIVATE_KEY_FILE: pem };
    const { status, stdout, stderr } = await rig.cli(["init"], env);
    assert.deepEqual([status, stderr], [0, ""]);
    assert.match(stdout, /✓ GitHub App: tinyclaw-sandbox, installed on acme\n✓ GitHub permissions: enough/);
    const copied = await stat(path.join(rig.home, "secrets", "github-app.pem"));
    assert.deepEqual([copied.uid, copied.mode & 0o777], [10_001, 0o600]);
    const folder = await stat(path.join(rig.home, "secrets"));
    assert.deepEqual([folder.uid, folder.mode & 0o777], [10_001, 0o700]);
    assert.equal(await rig.read("secrets", "github-app.pem"), await readFile(pem, "utf8"));
    const written = await readDotEnv(rig);
    assert.equal(written["GITHUB_APP_ID"], "77");
    assert.equal(written["GITHUB_APP_PRIVATE_KEY_FILE"], undefined);
    assert.ok(!stdout.includes("PRIVATE KEY"));
  },
);

test("an App that may administrate is told: status 1", async (t) => {
  const rig = await openRig(t);
  const permissions = { ...GOOD_PERMISSIONS, administration: "write" } as const;
  rig.github.addInstallation({ account: "acme", repositories: [], permissions });
  const pem = path.join(rig.home, "key.pem");
  await writeFile(pem, rig.github.addKey().privateKeyPem);
  const env = { ...rig.whole, GITHUB_APP_ID: "77", GITHUB_APP_PRIVATE_KEY_FILE: pem };
  const { status, stdout } = await rig.cli(["init"], env);
  assert.equal(status, 1);
  assert.match(stdout, /✗ GitHub permissions: the App tinyclaw-sandbox and its installation on acme may administrate/);
});

test("a key that GitHub does not know is refused, and not copied", async (t) => {
  const rig = await openRig(t);
  const key = rig.github.addKey();
  rig.github.removeKey(key);
  const pem = path.join(rig.home, "key.pem");
  await writeFile(pem, key.privateKeyPem);
  const env = { ...rig.whole, GITHUB_APP_ID: "77", GITHUB_APP_PRIVATE_KEY_FILE: pem };
  const { status, stderr } = await rig.cli(["init"], env);
  assert.equal(status, 125);
  assert.match(stderr, /^GITHUB_APP_ID is refused by GitHub with this key/);
  await assert.rejects(rig.read("secrets", "github-app.pem"), { code: "ENOENT" });
});

const KEYS: [what: string, content: string | undefined, reason: RegExp][] = [
  ["no key at all", "hello", /the file is no PEM/],
  ["an empty file", "", /the file is empty/],
  ["a cut-off key", "-----BEGIN RSA PRIVATE KEY-----\nMIIE", /the file is cut off/],
  ["a directory", undefined, /the file is a directory/],
];
for (const [what, content, reason] of KEYS) {
  test(`${what} in the key's place is told in words`, async (t) => {
    const rig = await openRig(t);
    const pem = path.join(rig.home, "key.pem");
    await (content === undefined ? mkdir(pem) : writeFile(pem, content));
    const env = { ...rig.whole, GITHUB_APP_ID: "77", GITHUB_APP_PRIVATE_KEY_FILE: pem };
    const { status, stderr } = await rig.cli(["init"], env);
    assert.equal(status, 125);
    assert.match(stderr, reason);
  });
}

test("the empty directory that Docker made in the key's place gives way", async (t) => {
  const rig = await openRig(t);
  await mkdir(path.join(rig.home, "secrets", "github-app.pem"), { recursive: true });
  const pem = path.join(rig.home, "key.pem");
  await writeFile(pem, rig.github.addKey().privateKeyPem);
  const env = { ...rig.whole, GITHUB_APP_ID: "77", GITHUB_APP_PRIVATE_KEY_FILE: pem };
  await rig.cli(["init"], env);
  assert.ok((await stat(path.join(rig.home, "secrets", "github-app.pem"))).isFile());
});

test("a secret may come from a file, and a path that .env names stays in it", async (t) => {
  const rig = await openRig(t);
  const file = path.join(rig.home, "..", "token");
  await writeFile(file, `${rig.telegram.token}\n`);
  const { TELEGRAM_BOT_TOKEN: _left, ...env } = rig.whole;
  await writeFile(path.join(rig.home, ".env"), `TELEGRAM_BOT_TOKEN_FILE=${file}\n`);
  const { status } = await rig.cli(["init"], env);
  assert.equal(status, 0);
  const text = await rig.read(".env");
  assert.ok(text.startsWith(`TELEGRAM_BOT_TOKEN_FILE=${file}\n`) && !text.includes(rig.telegram.token));
});

test("a relative workspace becomes absolute, and is made", async (t) => {
  const rig = await openRig(t);
  const { stdout } = await rig.cli(["init"], { ...rig.whole, WORKSPACE_ROOT: "work here" });
  const folder = path.join(rig.home, "work here");
  assert.equal((await readDotEnv(rig))["WORKSPACE_ROOT"], folder);
  assert.ok((await stat(folder)).isDirectory(), stdout);
});

test("a Cloudflare team is asked for its keys, and one that is none is refused", async (t) => {
  const rig = await openRig(t);
  const issuer = await openIssuer(t);
  const env = { ...rig.whole, CF_ACCESS_TEAM_DOMAIN: issuer.url, CF_ACCESS_AUD: AUDIENCE };
  const { status, stdout } = await rig.cli(["init"], env);
  assert.equal(status, 0, stdout);
  assert.match(stdout, /✓ Cloudflare Access: 127\.0\.0\.1:\d+ is there/);
  assert.equal((await readDotEnv(rig))["CF_ACCESS_AUD"], AUDIENCE);
  const refused = await rig.cli(["init"], { ...env, CF_ACCESS_TEAM_DOMAIN: rig.github.url });
  assert.equal(refused.status, 125);
  assert.match(refused.stderr, /^CF_ACCESS_TEAM_DOMAIN is wrong: .* is no team of Cloudflare Access \(404\)/);
});

test("an empty TZ counts as none", async (t) => {
  const rig = await openRig(t);
  const { status, stderr } = await rig.cli(["init"], { ...rig.whole, TZ: "" });
  assert.deepEqual([status, stderr], [0, ""]);
  assert.ok(((await readDotEnv(rig))["TZ"] ?? "").length > 2);
});

test("what init does not ask for is refused before anything is asked", async (t) => {
  const rig = await openRig(t);
  for (const [name, value] of [
    ["LOG_LEVEL", "loud"],
    ["DASHBOARD_TOKEN", "short"],
    ["BROKER_SECRET", "short"],
  ] as const) {
    await writeFile(path.join(rig.home, ".env"), `${name}=${value}\n`);
    const { status, stdout, stderr } = await rig.cli(["init"], rig.whole);
    assert.deepEqual([status, stdout], [125, ""]);
    assert.match(stderr, new RegExp(`^${name} does not parse`));
  }
});

test(
  "a workspace that init makes for containers is the agents' own",
  { skip: needsRoot("to give files away") },
  async (t) => {
    const rig = await openRig(t);
    await program(rig, "docker", "exit 0");
    const { stdout } = await rig.cli(["init"], { ...rig.whole, WORKSPACE_ROOT: "work" });
    assert.match(stdout, /✓ Workspace: .* is the agents' \(uid 10002\)/);
    const { uid, gid } = await stat(path.join(rig.home, "work"));
    assert.deepEqual([uid, gid], [10_002, 10_002]);
    await mkdir(path.join(rig.home, "mine"));
    const again = await rig.cli(["init"], { ...rig.whole, WORKSPACE_ROOT: "mine" });
    assert.match(again.stdout, /✗ Workspace: .* is not the agents' \(uid 10002\) → sudo chown -R 10002 /);
    assert.equal(again.status, 1);
  },
);

test("a word that init does not know is a misuse", async (t) => {
  const rig = await openRig(t);
  assert.equal((await rig.cli(["init", "--force"], rig.whole)).status, 2);
});

test("a value that no .env can hold is told by the name of its variable, and the file is left alone", async (t) => {
  const rig = await openRig(t);
  rig.claude.accepted = undefined;
  await writeFile(path.join(rig.home, ".env"), "# mine\n");
  const { status, stderr } = await rig.cli(["init"], { ...rig.whole, ANTHROPIC_API_KEY: "it's-quoted" });
  assert.equal(status, 1);
  assert.match(stderr, /^\.env cannot hold this: .*one of .*ANTHROPIC_API_KEY/);
  assert.ok(!stderr.includes("it's-quoted"));
  assert.equal(await rig.read(".env"), "# mine\n");
});

test(
  "where the user may not give the key away, Docker does, or the command is told",
  { skip: needsRoot("to become another") },
  async (t) => {
    const rig = await openRig(t);
    const pem = path.join(rig.home, "key.pem");
    await writeFile(pem, rig.github.addKey().privateKeyPem);
    rig.github.addInstallation({ account: "acme", repositories: [], permissions: GOOD_PERMISSIONS });
    const env = { ...rig.whole, GITHUB_APP_ID: "77", GITHUB_APP_PRIVATE_KEY_FILE: pem };
    const told = await rig.as(4321, ["init"], env);
    assert.equal(told.status, 0, told.stdout);
    assert.match(
      told.stdout,
      /– secrets\/: the broker \(uid 10001\) may not read it yet, .* → sudo sh -c 'chgrp -R 10001 secrets/,
    );
    await program(rig, "docker", `echo "$*" >>'${rig.home}/docker.log'; [ "$1" != run ]`);
    const failed = await rig.as(4321, ["init"], env);
    assert.equal(failed.status, 1);
    assert.match(failed.stdout, /✗ secrets\/: could not be given to the broker/);
    await program(rig, "docker", `echo "$*" >>'${rig.home}/docker.log'; exit 0`);
    const done = await rig.as(4321, ["init"], env);
    assert.equal(done.status, 0, done.stdout);
    assert.match(
      await rig.read("docker.log"),
      /\nrun --rm --network none --user 0:0 --entrypoint sh -v \S+\/secrets:\/secrets tinyclaw-broker:latest -c chgrp -R 10001 \/secrets/,
    );
    await rm(path.join(rig.home, "docker.log"));
  },
);
