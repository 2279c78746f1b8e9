import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { TelegramSandbox } from "../../src/sandbox/telegram/telegram.ts";
import { tempDir } from "../support/temp-dir.ts";

const timeout = 60_000;
const program = fileURLToPath(new URL("../../src/supervisor/main.js", import.meta.url));
const fixture = new URL("fixtures/fault-in-main.js", import.meta.url).href;

interface Line {
  readonly level: number;
  readonly worker: string;
  readonly err?: { readonly stack: string };
}

for (const [what, fault] of [
  ["an exception that nothing catches", "throw"],
  ["a rejection that nothing handles", "reject"],
] as const) {
  test(
    `${what} in the main thread is told with its stack, in the log and on standard error, and ends the bot with 70`,
    { timeout },
    async (t) => {
      const telegram = new TelegramSandbox();
      await telegram.start();
      t.after(() => telegram.stop());
      const dir = await tempDir(t);
      const env = {
        PATH: process.env["PATH"],
        HOME: dir,
        TINYCLAW_DIR: dir,
        WORKSPACE_ROOT: join(dir, "workspace"),
        TELEGRAM_BOT_TOKEN: telegram.token,
        TELEGRAM_CHAT_ID: String(telegram.chatId),
        TELEGRAM_API_ROOT: telegram.url,
        ANTHROPIC_API_KEY: "sk-hush-hush-key",
        IS_SANDBOX: "1",
        FAULT: fault,
      };
      const child = spawn(process.execPath, ["--import", fixture, program], {
        cwd: dir,
        env,
        stdio: ["ignore", "pipe", "pipe"],
      });
      t.after(() => child.kill("SIGKILL"));
      const [[status], stdout, stderr] = await Promise.all([
        once(child, "close") as Promise<[number | null]>,
        text(child.stdout),
        text(child.stderr),
      ]);
      assert.equal(status, 70, stderr);
      const log = await readFile(join(dir, "logs", "supervisor.log"), "utf8");
      const last = JSON.parse(log.trimEnd().split("\n").at(-1) ?? "") as Line;
      assert.deepEqual([last.level, last.worker], [50, "supervisor"]);
      const told = /Error: the call of https:\/\/h\/bot\[secret\]\/x failed\n\s+at .*look.*fault-in-main/;
      assert.match(last.err?.stack ?? "", told);
      assert.match(stderr, told);
      assert.ok(!`${log}${stdout}${stderr}`.includes(telegram.token));
    },
  );
}
