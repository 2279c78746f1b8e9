/** Telegram, Claude and GitHub: whether they can be reached, and take what `.env` holds. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { readBrokerConfig } from "../../broker/config.ts";
import { readAppKey } from "../../broker/key-file.ts";
import { readTelegramConfig, type TelegramConfig } from "../../core/config.ts";
import { ConfigError } from "../../core/errors.ts";
import { readSecret, type Environment } from "../../core/secrets.ts";
import { CLAUDE_CREDENTIALS, probeClaude } from "../setup/claude.ts";
import { bad, ok, probeFinding, type Finding } from "../setup/finding.ts";
import { probeApp } from "../setup/github.ts";
import { KEY_NAME } from "../setup/secrets-folder.ts";
import { probeBot, probeForum } from "../setup/telegram.ts";

/** GitHub refuses a JWT from a minute in the future, and Telegram's times are shown beside ours. */
const TOLERABLE_SKEW_MS = 30_000;

/** Of variables that do not parse nothing is told here. */
export async function lookOutside(
  directory: string,
  environment: Environment,
  signal: AbortSignal,
): Promise<Finding[]> {
  const parts = await Promise.all([
    lookAtTelegram(environment, signal),
    lookAtClaude(environment, signal),
    lookAtGitHub(directory, environment, signal),
  ]);
  return parts.flat();
}

async function lookAtTelegram(environment: Environment, signal: AbortSignal): Promise<Finding[]> {
  const config = parsed<TelegramConfig>(() => readTelegramConfig(environment));
  if (config === undefined) return [];
  const line = { apiRoot: config.apiRoot, token: config.token.reveal(), signal };
  const probe = await probeBot(line);
  const told = probeFinding("Telegram bot", probe, ({ username }) => `@${username}`, "bad");
  if (probe.status !== "ok") return [told];
  const { skewMs } = probe.value;
  const clock = skewMs === undefined ? [] : [clockFinding(skewMs)];
  return [told, ...(await probeForum(line, config.chatId, probe.value)), ...clock];
}

/** `skewMs`: Telegram's clock less this machine's. Pure. */
export function clockFinding(skewMs: number): Finding {
  const seconds = Math.round(skewMs / 1000);
  if (Math.abs(skewMs) <= TOLERABLE_SKEW_MS)
    return ok("Clock", Math.abs(seconds) <= 2 ? "is right" : `is right within ${Math.abs(seconds)} s`);
  const told = `is ${Math.abs(seconds)} s ${seconds > 0 ? "behind" : "ahead of"} Telegram's`;
  return bad("Clock", told, "sudo timedatectl set-ntp true");
}

async function lookAtClaude(environment: Environment, signal: AbortSignal): Promise<Finding[]> {
  const kind = parsed(() => CLAUDE_CREDENTIALS.find((name) => readSecret(environment, name) !== undefined));
  const secret = kind === undefined ? undefined : readSecret(environment, kind)?.reveal();
  const baseUrl = environment["ANTHROPIC_BASE_URL"] || "https://api.anthropic.com";
  if (kind === undefined || secret === undefined || !/^https?:\/\//.test(baseUrl) || !URL.canParse(baseUrl)) return [];
  const probe = await probeClaude({ baseUrl, kind, secret, signal });
  return [probeFinding("Claude", probe, (name) => `${name} is accepted`, "bad")];
}

/** Where this user may read the key; else the broker tells. */
async function lookAtGitHub(directory: string, environment: Environment, signal: AbortSignal): Promise<Finding[]> {
  const config = parsed(() => readBrokerConfig({ ...environment, GITHUB_APP_PRIVATE_KEY_FILE: undefined }));
  if (config?.appId === undefined) return [];
  const text = await readFile(join(directory, "secrets", KEY_NAME), "utf8").catch(() => "");
  const reading = readAppKey(text);
  if (reading.status !== "ok") return [];
  return probeApp({ apiUrl: config.apiUrl, appId: config.appId, key: reading.key.key, signal });
}

function parsed<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof ConfigError) return undefined;
    throw error;
  }
}
