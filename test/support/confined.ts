/** A process with the rights that compose.yaml leaves the bot's supervisor. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { needsProgram, needsRoot } from "./needs.ts";

/** Why it cannot be had here; false where it can. */
export const noConfinement: string | false = needsRoot("to give its rights away") || withoutSetpriv();
/** The same of one that only has no right over what is closed to it: any but root's is one. */
export const noBareUser: string | false = process.getuid?.() === 0 && withoutSetpriv();

/**
 * Runs a module's text as root without any right over the files of others, as container engines start it; resolves with
 * what it printed. Rejects with what it said when it fails.
 */
export async function runConfined(source: string, env: NodeJS.ProcessEnv = process.env): Promise<string> {
  const words = ["--bounding-set=-all,+setuid,+setgid,+kill", "--inh-caps=-all", "--no-new-privs", process.execPath];
  const { stdout } = await promisify(execFile)("setpriv", [...words, "--input-type=module", "-e", source], { env });
  return stdout.trim();
}

/** Runs a module's text as a user who has no right over what is closed to them, be we root or not. */
export async function runBare(source: string): Promise<string> {
  if (process.getuid?.() === 0) return runConfined(source);
  const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "-e", source]);
  return stdout.trim();
}

function withoutSetpriv(): string | false {
  return needsProgram("setpriv", "apt-get install util-linux");
}
