import { chmod, lstat, mkdir, readFile, rmdir } from "node:fs/promises";
import { readFileSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { randomBytes } from "node:crypto";
import { readBrokerConfig } from "../../broker/config.ts";
import { readAppKey } from "../../broker/key-file.ts";
import { ConfigError, describeError, errorCode } from "../../core/errors.ts";
import { CliError } from "../errors.ts";
import { ok, skipped } from "../setup/finding.ts";
import { probeApp } from "../setup/github.ts";
import { replacePrivateFile } from "../setup/private-file.ts";
import { KEY_NAME } from "../setup/secrets-folder.ts";
import { byReader, settle, type Field, type Setup } from "./settle.ts";

const KEY_VARIABLE = "GITHUB_APP_PRIVATE_KEY_FILE";
const ANYBODY = { BROKER_SECRET: randomBytes(32).toString("hex") };

const app: Field = {
  name: "GITHUB_APP_ID",
  message: "Id of your GitHub App; empty for no GitHub access",
  comment: "GitHub: number or client id of the App",
  required: false,
  check: byReader((value) => readBrokerConfig({ ...ANYBODY, GITHUB_APP_ID: value })),
};

/** The secret between agents and broker, made once. */
export function settleBrokerSecret({ draft, tell }: Setup): void {
  const present = draft.secret("BROKER_SECRET");
  readBrokerConfig({ BROKER_SECRET: present });
  if (present !== undefined) {
    if (draft.get("BROKER_SECRET_FILE") === undefined && !present.includes("\n"))
      draft.set("BROKER_SECRET", present, SECRET_COMMENT);
    return;
  }
  draft.set("BROKER_SECRET", randomBytes(32).toString("hex"), SECRET_COMMENT);
  tell(ok("Broker secret", "made"));
}

const SECRET_COMMENT = "What agents show to the credential broker; made by init";

/** What is to be written into `secrets/`; undefined: nothing new. */
export type NewKey = string | undefined;

/** App and key, held against what GitHub says. Resolves with the text of a key that is to be copied. */
export async function settleGitHub(setup: Setup): Promise<NewKey> {
  const apiUrl = readBrokerConfig({ GITHUB_API_URL: setup.draft.get("GITHUB_API_URL") }).apiUrl;
  for (let anew = false; ; anew = true) {
    const appId = await settle(setup, app, anew);
    if (appId === undefined) {
      setup.tell(skipped("GitHub App", "none: agents have no GitHub access", "docs/github.md, then run this again"));
      return undefined;
    }
    const { text, isNew } = await settleKey(setup, anew);
    const reading = text === undefined ? undefined : readAppKey(text);
    if (reading?.status !== "ok") {
      setup.tell(skipped("GitHub App", "not checked: the key belongs to the broker, and this user may not read it"));
      return undefined;
    }
    const findings = await probeApp({ apiUrl, appId, key: reading.key.key, signal: setup.signal });
    findings.forEach(setup.tell);
    const next = findings[0]?.mark === "bad" ? await afterRefusal(setup) : "on";
    if (next === "on") return isNew ? text : undefined;
    setup.withdraw(findings);
  }
}

async function afterRefusal({ prompter }: Setup): Promise<"again" | "on"> {
  if (prompter === undefined) {
    throw new ConfigError("GITHUB_APP_ID is refused by GitHub with this key: check that both are of the same App.", {
      variable: app.name,
    });
  }
  return prompter.choose("GitHub does not accept the App.", [
    { value: "again", label: "Give id and key again" },
    { value: "on", label: "Go on as it is" },
  ]);
}

/** A key in `secrets/`, which may be readable to the broker alone. */
interface PresentKey {
  readonly text: string | undefined;
  /** There is one, and as far as can be told it will do. */
  readonly isGood: boolean;
}

/** The key's text, undefined where it cannot be read: from a path that is told, else the one in `secrets/`. */
async function settleKey(setup: Setup, anew: boolean): Promise<{ text: string | undefined; isNew: boolean }> {
  const told = sourceOf(setup);
  const present = await presentKey(setup);
  if (setup.prompter === undefined) return keyWithoutTerminal(told, present);
  if (present.isGood && !anew && !setup.all) {
    return told === undefined ? { text: present.text, isNew: false } : { text: readKey(told), isNew: true };
  }
  const path = await setup.prompter.text({
    message: "Path of the App's private key (.pem)",
    initial: told,
    hint: present.isGood ? `Enter keeps secrets/${KEY_NAME}` : undefined,
    check: (answer) => (answer === "" && present.isGood ? undefined : keyFault(answer)),
  });
  return path === "" ? { text: present.text, isNew: false } : { text: readKey(path), isNew: true };
}

function keyWithoutTerminal(told: string | undefined, { text, isGood }: PresentKey) {
  if (told !== undefined) return { text: readKey(told), isNew: true };
  if (isGood) return { text, isNew: false };
  const fault = text === undefined ? "is missing" : "is no key";
  const remedy = "set it to the path of the App's private key";
  throw new ConfigError(`secrets/${KEY_NAME} ${fault}, and ${KEY_VARIABLE} names no other: ${remedy}.`, {
    variable: KEY_VARIABLE,
  });
}

/** A path on this machine; the variable may also hold what the broker's container calls the files. */
function sourceOf({ draft }: Setup): string | undefined {
  const value = draft.get(KEY_VARIABLE);
  return value === undefined || value.includes(",") || value.startsWith("/secrets/") ? undefined : value;
}

function keyFault(path: string): string | undefined {
  if (path === "") return "This is needed.";
  return byReader(readKey)(path);
}

/** Throws ConfigError with what is wrong; the path stays out of it, since a mistaken operator may paste the key itself. */
function readKey(path: string): string {
  const whole = resolve(path.replace(/^~(?=\/)/, homedir()));
  const fail = (fault: string): never => {
    throw new ConfigError(`${KEY_VARIABLE}: the file ${fault}.`, { variable: KEY_VARIABLE });
  };
  try {
    if (statSync(whole).isDirectory()) return fail("is a directory: name the .pem in it");
    const text = readFileSync(whole, "utf8");
    const reading = readAppKey(text);
    return reading.status === "ok" ? text : fail(reading.reason);
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    return fail(`cannot be read (${errorCode(error) ?? "unknown"})`);
  }
}

async function presentKey({ directory }: Setup): Promise<PresentKey> {
  try {
    const text = await readFile(join(directory, "secrets", KEY_NAME), "utf8");
    return { text, isGood: readAppKey(text).status === "ok" };
  } catch (error) {
    const code = errorCode(error);
    if (code === "EACCES") return { text: undefined, isGood: true };
    if (code === "ENOENT" || code === "EISDIR") return { text: undefined, isGood: false };
    throw error;
  }
}

/** Makes `secrets/`, and puts the key there. An empty directory in its place, as Docker makes them, gives way. */
export async function writeSecrets(folder: string, key: NewKey): Promise<void> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    if (key === undefined) return;
    const path = join(folder, KEY_NAME);
    if (await isDirectory(path)) await rmdir(path);
    await replacePrivateFile(path, key.endsWith("\n") ? key : `${key}\n`);
    await chmod(path, 0o600);
  } catch (error) {
    const remedy = "look at who owns secrets/ and what is in it, or run this as root";
    throw new CliError(
      "init_failed",
      `The App's key could not be put into ${folder}: ${describeError(error)}; ${remedy}.`,
      { cause: error },
    );
  }
}

async function isDirectory(path: string): Promise<boolean> {
  try {
    return (await lstat(path)).isDirectory();
  } catch {
    return false;
  }
}
