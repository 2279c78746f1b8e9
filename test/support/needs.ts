/** What a test needs of the machine it runs on. */
import { spawnSync } from "node:child_process";

/**
 * For a test's `skip`: false where the thing is there, else the reason, so that the test reads as not run. With CI=true
 * everything has to be there: it throws, and the file fails.
 */
export function needs(isThere: boolean, reason: string): string | false {
  if (isThere) return false;
  if (process.env["CI"] === "true") throw new Error(`${reason}: with CI=true no test may be left out`);
  return reason;
}

/** That a program can be started; `words` are for those that do not end by themselves. */
export function needsProgram(
  program: string,
  remedy: string,
  words: readonly string[] = ["--version"],
): string | false {
  const { error } = spawnSync(program, words, { stdio: "ignore" });
  return needs(error === undefined, `needs ${program}: ${remedy}`);
}

/** That a program does it, for what depends on rights and the kernel too. */
export function needsSuccess(words: readonly string[], reason: string): string | false {
  const [program = "", ...rest] = words;
  return needs(spawnSync(program, rest, { stdio: "ignore" }).status === 0, reason);
}

export function needsRoot(what: string): string | false {
  return needs(process.getuid?.() === 0, `needs root, ${what}`);
}

export function needsLinux(): string | false {
  return needs(process.platform === "linux", "needs Linux");
}
