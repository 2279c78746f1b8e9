import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { readCommonConfig } from "../../core/config.ts";
import type { Environment } from "../../core/secrets.ts";
import { CliError } from "../errors.ts";
import type { ClaudeFolder } from "./copy-sessions.ts";

/** What `backup` and `restore` are told. */
export interface Words {
  /** Undefined: standard output or input. */
  readonly file: string | undefined;
  readonly dataDir: string;
  readonly claude: ClaudeFolder;
  readonly check: boolean;
}

/** Throws `usage`. */
export function parseWords(command: "backup" | "restore", words: readonly string[], environment: Environment): Words {
  const { values, positionals } = read(command, words);
  const [file = "-", second] = positionals;
  if (second !== undefined || file === "" || (command === "backup" && values.check === true)) throw misused(command);
  const { data, home, check = false } = values;
  return {
    file: file === "-" ? undefined : resolve(file),
    dataDir: data === undefined ? readCommonConfig(environment).dir : resolve(data),
    claude: home === undefined ? sharedFolder(environment) : { path: join(resolve(home), ".claude"), isOwn: true },
    check,
  };
}

function sharedFolder(environment: Environment): ClaudeFolder {
  const path =
    environment["CLAUDE_CONFIG_DIR"] || join(environment["AGENT_HOME"] || environment["HOME"] || homedir(), ".claude");
  return { path: resolve(path), isOwn: false };
}

function read(command: "backup" | "restore", words: readonly string[]) {
  try {
    return parseArgs({
      args: [...words],
      options: { data: { type: "string" }, home: { type: "string" }, check: { type: "boolean" } },
      allowPositionals: true,
    });
  } catch {
    throw misused(command);
  }
}

function misused(command: "backup" | "restore"): CliError {
  const rest = command === "restore" ? " [--check]" : "";
  return new CliError("usage", `usage: ${command} [FILE] [--data DIR] [--home DIR]${rest}; - or no FILE is a pipe`);
}
