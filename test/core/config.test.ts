import assert from "node:assert/strict";
import { mkdir, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { test, type TestContext } from "node:test";
import { inspect } from "node:util";
import {
  readCommonConfig,
  readQueueConfig,
  readTelegramConfig,
  type QueueConfig,
  type TelegramConfig,
} from "../../src/core/config.ts";
import { ConfigError } from "../../src/core/errors.ts";
import { loadEnvironment, type Environment } from "../../src/core/secrets.ts";
import { tempDir } from "../support/temp-dir.ts";

const TOKEN = "123456:AAbb-cc_DD";
const KEY = "sk-test-key-of-nobody";
const bot: Environment = { TELEGRAM_BOT_TOKEN: TOKEN, TELEGRAM_CHAT_ID: "-1001234567890" };
const agent: Environment = { ANTHROPIC_API_KEY: KEY, IS_SANDBOX: "1" };

/** An environment with these changes; a variable given as undefined is missing. */
const telegram = (change: Environment = {}): TelegramConfig => readTelegramConfig({ ...bot, ...change });
const queue = (change: Environment = {}): QueueConfig => readQueueConfig({ ...agent, ...change });

test("what is not set has the default the documents name", () => {
  const config = telegram();
  assert.deepEqual(
    [config.dir, config.timeZone, config.logLevel, config.apiRoot, [...config.allowedUsers]],
    [resolve(".tinyclaw"), "UTC", "info", "https://api.telegram.org", []],
  );
  assert.equal(queue().workspaceRoot, resolve("workspace"));
});

test("an empty variable counts as one that is not set", () => {
  const empty = { TINYCLAW_DIR: "", TZ: "", LOG_LEVEL: "", TELEGRAM_API_ROOT: "", TELEGRAM_ALLOWED_USERS: "" };
  assert.deepEqual(telegram(empty), telegram());
  const agents = queue({ ANTHROPIC_BASE_URL: "", CREDENTIAL_BROKER_URL: "", WORKSPACE_ROOT: "", BROKER_SECRET: "" });
  assert.deepEqual(agents.agentEnvironment, queue().agentEnvironment);
});

test("what is set is read", () => {
  const common = readCommonConfig({ TINYCLAW_DIR: "/data/claw", TZ: "Europe/Vienna", LOG_LEVEL: "debug" });
  assert.deepEqual(common, { dir: "/data/claw", timeZone: "Europe/Vienna", logLevel: "debug" });
  const config = telegram({ TELEGRAM_ALLOWED_USERS: " 11, 22,,33 ", TELEGRAM_API_ROOT: "http://127.0.0.1:8081/" });
  assert.deepEqual([config.chatId, [...config.allowedUsers]], [-1001234567890, [11, 22, 33]]);
  assert.equal(config.apiRoot, "http://127.0.0.1:8081");
  assert.equal(config.token.reveal(), TOKEN);
  assert.equal(queue({ WORKSPACE_ROOT: "there" }).workspaceRoot, resolve("there"));
});

/** Variable, malformed or missing value, and what its one line must say beside its name. */
const refused: [string, string | undefined, (change: Environment) => unknown, RegExp][] = [
  ["LOG_LEVEL", "loud", telegram, /one of fatal, error.*remove it/],
  ["TZ", "Middle-earth/Shire", telegram, /IANA time zone.*remove it/],
  ["TELEGRAM_BOT_TOKEN", undefined, telegram, /is missing.*@BotFather/],
  ["TELEGRAM_BOT_TOKEN", "", telegram, /is missing.*@BotFather/],
  ["TELEGRAM_BOT_TOKEN", "hush-hush-4711", telegram, /<digits>:<letters>.*@BotFather/],
  ["TELEGRAM_BOT_TOKEN", "123:hush hush", telegram, /<digits>:<letters>.*@BotFather/],
  ["TELEGRAM_BOT_TOKEN", "123:hush\n", telegram, /<digits>:<letters>.*@BotFather/],
  ["TELEGRAM_CHAT_ID", undefined, telegram, /is missing.*-100/],
  ["TELEGRAM_CHAT_ID", "my group", telegram, /whole number.*-100/],
  ["TELEGRAM_CHAT_ID", "0", telegram, /whole number.*-100/],
  ["TELEGRAM_CHAT_ID", "-0", telegram, /whole number.*-100/],
  ["TELEGRAM_CHAT_ID", "1e9", telegram, /whole number.*-100/],
  ["TELEGRAM_CHAT_ID", "99999999999999999999", telegram, /whole number.*-100/],
  ["TELEGRAM_ALLOWED_USERS", "11,@ann", telegram, /numeric user ids.*remove it/],
  ["TELEGRAM_ALLOWED_USERS", "-11", telegram, /numeric user ids.*remove it/],
  ["TELEGRAM_ALLOWED_USERS", "11;22", telegram, /numeric user ids.*remove it/],
  ["TELEGRAM_API_ROOT", "api.telegram.org", telegram, /http or https.*remove it/],
  ["TELEGRAM_API_ROOT", "ftp://api.telegram.org", telegram, /http or https.*remove it/],
  ["ANTHROPIC_API_KEY", undefined, queue, /is missing.*CLAUDE_CODE_OAUTH_TOKEN.*set one/],
  ["ANTHROPIC_API_KEY", "", queue, /is missing.*CLAUDE_CODE_OAUTH_TOKEN.*set one/],
  ["ANTHROPIC_BASE_URL", "localhost:8080", queue, /http or https.*remove it/],
  ["CREDENTIAL_BROKER_URL", "broker", queue, /http or https.*remove it/],
];
for (const [name, value, read, said] of refused) {
  test(`${name}=${JSON.stringify(value) ?? "(missing)"} is refused with rule and remedy in one line`, async (t) => {
    const home = await tempDir(t);
    assert.throws(
      () => read({ HOME: home, [name]: value }),
      (error) => {
        assert.ok(error instanceof ConfigError);
        assert.ok(error.message.startsWith(`${name} `), error.message);
        assert.match(error.message, said);
        assert.ok(!error.message.includes("\n"));
        assert.equal(error.details["variable"], name);
        assert.ok(!inspect(error).includes("hush"), "a secret shows");
        return true;
      },
    );
  });
}

test("secrets come from files as well, and never from two places", async (t) => {
  const dir = await tempDir(t);
  const write = async (name: string, text: string): Promise<string> => {
    await writeFile(join(dir, name), text);
    return join(dir, name);
  };
  const token = await write("token", `${TOKEN}\n`);
  assert.equal(telegram({ TELEGRAM_BOT_TOKEN: undefined, TELEGRAM_BOT_TOKEN_FILE: token }).token.reveal(), TOKEN);
  const both = { code: "config_invalid", message: /^(\w+) and \1_FILE are both set/ };
  assert.throws(() => telegram({ TELEGRAM_BOT_TOKEN_FILE: token }), both);
  for (const name of ["ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "CLAUDE_CODE_OAUTH_TOKEN", "BROKER_SECRET"]) {
    const value = `${name}-hush-hush`;
    const file = await write(name, `${value}\n`);
    const config = readQueueConfig({ IS_SANDBOX: "1", CLAUDE_CONFIG_DIR: await loggedIn(t), [`${name}_FILE`]: file });
    assert.equal(config.agentEnvironment[name], value);
    assert.ok(!(`${name}_FILE` in config.agentEnvironment));
    assert.deepEqual(
      config.agentSecrets.map((secret) => secret.reveal()),
      [value],
    );
    assert.throws(() => queue({ [name]: value, [`${name}_FILE`]: file }), both);
  }
});

async function loggedIn(t: TestContext): Promise<string> {
  const dir = await tempDir(t);
  await writeFile(join(dir, ".credentials.json"), "{}");
  return dir;
}

test("one credential is enough, whichever it is: a key, a token, or a login of Claude Code", async (t) => {
  for (const name of ["ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "CLAUDE_CODE_OAUTH_TOKEN"]) {
    assert.equal(readQueueConfig({ IS_SANDBOX: "1", HOME: await tempDir(t), [name]: KEY }).agentEnvironment[name], KEY);
  }
  const dir = await loggedIn(t);
  assert.equal(readQueueConfig({ IS_SANDBOX: "1", CLAUDE_CONFIG_DIR: dir }).agentEnvironment["CLAUDE_CONFIG_DIR"], dir);
  const home = await tempDir(t);
  await mkdir(join(home, ".claude"));
  assert.throws(() => readQueueConfig({ IS_SANDBOX: "1", HOME: home }), { code: "config_invalid" });
  await writeFile(join(home, ".claude", ".credentials.json"), "{}");
  const { agentEnvironment } = readQueueConfig({ IS_SANDBOX: "1", HOME: home });
  const names = Object.keys(agentEnvironment).filter((name) => !/^CLAUDE_CODE_(MAX|DISABLE)_/.test(name));
  assert.deepEqual(names.sort(), ["HOME", "IS_SANDBOX"], "no credential is made up");
});

test("a configuration prints no secret", () => {
  const printed = inspect([telegram(), queue({ BROKER_SECRET: "hush-hush" }).agentSecrets], { depth: 9 });
  assert.ok(!printed.includes(TOKEN) && !printed.includes(KEY) && !printed.includes("hush-hush"));
});

/** Runs `body` with these variables in the process's own environment. */
function withVariables(variables: Record<string, string>, body: () => void): void {
  const before = Object.keys(variables).map((name) => [name, process.env[name]] as const);
  Object.assign(process.env, variables);
  try {
    body();
  } finally {
    for (const [name, value] of before) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  }
}

test("the real environment wins over .env, which fills in the rest", async (t) => {
  const dir = await tempDir(t);
  await writeFile(join(dir, ".env"), '# choices\nTINYCLAW_TEST_A=file\nTINYCLAW_TEST_B="from file"\n');
  withVariables({ TINYCLAW_TEST_A: "real" }, () => {
    const environment = loadEnvironment(dir);
    assert.deepEqual([environment["TINYCLAW_TEST_A"], environment["TINYCLAW_TEST_B"]], ["real", "from file"]);
  });
  assert.equal(process.env["TINYCLAW_TEST_B"], undefined, ".env leaked into the process");
});

test("without .env the environment is the process's own, and an unreadable .env is refused", async (t) => {
  const dir = await tempDir(t);
  assert.deepEqual(loadEnvironment(dir), { ...process.env });
  await mkdir(join(dir, ".env"));
  assert.throws(() => loadEnvironment(dir), { code: "config_invalid", message: /^\.env .*EISDIR.*correct/ });
});

test("as root the start is refused where agents could not work: no sandbox, and no other user for them", () => {
  const asRoot = process.getuid?.() === 0;
  const read = () => queue({ IS_SANDBOX: undefined });
  if (asRoot) assert.throws(read, /IS_SANDBOX is not 1.*another user, set AGENT_UID/);
  else assert.doesNotThrow(read);
  const runAs = queue({ IS_SANDBOX: undefined, AGENT_UID: "1001" }).runAs;
  assert.deepEqual(runAs, asRoot ? { uid: 1001, gid: 1001 } : undefined);
});

test("agents have a user of their own by both its numbers, or by one for both; never root", () => {
  const asRoot = process.getuid?.() === 0;
  assert.deepEqual(queue({ AGENT_UID: "7", AGENT_GID: "8" }).runAs, asRoot ? { uid: 7, gid: 8 } : undefined);
  assert.equal(queue().runAs, undefined);
  assert.throws(() => queue({ AGENT_GID: "8" }), /AGENT_UID is missing/);
  for (const value of ["0", "root", "-1", "1.5"]) assert.throws(() => queue({ AGENT_UID: value }), /AGENT_UID/);
});

test("agents have a home of their own where AGENT_HOME names one", () => {
  const home = (change: Environment) => queue({ HOME: "/root", ...change }).agentEnvironment["HOME"];
  assert.deepEqual(
    [home({}), home({ AGENT_HOME: "" }), home({ AGENT_HOME: "/home/agent" })],
    ["/root", "/root", "/home/agent"],
  );
  assert.throws(() => queue({ AGENT_HOME: "agent" }), /^ConfigError: AGENT_HOME .*absolute path.*remove it/);
});

test("a login in the agents' home is a credential", async (t) => {
  const home = await tempDir(t);
  const read = () => readQueueConfig({ IS_SANDBOX: "1", HOME: "/nowhere", AGENT_HOME: home });
  assert.throws(read, /ANTHROPIC_API_KEY is missing/);
  await mkdir(join(home, ".claude"));
  await writeFile(join(home, ".claude", ".credentials.json"), "{}");
  assert.doesNotThrow(read);
});
