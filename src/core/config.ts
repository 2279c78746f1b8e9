/** Environment variables: which program reads which, what they must look like, and what to do when they do not. */
import { homedir } from "node:os";
import { isAbsolute, join, resolve } from "node:path";
import { ConfigError } from "./errors.ts";
import { hasLogin } from "./login.ts";
import { readSecret, type Environment, type Secret } from "./secrets.ts";

export const LOG_LEVELS = ["fatal", "error", "warn", "info", "debug", "trace"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** What every program reads. */
export interface CommonConfig {
  /** Absolute path of `.tinyclaw/`. */
  readonly dir: string;
  readonly timeZone: string;
  readonly logLevel: LogLevel;
}

export interface TelegramConfig extends CommonConfig {
  readonly token: Secret;
  readonly chatId: number;
  /** Empty: every member of the chat. */
  readonly allowedUsers: ReadonlySet<number>;
  readonly apiRoot: string;
}

/** User and group of a process. */
export interface RunAs {
  readonly uid: number;
  readonly gid: number;
}

export interface QueueConfig extends CommonConfig {
  /** Absolute path under which threads get their working directories. */
  readonly workspaceRoot: string;
  /** Exactly what an agent's process is given. */
  readonly agentEnvironment: Readonly<Record<string, string>>;
  /** User and group of the agents' processes; undefined: the bot's own. */
  readonly runAs: RunAs | undefined;
  /** Among them the values that must never be printed. */
  readonly agentSecrets: readonly Secret[];
}

const COMMON = ["TINYCLAW_DIR", "TZ", "LOG_LEVEL"];
const TELEGRAM = [
  "TELEGRAM_BOT_TOKEN",
  "TELEGRAM_BOT_TOKEN_FILE",
  "TELEGRAM_CHAT_ID",
  "TELEGRAM_ALLOWED_USERS",
  "TELEGRAM_API_ROOT",
];
const AGENT_SECRETS = ["ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "CLAUDE_CODE_OAUTH_TOKEN", "BROKER_SECRET"];
const PROXY = ["HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY"];
const CERTIFICATES = ["SSL_CERT_FILE", "SSL_CERT_DIR", "NODE_EXTRA_CA_CERTS", "CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE"];
const GIT = ["GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL", "GIT_COMMITTER_NAME", "GIT_COMMITTER_EMAIL", "GIT_SSL_CAINFO"];
const SHELL = ["PATH", "HOME", "LANG", "TZ", "IS_SANDBOX", "CLAUDE_CONFIG_DIR", "CREDENTIAL_BROKER_URL"];
/** By name; `ANTHROPIC_*` and `CLAUDE_CODE_*` come on top. */
const AGENT = [
  ...SHELL,
  ...PROXY,
  ...PROXY.map((name) => name.toLowerCase()),
  ...CERTIFICATES,
  ...GIT,
  "BROKER_SECRET",
];
const AGENT_PREFIX = /^(ANTHROPIC|CLAUDE_CODE)_[A-Z0-9_]+$/;

/** What an agent is given unless the operator's environment says otherwise. */
const AGENT_DEFAULTS = {
  // By itself Claude Code asks a failing API ten times, over minutes in which the topic hears nothing. Four times takes
  // some eight seconds; after that the queue holds the message, and the topic is told.
  CLAUDE_CODE_MAX_RETRIES: "4",
  // A background command that ends makes the agent speak unasked, between turns, where nobody posts what it says.
  CLAUDE_CODE_DISABLE_BACKGROUND_TASKS: "1",
  CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: "1",
};

/** The part of the environment that one worker gets, and no more. */
export function telegramEnvironment(environment: Environment): Record<string, string> {
  return pick(environment, (name) => COMMON.includes(name) || TELEGRAM.includes(name));
}

/** As `telegramEnvironment`, for the queue worker: its own and what it may hand to agents. */
export function queueEnvironment(environment: Environment): Record<string, string> {
  const own = [
    ...COMMON,
    "WORKSPACE_ROOT",
    "AGENT_UID",
    "AGENT_GID",
    "AGENT_HOME",
    ...AGENT,
    ...AGENT_SECRETS.map((name) => `${name}_FILE`),
  ];
  return pick(environment, (name) => own.includes(name) || AGENT_PREFIX.test(name));
}

export function readCommonConfig(environment: Environment): CommonConfig {
  const level = environment["LOG_LEVEL"] || "info";
  return {
    dir: resolve(environment["TINYCLAW_DIR"] || ".tinyclaw"),
    timeZone: timeZone(environment["TZ"] || "UTC"),
    logLevel:
      LOG_LEVELS.find((known) => known === level) ??
      refuse("LOG_LEVEL", `one of ${LOG_LEVELS.join(", ")}`, "correct it or remove it for info"),
  };
}

export function readTelegramConfig(environment: Environment): TelegramConfig {
  return {
    ...readCommonConfig(environment),
    token: botToken(environment),
    chatId: chatId(environment["TELEGRAM_CHAT_ID"]),
    allowedUsers: allowedUsers(environment["TELEGRAM_ALLOWED_USERS"]),
    apiRoot: httpUrl("TELEGRAM_API_ROOT", environment["TELEGRAM_API_ROOT"] || "https://api.telegram.org"),
  };
}

export function readQueueConfig(environment: Environment): QueueConfig {
  const { values, secrets } = agentEnvironment(environment);
  for (const name of ["ANTHROPIC_BASE_URL", "CREDENTIAL_BROKER_URL"]) {
    if (values[name] !== undefined) httpUrl(name, values[name]);
  }
  requireCredential(values, runAs(environment));
  refuseRoot(environment, values);
  return {
    ...readCommonConfig(environment),
    workspaceRoot: resolve(environment["WORKSPACE_ROOT"] || "workspace"),
    agentEnvironment: values,
    runAs: runAs(environment),
    agentSecrets: secrets,
  };
}

/** An empty variable counts as none: Compose hands on `${X:-}` as that. */
function pick(environment: Environment, wanted: (name: string) => boolean): Record<string, string> {
  const entries = Object.entries(environment).filter(([name, value]) => Boolean(value) && wanted(name));
  return Object.fromEntries(entries) as Record<string, string>;
}

function agentEnvironment(environment: Environment): { values: Record<string, string>; secrets: Secret[] } {
  const isPath = (name: string): boolean => AGENT_SECRETS.some((secret) => name === `${secret}_FILE`);
  const values: Record<string, string> = {
    ...AGENT_DEFAULTS,
    ...pick(environment, (name) => AGENT.includes(name) || (AGENT_PREFIX.test(name) && !isPath(name))),
  };
  const home = agentHome(environment);
  if (home !== undefined) values["HOME"] = home;
  const secrets: Secret[] = [];
  for (const name of AGENT_SECRETS) {
    const secret = readSecret(environment, name);
    if (secret === undefined) continue;
    values[name] = secret.reveal();
    secrets.push(secret);
  }
  return { values, secrets };
}

/** Of its own where it has a user of its own: what it writes there must not be read at a start of ours. */
function agentHome(environment: Environment): string | undefined {
  const home = environment["AGENT_HOME"] || undefined;
  if (home === undefined || isAbsolute(home)) return home;
  return refuse("AGENT_HOME", "an absolute path", "correct it or remove it for the bot's own HOME");
}

/** Takes effect where the bot runs as root; another user may not change to it, and the agents stay under the bot's. */
function runAs(environment: Environment): QueueConfig["runAs"] {
  const [uid, gid] = (["AGENT_UID", "AGENT_GID"] as const).map((name) => {
    const value = environment[name] || undefined;
    if (value === undefined || /^[1-9]\d{0,8}$/.test(value)) return value === undefined ? undefined : Number(value);
    return refuse(name, "the number of a user or group other than root", "correct it or remove it");
  });
  if (uid === undefined && gid === undefined) return undefined;
  if (uid === undefined) return refuse("AGENT_UID", "set", "set it beside AGENT_GID", "is missing");
  if (process.getuid?.() !== 0) return undefined;
  if ((gid ?? uid) === process.getgid?.()) {
    return refuse("AGENT_GID", "another group than the bot's, which may read all of its files", "take another number");
  }
  return { uid, gid: gid ?? uid };
}

/** Claude Code does not work unasked as root, and would say so in every turn. */
function refuseRoot(environment: Environment, agent: Readonly<Record<string, string>>): void {
  if (process.getuid?.() !== 0 || runAs(environment) !== undefined || agent["IS_SANDBOX"] === "1") return;
  throw new ConfigError(
    "IS_SANDBOX is not 1, and as root agents refuse to work without it: run the bot as another user, set AGENT_UID, or set IS_SANDBOX=1 on a machine that is a sandbox.",
    { variable: "IS_SANDBOX" },
  );
}

function requireCredential(agent: Readonly<Record<string, string>>, runAs: QueueConfig["runAs"]): void {
  if (["ANTHROPIC_API_KEY", "CLAUDE_CODE_OAUTH_TOKEN", "ANTHROPIC_AUTH_TOKEN"].some((name) => agent[name])) return;
  const directory = agent["CLAUDE_CONFIG_DIR"] || join(agent["HOME"] || homedir(), ".claude");
  if (hasLogin(directory, runAs)) return;
  throw new ConfigError(
    "ANTHROPIC_API_KEY is missing, and so are CLAUDE_CODE_OAUTH_TOKEN and a logged-in ~/.claude: set one of them.",
    { variable: "ANTHROPIC_API_KEY" },
  );
}

function botToken(environment: Environment): Secret {
  const token = readSecret(environment, "TELEGRAM_BOT_TOKEN");
  if (token === undefined) {
    refuse("TELEGRAM_BOT_TOKEN", "set", "copy the token that @BotFather gave for your bot", "is missing");
  }
  if (!/^\d+:[\w-]+$/.test(token.reveal())) {
    refuse("TELEGRAM_BOT_TOKEN", "of the form <digits>:<letters>", "copy the token that @BotFather gave for your bot");
  }
  return token;
}

function chatId(value: string | undefined): number {
  const remedy = "give the numeric id of your forum group, as in -1001234567890";
  if (value === undefined || value === "") refuse("TELEGRAM_CHAT_ID", "set", remedy, "is missing");
  const id = /^-?\d{1,16}$/.test(value) ? Number(value) : 0;
  return id === 0 ? refuse("TELEGRAM_CHAT_ID", "a whole number other than 0", remedy) : id;
}

function allowedUsers(value: string | undefined): ReadonlySet<number> {
  const parts = (value ?? "").split(",").map((part) => part.trim());
  const ids = parts.filter((part) => part !== "");
  if (!ids.every((id) => /^[1-9]\d{0,15}$/.test(id))) {
    refuse(
      "TELEGRAM_ALLOWED_USERS",
      "numeric user ids separated by commas",
      "correct it or remove it to allow every member",
    );
  }
  return new Set(ids.map(Number));
}

function httpUrl(name: string, value: string): string {
  const url = URL.canParse(value) ? new URL(value) : undefined;
  if (url === undefined || !["http:", "https:"].includes(url.protocol)) {
    refuse(name, "an http or https address", "correct it or remove it for the default");
  }
  return value.replace(/\/+$/, "");
}

function timeZone(value: string): string {
  try {
    return new Intl.DateTimeFormat("en", { timeZone: value }).resolvedOptions().timeZone;
  } catch {
    return refuse("TZ", "an IANA time zone such as Europe/Vienna", "correct it or remove it for UTC");
  }
}

function refuse(variable: string, rule: string, remedy: string, fault = `does not parse: it must be ${rule}`): never {
  throw new ConfigError(`${variable} ${fault}: ${remedy}.`, { variable });
}
