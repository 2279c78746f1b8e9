/** A checkout of its own, the stand-ins to hold values against, and `init` as a process, with or without a terminal. */
import { spawn } from "node:child_process";
import { chmod, mkdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import type { TestContext } from "node:test";
import { ClaudeSandbox } from "../../../src/sandbox/claude/claude.ts";
import { GitHubSandbox } from "../../../src/sandbox/github/github.ts";
import { TelegramSandbox } from "../../../src/sandbox/telegram/telegram.ts";
import { run, type Outcome } from "../../bin/run.ts";
import { tempDir } from "../../support/temp-dir.ts";
import { openTerminal, type Terminal } from "../terminal-rig.ts";

export const KEY = "sk-ant-api03-of-the-sandbox";
export const GOOD_PERMISSIONS = { contents: "write", pull_requests: "write", issues: "write" } as const;
const MAIN = path.join(import.meta.dirname, "..", "..", "..", "src", "cli", "main.js");

export interface Rig {
  readonly telegram: TelegramSandbox;
  readonly claude: ClaudeSandbox;
  readonly github: GitHubSandbox;
  /** The checkout. */
  readonly home: string;
  /** First and only on the PATH: what is not here is not there. */
  readonly bin: string;
  /** Where the stand-ins are, and nothing that init would ask for. */
  readonly places: Readonly<Record<string, string>>;
  /** All that is required, on top of it. */
  readonly whole: Readonly<Record<string, string>>;
  cli(words: readonly string[], env: Readonly<Record<string, string>>): Promise<Outcome>;
  /** As another user, whose the checkout becomes. Needs root. */
  as(uid: number, words: readonly string[], env: Readonly<Record<string, string>>): Promise<Outcome>;
  terminal(words: readonly string[], env: Readonly<Record<string, string>>): Terminal;
  /** A file of the checkout. */
  read(...name: string[]): Promise<string>;
}

export async function openRig(t: TestContext): Promise<Rig> {
  const root = await tempDir(t);
  const [home, bin] = [path.join(root, "checkout"), path.join(root, "bin")];
  await Promise.all([mkdir(home), mkdir(bin)]);
  const [telegram, claude, github] = [new TelegramSandbox(), new ClaudeSandbox(), new GitHubSandbox({ appId: 77 })];
  await Promise.all([telegram.start(), claude.start(), github.start()]);
  t.after(() => Promise.all([telegram.stop(), claude.stop(), github.stop()]));
  claude.accepted = [KEY];
  const places = {
    TELEGRAM_API_ROOT: telegram.url,
    ANTHROPIC_BASE_URL: claude.url,
    GITHUB_API_URL: github.url,
    HOME: root,
    PATH: bin,
  };
  const whole = {
    ...places,
    TELEGRAM_BOT_TOKEN: telegram.token,
    TELEGRAM_CHAT_ID: String(telegram.chatId),
    ANTHROPIC_API_KEY: KEY,
    TZ: "Europe/Vienna",
  };
  return {
    telegram,
    claude,
    github,
    home,
    bin,
    places,
    whole,
    cli: (words, env) => run(process.execPath, [MAIN, ...words], { cwd: home, env }),
    as: async (uid, words, env) => {
      await run("/bin/chown", ["-R", String(uid), root], { cwd: root, env: {} });
      const become = ["--reuid", String(uid), "--regid", String(uid), "--clear-groups", process.execPath, MAIN];
      return run("/usr/bin/setpriv", [...become, ...words], { cwd: home, env });
    },
    terminal: (words, env) => openTerminal(t, [process.execPath, MAIN, ...words], { cwd: home, env }),
    read: (...name) => readFile(path.join(home, ...name), "utf8"),
  };
}

/** A program on the PATH of a rig. */
export async function program(rig: Rig, name: string, body: string): Promise<void> {
  const file = path.join(rig.bin, name);
  await writeFile(file, `#!/bin/sh\n${body}\n`);
  await chmod(file, 0o755);
}

/** Variables of the checkout's `.env`, read by a shell as Compose's readers would not contradict. */
export async function readDotEnv(rig: Rig): Promise<Record<string, string>> {
  const names: string[] = [...(await rig.read(".env")).matchAll(/^([A-Z_]+)=/gm)].map((match) => match[1] ?? "");
  const shown = names.map((name) => `printf '%s\\0' "$${name}"`).join(";");
  const child = spawn("/bin/sh", ["-c", `. ./.env; ${shown}`], { cwd: rig.home, stdio: ["ignore", "pipe", "inherit"] });
  let told = "";
  for await (const part of child.stdout) told += String(part);
  const values = told.split("\0");
  return Object.fromEntries(names.map((name, at) => [name, values[at] ?? ""]));
}
