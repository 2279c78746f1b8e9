/** `init`: asks what is missing, holds it against the places where it counts, writes `.env` and `secrets/`. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { readBrokerConfig } from "../../broker/config.ts";
import { readTelegramConfig } from "../../core/config.ts";
import { EXIT, describeError, errorCode } from "../../core/errors.ts";
import { ownEnvironment, type Environment } from "../../core/secrets.ts";
import { readDashboardConfig } from "../../dashboard/config.ts";
import { allowOnly, type Context } from "../command.ts";
import { CliError } from "../errors.ts";
import { findingLine, ok, type Finding } from "../setup/finding.ts";
import { replacePrivateFile } from "../setup/private-file.ts";
import { runner } from "../setup/run.ts";
import { handOver, listSecrets } from "../setup/secrets-folder.ts";
import { CLAUDE_CREDENTIALS } from "../setup/claude.ts";
import { settleClaude } from "./claude-step.ts";
import { settleDashboard } from "./dashboard-step.ts";
import { Draft } from "./draft.ts";
import { settleBrokerSecret, settleGitHub, writeSecrets, type NewKey } from "./github-step.ts";
import { lookForOlder, takeOverOlder } from "./older-step.ts";
import { makeWorkspace, settlePlace } from "./place-step.ts";
import { brokenOff, terminalPrompter } from "./prompter.ts";
import type { Setup } from "./settle.ts";
import { settleTelegram } from "./telegram-step.ts";

/** What the environment may bring. */
const SECRETS = ["TELEGRAM_BOT_TOKEN", ...CLAUDE_CREDENTIALS, "BROKER_SECRET", "DASHBOARD_TOKEN"];
const BROUGHT = [
  ...SECRETS,
  ...SECRETS.map((name) => `${name}_FILE`),
  ..."TELEGRAM_CHAT_ID TELEGRAM_ALLOWED_USERS TELEGRAM_API_ROOT ANTHROPIC_BASE_URL GITHUB_APP_ID GITHUB_API_URL".split(
    " ",
  ),
  ..."GITHUB_APP_PRIVATE_KEY_FILE DASHBOARD_ALLOWED_HOSTS CF_ACCESS_TEAM_DOMAIN CF_ACCESS_AUD TZ WORKSPACE_ROOT".split(
    " ",
  ),
];

export async function run(words: readonly string[], context: Context): Promise<number> {
  allowOnly("init", words, ["--all"]);
  const directory = process.cwd();
  const environment = ownEnvironment();
  const signal = context.interrupted();
  const findings = new Set<Finding>();
  const hasTerminal = process.stdin.isTTY && process.stdout.isTTY;
  const say = (line: string): void => void process.stdout.write(`${line}\n`);
  const run = runner(directory, signal);
  const setup: Setup = {
    draft: new Draft(await readText(join(directory, ".env")), pick(environment)),
    prompter: hasTerminal ? terminalPrompter(signal) : undefined,
    all: words.includes("--all"),
    signal,
    run,
    directory,
    hasDocker: (await run("docker", ["version"])).status === 0,
    tell: (finding) => {
      findings.add(finding);
      say(findingLine(finding));
    },
    withdraw: (told) => {
      for (const finding of told) findings.delete(finding);
    },
    say,
  };
  try {
    await init(setup, environment);
  } catch (error) {
    throw signal.aborted ? brokenOff() : error;
  }
  return conclude(setup, [...findings]);
}

/** Nothing is written before everything is answered. */
async function init(setup: Setup, environment: Environment): Promise<void> {
  checkRest(setup.draft.all());
  const older = await lookForOlder(setup, { TINYCLAW_DIR: setup.draft.get("TINYCLAW_DIR"), ...environment });
  await settleTelegram(setup);
  await settleClaude(setup);
  settleBrokerSecret(setup);
  const key = await settleGitHub(setup);
  await settleDashboard(setup);
  await settlePlace(setup);
  await write(setup, key);
  if (older !== undefined) await takeOverOlder(setup, older);
}

async function write(setup: Setup, key: NewKey): Promise<void> {
  const { draft, directory, tell } = setup;
  const folder = join(directory, "secrets");
  await writeSecrets(folder, key);
  await writeEnv(join(directory, ".env"), draft);
  tell(ok(".env", draft.changed().length === 0 ? "as it was" : `written: ${draft.changed().join(", ")}`));
  const hasFiles = ((await listSecrets(folder)) ?? []).length > 1;
  const tag = draft.get("TINYCLAW_TAG") ?? "latest";
  if (hasFiles) tell(await handOver(folder, setup.run, [`tinyclaw-broker:${tag}`, `tinyclaw-bot:${tag}`]));
  await makeWorkspace(setup);
}

async function writeEnv(path: string, draft: Draft): Promise<void> {
  const text = draft.text();
  if (text === undefined) {
    const names = draft.changed().join(", ");
    throw new CliError(
      "init_failed",
      `.env cannot hold this: it has a line that is no assignment and no comment, or one of ${names} has a quote, a backslash or a line break. Mend the line, or give the value by a file (X_FILE).`,
    );
  }
  try {
    await replacePrivateFile(path, text);
  } catch (error) {
    throw new CliError(
      "init_failed",
      `.env could not be written: ${describeError(error)}; look at who owns the checkout, and at the disk.`,
      { cause: error },
    );
  }
}

const ASKED = [
  ..."TELEGRAM_BOT_TOKEN TELEGRAM_BOT_TOKEN_FILE TELEGRAM_CHAT_ID TELEGRAM_ALLOWED_USERS GITHUB_APP_ID".split(" "),
  ..."GITHUB_APP_PRIVATE_KEY_FILE DASHBOARD_ALLOWED_HOSTS CF_ACCESS_TEAM_DOMAIN CF_ACCESS_AUD TZ".split(" "),
];

/** What init does not ask for must be right beforehand: at the end it would be too late. */
function checkRest(values: Readonly<Record<string, string>>): void {
  const rest = Object.fromEntries(Object.entries(values).filter(([name]) => !ASKED.includes(name)));
  readTelegramConfig({ ...rest, TELEGRAM_BOT_TOKEN: "1:a", TELEGRAM_CHAT_ID: "-1" });
  readBrokerConfig(rest);
  readDashboardConfig(rest);
}

function conclude({ say }: Setup, findings: readonly Finding[]): number {
  const isBad = findings.some(({ mark }) => mark === "bad");
  say(isBad ? "Mend what is marked ✗, then look again by ./tinyclaw.sh doctor." : "Ready: ./tinyclaw.sh start");
  return isBad ? 1 : EXIT.ok;
}

function pick(environment: Environment): Record<string, string | undefined> {
  return Object.fromEntries(BROUGHT.map((name) => [name, environment[name]]));
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if (errorCode(error) === "ENOENT") return "";
    throw new CliError("init_failed", `.env cannot be read: ${describeError(error)}; look at its owner and mode.`, {
      cause: error,
    });
  }
}
