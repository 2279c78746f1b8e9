/** A process with the rights that compose.yaml leaves the bot's supervisor. */
import { execFile, spawnSync } from "node:child_process";
import { promisify } from "node:util";

/** Why it cannot be had here; false where it can. */
export const noConfinement: string | false = reason();

/**
 * Runs a module's text as root without any right over the files of others, as container engines start it; resolves with
 * what it printed. Rejects with what it said when it fails.
 */
export async function runConfined(source: string, env: NodeJS.ProcessEnv = process.env): Promise<string> {
  const words = ["--bounding-set=-all,+setuid,+setgid,+kill", "--inh-caps=-all", "--no-new-privs", process.execPath];
  const { stdout } = await promisify(execFile)("setpriv", [...words, "--input-type=module", "-e", source], { env });
  return stdout.trim();
}

function reason(): string | false {
  if (process.getuid?.() !== 0) return "needs root, to give its rights away";
  return spawnSync("setpriv", ["--version"]).status === 0 ? false : "needs setpriv, of util-linux";
}
