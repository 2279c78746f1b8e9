/** The directories that agents work in. */
import { execFile } from "node:child_process";
import { chown, mkdir } from "node:fs/promises";
import type { RunAs } from "../../core/config.ts";

/**
 * A function that makes an agent's directory, as the agent's own user: what is to be the agent's must not need a right
 * over the files of others, nor follow, with our rights, a link that another agent laid there. `root` alone, which the
 * operator names, is made by us and handed over.
 */
export function makeWorkplaces(root: string, runAs: RunAs | undefined): (path: string) => Promise<void> {
  return async (path) => {
    const made = await mkdir(root, { recursive: true });
    if (runAs === undefined) {
      await mkdir(path, { recursive: true });
      return;
    }
    if (made !== undefined) await chown(root, runAs.uid, runAs.gid);
    await makeAs(path, runAs);
  };
}

/** With nothing of our environment, which every process of that user may read, and which may stop ours for good. */
function makeAs(path: string, runAs: RunAs): Promise<void> {
  const options = { ...runAs, cwd: "/", env: {}, timeout: 10_000, killSignal: "SIGKILL" } as const;
  return new Promise((resolve, reject) => {
    execFile("/bin/sh", ["-c", 'umask 022; exec mkdir -p -- "$0"', path], options, (error, _stdout, stderr) => {
      if (error === null) resolve();
      else reject(new Error(stderr.trim() || `mkdir under uid ${runAs.uid} failed`, { cause: error }));
    });
  });
}
