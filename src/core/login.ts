import { spawnSync } from "node:child_process";
import { statSync } from "node:fs";
import { join } from "node:path";
import { errorCode } from "./errors.ts";

/**
 * Whether Claude Code is logged in where its configuration lies in `directory`. That may be closed to us, and open to the
 * user that agents run under alone: then that user is asked, with nothing of our environment, which every process of it
 * may read.
 */
export function hasLogin(
  directory: string,
  runAs: { readonly uid: number; readonly gid: number } | undefined,
): boolean {
  const path = join(directory, ".credentials.json");
  try {
    return statSync(path).isFile();
  } catch (error) {
    if (errorCode(error) !== "EACCES" || runAs === undefined) return false;
  }
  const options = { ...runAs, cwd: "/", env: {}, stdio: "ignore", timeout: 5_000, killSignal: "SIGKILL" } as const;
  return spawnSync("/bin/sh", ["-c", '[ -f "$0" ]', path], options).status === 0;
}
