/** `.env` and `secrets/`: there, closed to others, and such as each program takes. */
import { lstat } from "node:fs/promises";
import { join } from "node:path";
import { readBrokerConfig } from "../../broker/config.ts";
import { readCommonConfig, readQueueConfig, readTelegramConfig } from "../../core/config.ts";
import { ConfigError, errorCode } from "../../core/errors.ts";
import { readSecret, type Environment } from "../../core/secrets.ts";
import { readDashboardConfig } from "../../dashboard/config.ts";
import { CLAUDE_CREDENTIALS } from "../setup/claude.ts";
import { bad, ok, skipped, type Finding } from "../setup/finding.ts";
import { AGENT_UID } from "../setup/identities.ts";
import { keyFinding, listSecrets, secretsFindings } from "../setup/secrets-folder.ts";

const SECRETS = ["TELEGRAM_BOT_TOKEN", ...CLAUDE_CREDENTIALS, "BROKER_SECRET", "DASHBOARD_TOKEN"];
const INIT = "./tinyclaw.sh init asks for what is missing or wrong";

export async function lookAtSettings(directory: string, environment: Environment): Promise<Finding[]> {
  const file = await lookAtEnv(join(directory, ".env"));
  const read = file.mark === "ok" ? lookAtVariables(environment) : [];
  return [file, ...read, ...(await lookAtSecrets(join(directory, "secrets"), environment))];
}

async function lookAtEnv(path: string): Promise<Finding> {
  const what = ".env";
  try {
    const stats = await lstat(path);
    if (stats.isDirectory()) return bad(what, "is a directory", "rmdir .env, then ./tinyclaw.sh init");
    const mode = stats.mode & 0o777;
    if ((mode & 0o077) === 0 || stats.isSymbolicLink()) return ok(what, "is there, and closed to others");
    return bad(what, `others may read it (mode ${mode.toString(8)})`, "chmod 600 .env");
  } catch (error) {
    return bad(
      what,
      errorCode(error) === "ENOENT" ? "is missing" : `cannot be read (${errorCode(error) ?? "unknown"})`,
      "./tinyclaw.sh init",
    );
  }
}

/** As the containers get them: with an agents' user of their own, and no login of this machine's. */
export function lookAtVariables(environment: Environment): Finding[] {
  const readers: [what: string, read: () => void][] = [
    ["Variables of the telegram worker", () => readTelegramConfig(environment)],
    ["Variables of the dashboard", () => readDashboardConfig({ ...environment, DASHBOARD_HOST: undefined })],
    ["Variables of the broker", () => checkBroker(environment)],
    ["Variables of the agents", () => checkAgents(environment)],
  ];
  const faults = readers.flatMap(([what, read]) => faultOf(what, read));
  if (faults.length > 0) return faults;
  const hasCredential = CLAUDE_CREDENTIALS.some((name) => readSecret(environment, name) !== undefined);
  const login = "no credential in .env; a login in the agents' home is used if there is one";
  return [
    ok("Variables", "parse for every program"),
    ...(hasCredential ? [] : [skipped("Claude", login, INIT)]),
    ...pathFindings(environment),
  ];
}

/** Compose is told of the secrets themselves, and mounts no files of theirs. */
function pathFindings(environment: Environment): Finding[] {
  const paths = SECRETS.map((name) => `${name}_FILE`).filter((name) => Boolean(environment[name]));
  if (paths.length === 0) return [];
  return [
    skipped(
      "Variables",
      `${paths.join(", ")} reach no container by compose.yaml`,
      "give the value itself, or mount the file by compose.override.yaml",
    ),
  ];
}

function faultOf(what: string, read: () => void): Finding[] {
  try {
    read();
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return [bad(what, error.message, INIT)];
    throw error;
  }
}

/** The key's path is the container's, whatever the host has. */
function checkBroker(environment: Environment): void {
  const { appId, secrets } = readBrokerConfig({ ...environment, BROKER_HOST: undefined, BROKER_PORT: undefined });
  if (appId !== undefined && secrets.length === 0)
    throw new ConfigError("BROKER_SECRET is missing, and GITHUB_APP_ID is set: nobody could ask the broker.");
}

function checkAgents(environment: Environment): void {
  const hasCredential = CLAUDE_CREDENTIALS.some((name) => readSecret(environment, name) !== undefined);
  const own = { ...environment, AGENT_UID: environment["AGENT_UID"] || String(AGENT_UID) };
  if (hasCredential) readQueueConfig(own);
  else readCommonConfig(environment);
}

async function lookAtSecrets(folder: string, environment: Environment): Promise<Finding[]> {
  const needsKey = Boolean(environment["GITHUB_APP_ID"]);
  const entries = await listSecrets(folder);
  const findings = secretsFindings(entries, needsKey);
  return needsKey && entries !== undefined ? [...findings, await keyFinding(folder)] : findings;
}
