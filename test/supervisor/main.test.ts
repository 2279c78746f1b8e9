import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { test, type TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import { holdDirectory } from "../../src/supervisor/instance-lock.ts";
import { tempDir } from "../support/temp-dir.ts";

const timeout = 30_000;
const program = fileURLToPath(new URL("../../src/supervisor/main.js", import.meta.url));
const TOKEN = "123456:hush-hush-token";
const KEY = "sk-hush-hush-key";
const good = { TELEGRAM_BOT_TOKEN: TOKEN, TELEGRAM_CHAT_ID: "-1001234567890", ANTHROPIC_API_KEY: KEY, IS_SANDBOX: "1" };

interface Outcome {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** Whether anything was made in the working directory. */
  readonly began: boolean;
}

/** Starts the bot in a fresh working directory with this environment and nothing else. */
async function start(
  t: TestContext,
  environment: Record<string, string | undefined>,
  dotenv?: string,
  words: readonly string[] = [],
): Promise<Outcome> {
  const cwd = await tempDir(t);
  if (dotenv !== undefined) await writeFile(join(cwd, ".env"), dotenv);
  const env = { PATH: process.env["PATH"], HOME: cwd, ...environment };
  const child = spawn(process.execPath, [program, ...words], { cwd, env, stdio: ["ignore", "pipe", "pipe"] });
  t.after(() => child.kill("SIGKILL"));
  const [[status], stdout, stderr] = await Promise.all([
    once(child, "close") as Promise<[number | null]>,
    text(child.stdout),
    text(child.stderr),
  ]);
  return { status, stdout, stderr, began: existsSync(join(cwd, ".tinyclaw")) };
}

const refused: [string, string, Record<string, string | undefined>][] = [
  ["a missing token", "TELEGRAM_BOT_TOKEN", { TELEGRAM_BOT_TOKEN: undefined }],
  ["a malformed token", "TELEGRAM_BOT_TOKEN", { TELEGRAM_BOT_TOKEN: "hush-hush" }],
  ["a missing chat", "TELEGRAM_CHAT_ID", { TELEGRAM_CHAT_ID: undefined }],
  ["a chat that is no number", "TELEGRAM_CHAT_ID", { TELEGRAM_CHAT_ID: "@group" }],
  ["no credential for Claude", "ANTHROPIC_API_KEY", { ANTHROPIC_API_KEY: undefined }],
  ["an unknown time zone", "TZ", { TZ: "Nowhere/Else" }],
  ["an unknown log level", "LOG_LEVEL", { LOG_LEVEL: "loud" }],
  ["a credential given twice", "ANTHROPIC_API_KEY", { ANTHROPIC_API_KEY_FILE: "/run/hush-hush" }],
];
for (const [what, name, change] of refused) {
  test(`${what} ends the start with status 125 and one line that names ${name}`, { timeout }, async (t) => {
    const { status, stdout, stderr, began } = await start(t, { ...good, ...change });
    assert.deepEqual([status, stdout, began], [125, "", false]);
    assert.match(stderr, /^[^\n]+\n$/);
    assert.ok(stderr.startsWith(`${name} `), stderr);
    assert.ok(!stderr.includes("hush"), stderr);
  });
}

test("what .env says is refused in the same way", { timeout }, async (t) => {
  const { status, stderr } = await start(t, { ...good, TELEGRAM_CHAT_ID: undefined }, "TELEGRAM_CHAT_ID=my-group\n");
  assert.equal(status, 125);
  assert.match(stderr, /^TELEGRAM_CHAT_ID .*whole number/);
});

test("a data directory that cannot be made ends the start with status 70 and its reason", { timeout }, async (t) => {
  const file = join(await tempDir(t), "file");
  await writeFile(file, "");
  const { status, stderr } = await start(t, { ...good, TINYCLAW_DIR: join(file, "data") });
  assert.equal(status, 70);
  assert.match(stderr, /^The bot ended on a fault: .*ENOTDIR.*\n$/);
  assert.ok(!stderr.includes("hush"), stderr);
});

test(
  "--check of a bot that is not there ends with status 1 and one line, and asks for no variable",
  { timeout },
  async (t) => {
    const { status, stdout, stderr, began } = await start(t, {}, undefined, ["--check"]);
    assert.deepEqual([status, stderr, began], [1, "", false]);
    assert.match(stdout, /^\S+supervisor\.json cannot be read \(ENOENT\)\n$/);
  },
);

test("any other word ends the start with status 2", { timeout }, async (t) => {
  const { status, stderr, began } = await start(t, good, undefined, ["--now"]);
  assert.deepEqual([status, stderr, began], [2, "usage: npm start [-- --check]\n", false]);
});

test(
  "a data directory that another bot holds ends the start with status 75 and says who holds it",
  { timeout },
  async (t) => {
    const dir = await tempDir(t);
    const lock = await holdDirectory(dir, { pid: process.pid, instance: "other" }, Date.now());
    t.after(() => lock.release());
    const { status, stdout, stderr } = await start(t, { ...good, TINYCLAW_DIR: dir });
    assert.deepEqual([status, stdout], [75, ""]);
    assert.match(stderr, new RegExp(`^${dir} is in use by process ${process.pid}: stop that bot first, .*\n$`));
  },
);

test("a start that fails half way ends, with status 70 and its reason", { timeout }, async (t) => {
  const dir = await tempDir(t);
  await writeFile(join(dir, "logs"), "");
  const { status, stderr } = await start(t, { ...good, TINYCLAW_DIR: dir });
  assert.equal(status, 70);
  assert.match(stderr, /^The bot ended on a fault: .*\n$/);
});
