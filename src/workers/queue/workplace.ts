/** The directories that agents work in. */
import { chown, mkdir } from "node:fs/promises";
import type { Clock } from "../../core/clock.ts";
import type { RunAs } from "../../core/config.ts";
import { RemoteProcess } from "./agent-remote.ts";
import type { Launch } from "./agent-remote.ts";

/** A disk that does not answer must not hold a turn for ever. */
const MAKE_MS = 10_000;

/** The agents' user, and the supervisor's way to start a process under it. */
export interface Maker {
  readonly runAs: RunAs;
  readonly launch: Launch;
  readonly clock: Clock;
}

/**
 * A function that makes an agent's directory, as the agent's own user: what is to be the agent's must not need a right
 * over the files of others, nor follow, with our rights, a link that another agent laid there. `root` alone, which the
 * operator names, is made by us and handed over. `maker` undefined: the agents' user is our own.
 */
export function makeWorkplaces(root: string, maker: Maker | undefined): (path: string) => Promise<void> {
  return async (path) => {
    const made = await mkdir(root, { recursive: true });
    if (maker === undefined) {
      await mkdir(path, { recursive: true });
      return;
    }
    if (made !== undefined) await chown(root, maker.runAs.uid, maker.runAs.gid);
    await makeAs(path, maker);
  };
}

/**
 * By the supervisor: what this thread started itself nobody would reap if the thread died. With nothing of our
 * environment, which every process of that user may read, and which may stop ours for good.
 */
function makeAs(path: string, { runAs, launch, clock }: Maker): Promise<void> {
  const args = ["-p", "--", path];
  const making = new RemoteProcess(launch({ command: "mkdir", args, cwd: "/", env: {}, alone: true }));
  const cancel = clock.after(MAKE_MS, () => {
    making.kill("SIGKILL");
  });
  return new Promise<void>((resolve, reject) => {
    making.once("error", reject);
    making.once("exit", (code) => {
      if (code === 0) resolve();
      else reject(new Error(making.stderr.trim() || `mkdir under uid ${runAs.uid} failed`));
    });
  }).finally(cancel);
}
