/** `init` at a pseudo-terminal. */
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import { lacks } from "../../bin/run.ts";
import { PATIENCE_MS } from "../../support/eventually.ts";
import { GOOD_PERMISSIONS, KEY, openRig, readDotEnv } from "./rig.ts";

const skip = lacks("script");

test("a whole conversation: the group is found by its next message, and no secret shows", { skip }, async (t) => {
  const rig = await openRig(t);
  rig.github.addInstallation({ account: "acme", repositories: [], permissions: GOOD_PERMISSIONS });
  const pem = path.join(rig.home, "..", "key.pem");
  await writeFile(pem, rig.github.addKey().privateKeyPem);
  const terminal = rig.terminal(["init"], rig.places);
  await terminal.shows(/The bot's token, from @BotFather/);
  terminal.type("nonsense");
  await terminal.shows(/TELEGRAM_BOT_TOKEN does not parse/);
  terminal.type("700000009:refused-by-telegram");
  await terminal.shows(/✗ Telegram bot: Telegram refuses the token/);
  await terminal.shows(/The bot's token/);
  terminal.type(rig.telegram.token);
  await terminal.shows(/✓ Telegram bot: @sandbox_bot/);
  await terminal.shows(/write a message there\. Waiting for it/);
  await rig.telegram.waitForPoll({ timeoutMs: PATIENCE_MS });
  const writer = rig.telegram.addUser({ id: 4711, firstName: "Tester" });
  rig.telegram.sendText(1, writer, "hello");
  await terminal.shows(/Found the group “Sandbox forum”/);
  await terminal.shows(/Who may give orders[^]*4711/);
  terminal.type("");
  await terminal.shows(/Claude's credential/);
  terminal.type("sk-ant-api03-of-nobody");
  await terminal.shows(/✗ Claude: Claude's API refuses it/);
  await terminal.shows(/Claude's credential/);
  terminal.type(KEY);
  await terminal.shows(/✓ Claude: ANTHROPIC_API_KEY is accepted/);
  await terminal.shows(/Id of your GitHub App/);
  terminal.type("77");
  await terminal.shows(/Path of the App's private key/);
  terminal.type(pem);
  await terminal.shows(/✓ GitHub App: tinyclaw-sandbox/);
  await terminal.shows(/Public name of the dashboard/);
  terminal.type("TinyClaw.example.com");
  await terminal.shows(/Team domain of Cloudflare Access/);
  terminal.type("");
  await terminal.shows(/– Cloudflare Access: not set: whoever reaches tinyclaw\.example\.com sees everything/);
  await terminal.shows(/Your time zone/);
  terminal.press("\u007f".repeat(40));
  terminal.type("Europe/Vienna");
  await terminal.shows(/Folder of this machine/);
  terminal.type("");
  await terminal.shows(/✓ \.env: written/);
  assert.equal(await terminal.ended, 0);
  const written = await readDotEnv(rig);
  assert.equal(written["TELEGRAM_CHAT_ID"], String(rig.telegram.chatId));
  assert.equal(written["TELEGRAM_ALLOWED_USERS"], "4711");
  assert.equal(written["DASHBOARD_ALLOWED_HOSTS"], "localhost,127.0.0.1,[::1],tinyclaw.example.com");
  assert.equal(written["TZ"], "Europe/Vienna");
  const secrets = [rig.telegram.token, KEY, "700000009:refused-by-telegram", "sk-ant-api03-of-nobody"];
  for (const secret of [...secrets, written["BROKER_SECRET"] ?? "?"]) assert.ok(!terminal.text.includes(secret));
  // Nor how long it is.
  assert.doesNotMatch(terminal.text, /[*▪•]{2}/);
});

test("a second run at the terminal asks only for what is not set", { skip }, async (t) => {
  const rig = await openRig(t);
  await rig.cli(["init"], { ...rig.whole, TELEGRAM_ALLOWED_USERS: "5", WORKSPACE_ROOT: "work" });
  const before = await rig.read(".env");
  const terminal = rig.terminal(["init"], rig.places);
  await terminal.shows(/Id of your GitHub App/);
  terminal.type("");
  await terminal.shows(/Public name of the dashboard/);
  terminal.type("");
  await terminal.shows(/✓ \.env: as it was/);
  await terminal.ended;
  assert.doesNotMatch(terminal.text, /The bot's token|Id of the group|Claude's credential|Your time zone/);
  assert.equal(await rig.read(".env"), before);
});

test("with --all everything is asked, and Enter keeps each present value", { skip }, async (t) => {
  const rig = await openRig(t);
  const env = { ...rig.whole, TELEGRAM_ALLOWED_USERS: "5", DASHBOARD_ALLOWED_HOSTS: "localhost,my.example.com" };
  await rig.cli(["init"], env);
  const before = await rig.read(".env");
  const terminal = rig.terminal(["init", "--all"], rig.places);
  for (const question of [
    /The bot's token[^]*Enter keeps the present one/,
    /Id of the group/,
    /Who may give orders/,
    /Claude's credential[^]*Enter keeps the present ANTHROPIC_API_KEY/,
    /Id of your GitHub App/,
    /Public name of the dashboard/,
    /Team domain/,
    /Your time zone/,
    /Folder of this machine/,
  ]) {
    await terminal.shows(question);
    terminal.type("");
  }
  await terminal.shows(/✓ \.env: as it was/);
  assert.equal(await terminal.ended, 0);
  assert.equal(await rig.read(".env"), before);
});

test("a group that is not ready is looked at again once it is mended", { skip }, async (t) => {
  const rig = await openRig(t);
  rig.telegram.setStanding({ managesTopics: false });
  const terminal = rig.terminal(["init"], rig.whole);
  await terminal.shows(/✗ Telegram topics/);
  await terminal.shows(/The group is not ready yet/);
  rig.telegram.setStanding({ managesTopics: true });
  terminal.type("");
  await terminal.shows(/✓ Telegram topics/);
});

for (const [what, keys] of [
  ["Ctrl-C at a question", "\u0003"],
  ["Escape at a question", "\u001b"],
] as const) {
  test(`${what} writes nothing: status 1`, { skip }, async (t) => {
    const rig = await openRig(t);
    const terminal = rig.terminal(["init"], rig.places);
    await terminal.shows(/The bot's token/);
    terminal.press(keys);
    await terminal.shows(/Broken off: nothing was written/);
    assert.equal(await terminal.ended, 1);
    await assert.rejects(rig.read(".env"), { code: "ENOENT" });
  });
}

test("Ctrl-C while the group's message is awaited writes nothing", { skip }, async (t) => {
  const rig = await openRig(t);
  const { TELEGRAM_CHAT_ID: _left, ...env } = rig.whole;
  const terminal = rig.terminal(["init"], env);
  await terminal.shows(/Waiting for it/);
  await rig.telegram.waitForPoll({ timeoutMs: PATIENCE_MS });
  terminal.press("\u0003");
  await terminal.shows(/Broken off: nothing was written/);
  assert.equal(await terminal.ended, 1);
  await assert.rejects(rig.read(".env"), { code: "ENOENT" });
});

test("a subscription's token takes the place of a refused key", { skip }, async (t) => {
  const rig = await openRig(t);
  rig.claude.accepted = ["sk-ant-oat01-good"];
  await writeFile(path.join(rig.home, ".env"), "ANTHROPIC_API_KEY=sk-ant-api03-old\n");
  const { ANTHROPIC_API_KEY: _left, ...env } = rig.whole;
  const terminal = rig.terminal(["init"], { ...env, TELEGRAM_ALLOWED_USERS: "5", WORKSPACE_ROOT: "work" });
  await terminal.shows(/✗ Claude/);
  await terminal.shows(/Claude's credential/);
  terminal.type("sk-ant-oat01-good");
  await terminal.shows(/✓ Claude: CLAUDE_CODE_OAUTH_TOKEN is accepted/);
  await terminal.shows(/Id of your GitHub App/);
  terminal.type("");
  await terminal.shows(/Public name/);
  terminal.type("");
  await terminal.ended;
  const written = await readDotEnv(rig);
  assert.deepEqual(
    [written["ANTHROPIC_API_KEY"], written["CLAUDE_CODE_OAUTH_TOKEN"]],
    [undefined, "sk-ant-oat01-good"],
  );
});
